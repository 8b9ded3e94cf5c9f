import type { Environment } from '../../common/environment.js';
import type { JsonValue } from '../../common/json.js';
import type { Sql } from '../connect.js';
import { LOST_MINUTES } from './claim-deliveries.js';

export type DeliveryStatus = 'accepted' | 'delivering' | 'retrying' | 'delivered' | 'exhausted' | 'cancelled';
/** How an attempt leaves its delivery. */
export type DeliveryEnd = Exclude<DeliveryStatus, 'accepted' | 'delivering'>;

export interface SealedWebhookSecret {
  key_id: string;
  /** Base64. */
  ciphertext: string;
}

export interface LoadedDelivery {
  delivery_id: string;
  status: DeliveryStatus;
  run: number;
  endpoint_id: string;
  endpoint_state: 'enabled' | 'disabled';
  /** Its last attempts failed. */
  failing: boolean;
  url: string;
  environment: Environment;
  event_id: string;
  type: string;
  payload: Record<string, JsonValue>;
  created_at: Date;
  /** Newest first. */
  secrets: SealedWebhookSecret[];
}

/** A delivery with its event, its endpoint and the secrets valid now, in one round trip. */
export async function loadDelivery(
  sql: Sql,
  tenantId: string,
  deliveryId: string,
): Promise<LoadedDelivery | undefined> {
  const [row] = await sql.query<LoadedDelivery>(
    `select d.delivery_id, d.status, d.run, d.endpoint_id, w.state as endpoint_state,
            w.failing_since is not null as failing, w.url, t.environment,
            e.event_id, e.type, e.payload, e.created_at,
            coalesce((select jsonb_agg(jsonb_build_object('key_id', s.key_id, 'ciphertext', encode(s.ciphertext, 'base64')) order by s.created_at desc)
                        from webhook_secrets s where s.endpoint_id = d.endpoint_id and (s.expires_at is null or s.expires_at > now())), '[]') as secrets
       from deliveries d
       join webhook_endpoints w on w.endpoint_id = d.endpoint_id
       join events e on e.event_id = d.event_id
       join tenants t on t.tenant_id = d.tenant_id
      where d.tenant_id = $1 and d.delivery_id = $2`,
    [tenantId, deliveryId],
  );
  return row;
}

/** An endpoint that fails for this long without one success is switched off. */
const FAILING_DAYS = 5;

export interface AttemptRecord {
  tenantId: string;
  deliveryId: string;
  run: number;
  status: DeliveryEnd;
  /** Null where nothing was sent. */
  answer: { status: number | null; error: string | null; durationMs: number; excerpt: string | null } | null;
  nextAttemptAt: Date | null;
  now: Date;
  /** Switches the endpoint off, with this reason. */
  disable?: string;
}

/** Writes an attempt into the log, and what it means for delivery and endpoint: all or nothing. */
export async function recordAttempt(sql: Sql, record: AttemptRecord): Promise<void> {
  await sql.query(
    `with delivery as (
       update deliveries set status = $4, attempts = attempts + case when $5::boolean then 1 else 0 end, next_attempt_at = $6,
              ended_at = case when $4 = 'retrying' then null else $7::timestamptz end
        where tenant_id = $1 and delivery_id = $2 and run = $3
       returning delivery_id, endpoint_id, attempts
     ), attempt as (
       insert into delivery_attempts (tenant_id, delivery_id, attempt, at, status, error, duration_ms, response_excerpt)
       select $1, delivery_id, attempts, $7, $8::integer, $9::text, $10::integer, $11::text from delivery where $5
     )
     update webhook_endpoints w set
            failing_since = case when $4 = 'delivered' then null when $5 then coalesce(w.failing_since, $7) else w.failing_since end,
            state = case when ${OFF} then 'disabled' else w.state end,
            disabled_reason = case when w.state = 'disabled' then w.disabled_reason when $12::text is not null then $12
                                   when ${OFF} then 'Every delivery failed for ${FAILING_DAYS} days.' else w.disabled_reason end,
            disabled_at = case when ${OFF} then coalesce(w.disabled_at, $7) else w.disabled_at end,
            updated_at = case when ${OFF} then now() else w.updated_at end
       from delivery d
      where w.endpoint_id = d.endpoint_id and ($5 and ($4 <> 'delivered' or w.failing_since is not null))`,
    [
      record.tenantId,
      record.deliveryId,
      record.run,
      record.status,
      record.answer !== null,
      record.nextAttemptAt,
      record.now,
      record.answer?.status ?? null,
      record.answer?.error ?? null,
      record.answer?.durationMs ?? null,
      record.answer?.excerpt ?? null,
      record.disable ?? null,
    ],
  );
}

