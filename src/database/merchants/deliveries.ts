import type { Environment } from '../../common/environment.js';
import type { JsonValue } from '../../common/json.js';
import type { Sql } from '../connect.js';
import { sql } from '../sql.js';

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
export async function loadDelivery(db: Sql, deliveryId: string): Promise<LoadedDelivery | undefined> {
  const [row] = await db.query<LoadedDelivery>(
    sql`
      select
        d.delivery_id,
        d.status,
        d.run,
        d.endpoint_id,
        w.state as endpoint_state,
        w.failing_since is not null as failing,
        w.url,
        t.environment,
        e.event_id,
        e.type,
        e.payload,
        e.created_at,
        coalesce(
          (
            select
              jsonb_agg(
                jsonb_build_object('key_id', s.key_id, 'ciphertext', encode(s.ciphertext, 'base64'))
                order by s.created_at desc
              )
            from webhook_secrets s
            where s.endpoint_id = d.endpoint_id
              and (s.expires_at is null or s.expires_at > now())
          ),
          '[]'
        ) as secrets
      from deliveries d
        join webhook_endpoints w on w.endpoint_id = d.endpoint_id
        join events e on e.event_id = d.event_id
        join tenants t on t.tenant_id = d.tenant_id
      where d.tenant_id = ${db.tenantId} and d.delivery_id = ${deliveryId}`,
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
export async function recordAttempt(db: Sql, record: AttemptRecord): Promise<void> {
  const disable = record.disable ?? null;
  const attempted = record.answer !== null;
  const off = sql`(
          ${disable}::text is not null
          or (
            ${record.status}::text <> 'delivered'
            and w.failing_since <= ${record.now}::timestamptz - ${FAILING_DAYS}::int * interval '1 day'
          )
        )`;
  await db.query(
    sql`
      with
        delivery as (
          update deliveries
          set
            status = ${record.status},
            attempts = attempts + case
              when ${attempted}::boolean then 1
              else 0
            end,
            next_attempt_at = ${record.nextAttemptAt},
            ended_at = case
              when ${record.status} = 'retrying' then null
              else ${record.now}::timestamptz
            end
          where tenant_id = ${record.tenantId} and delivery_id = ${record.deliveryId} and run = ${record.run}
          returning delivery_id, endpoint_id, attempts
        ),
        attempt as (
          insert into delivery_attempts (tenant_id, delivery_id, attempt, at, status, error, duration_ms, response_excerpt)
          select
            ${record.tenantId},
            delivery_id,
            attempts,
            ${record.now},
            ${record.answer?.status ?? null}::integer,
            ${record.answer?.error ?? null}::text,
            ${record.answer?.durationMs ?? null}::integer,
            ${record.answer?.excerpt ?? null}::text
          from delivery
          where ${attempted}
        )
      update webhook_endpoints w
      set
        failing_since = case
          when ${record.status} = 'delivered' then null
          when ${attempted} then coalesce(w.failing_since, ${record.now})
          else w.failing_since
        end,
        state = case
          when ${off} then 'disabled'
          else w.state
        end,
        disabled_reason = case
          when w.state = 'disabled' then w.disabled_reason
          when ${disable}::text is not null then ${disable}
          when ${off} then ${`Every delivery failed for ${FAILING_DAYS} days.`}::text
          else w.disabled_reason
        end,
        disabled_at = case
          when ${off} then coalesce(w.disabled_at, ${record.now})
          else w.disabled_at
        end,
        updated_at = case
          when ${off} then now()
          else w.updated_at
        end
      from delivery d
      where w.endpoint_id = d.endpoint_id
        and (${attempted} and (${record.status} <> 'delivered' or w.failing_since is not null))`,
  );
}