const OFF = `($12::text is not null or ($4 <> 'delivered' and w.failing_since <= $7::timestamptz - interval '${FAILING_DAYS} days'))`;

export interface DeliveryRow {
  delivery_id: string;
  endpoint_id: string;
  event_id: string;
  type: string;
  status: DeliveryStatus;
  run: number;
  attempts: number;
  next_attempt_at: Date | null;
  created_at: Date;
  ended_at: Date | null;
  log: {
    attempt: number;
    at: string;
    status: number | null;
    error: string | null;
    durationMs: number;
    excerpt: string | null;
  }[];
}

/** The delivery log, newest first, each with its attempts. `before` is the last row of the page before. */
export async function listDeliveries(
  sql: Sql,
  tenantId: string,
  filter: { endpointId?: string; status?: string; before?: { at: Date; id: string }; limit: number },
): Promise<DeliveryRow[]> {
  return sql.query<DeliveryRow>(
    `select d.delivery_id, d.endpoint_id, d.event_id, e.type, d.status, d.run, d.attempts, d.next_attempt_at, d.created_at, d.ended_at,
            coalesce((select jsonb_agg(jsonb_build_object('attempt', a.attempt, 'at', a.at, 'status', a.status, 'error', a.error,
                        'durationMs', a.duration_ms, 'excerpt', a.response_excerpt) order by a.attempt)
                        from delivery_attempts a where a.delivery_id = d.delivery_id), '[]') as log
       from deliveries d join events e on e.event_id = d.event_id
      where d.tenant_id = $1 and ($2::uuid is null or d.endpoint_id = $2) and ($3::text is null or d.status = $3)
        and ($4::timestamptz is null or (date_trunc('milliseconds', d.created_at), d.delivery_id) < ($4, $5::uuid))
      order by date_trunc('milliseconds', d.created_at) desc, d.delivery_id desc limit $6`,
    [
      tenantId,
      filter.endpointId ?? null,
      filter.status ?? null,
      filter.before?.at ?? null,
      filter.before?.id ?? null,
      filter.limit,
    ],
  );
}

const LOST = `(status = 'delivering' and dispatch_after < now() - interval '${LOST_MINUTES} minutes')`;
const AGAIN = `status = 'accepted', run = run + 1, dispatch_after = now(), next_attempt_at = null, ended_at = null`;

/**
 * Delivers one event again from the start of the schedule. `endpoint-off`: it would be cancelled at once, save a test
 * event; `not-ended`: it does not exist or is still on its way.
 */
export async function redeliver(
  sql: Sql,
  tenantId: string,
  deliveryId: string,
): Promise<'again' | 'endpoint-off' | 'not-ended'> {
  const [row] = await sql.query<{ again: boolean; off: boolean }>(
    `with off as (
       select from deliveries d
         join webhook_endpoints w on w.endpoint_id = d.endpoint_id and w.state = 'disabled'
         join events e on e.event_id = d.event_id and e.type <> 'webhook.test'
        where d.tenant_id = $1 and d.delivery_id = $2
     ), again as (
       update deliveries set ${AGAIN} where tenant_id = $1 and delivery_id = $2 and not exists (select from off)
          and (status in ('delivered', 'exhausted', 'cancelled', 'retrying') or ${LOST}) returning delivery_id
     )
     select exists (select from again) as again, exists (select from off) as off`,
    [tenantId, deliveryId],
  );
  return row!.again ? 'again' : row!.off ? 'endpoint-off' : 'not-ended';
}

/** Delivers everything again that an endpoint did not take. Returns how many. */
export async function redeliverFailed(sql: Sql, tenantId: string, endpointId: string): Promise<number> {
  const rows = await sql.query(
    `update deliveries set ${AGAIN} where tenant_id = $1 and endpoint_id = $2
        and (status in ('exhausted', 'cancelled') or ${LOST}) returning delivery_id`,
    [tenantId, endpointId],
  );
  return rows.length;
}
