import type { Sql, TenantSql } from '../connect.js';
import type { SealedWebhookSecret } from './deliveries.js';
import { webhookSecretContext, type SecretBox } from '../secret-box.js';
import { sql } from '../sql.js';

export interface EndpointRow {
  endpoint_id: string;
  url: string;
  event_types: string[];
  state: 'enabled' | 'disabled';
  disabled_reason: string | null;
  disabled_at: Date | null;
  failing_since: Date | null;
  created_at: Date;
  updated_at: Date;
}

const COLUMNS = sql`endpoint_id, url, event_types, state, disabled_reason, disabled_at, failing_since, created_at, updated_at`;

/** Makes an endpoint with its first secret; undefined where the tenant has `atMost` already. */
export async function createEndpoint(
  db: TenantSql,
  endpoint: { tenantId: string; url: string; eventTypes: readonly string[]; secret: string; atMost: number },
  box: SecretBox,
): Promise<EndpointRow | undefined> {
  return db.transaction(async (tx) => {
    // Requests of one tenant count one after the other.
    await tx.query(sql`select pg_advisory_xact_lock(hashtextextended(${`webhook-endpoints/${endpoint.tenantId}`}, 0))`);
    const [row] = await tx.query<EndpointRow>(sql`
      insert into webhook_endpoints (tenant_id, url, event_types)
      select ${endpoint.tenantId}, ${endpoint.url}, ${endpoint.eventTypes}::text[]
      where (select count(*) from webhook_endpoints where tenant_id = ${endpoint.tenantId}) < ${endpoint.atMost}
      returning ${COLUMNS}`);
    if (!row) return undefined;
    await insertSecret(tx, row!.endpoint_id, endpoint.secret, box);
    return row!;
  });
}

async function insertSecret(db: Sql, endpointId: string, secret: string, box: SecretBox) {
  const sealed = box.seal(secret, webhookSecretContext(db.tenantId, endpointId));
  await db.query(
    sql`
      insert into webhook_secrets (tenant_id, endpoint_id, key_id, ciphertext, created_at)
      values (${db.tenantId}, ${endpointId}, ${sealed.keyId}, ${sealed.ciphertext}, clock_timestamp())`,
  );
}

/**
 * Adds a secret; the ones before stay valid until `oldUntil`, so that the receiver can change over. False where the
 * endpoint is gone.
 */
export async function rotateSecret(
  db: TenantSql,
  rotation: { tenantId: string; endpointId: string; secret: string; oldUntil: Date },
  box: SecretBox,
): Promise<boolean> {
  const { tenantId, endpointId } = rotation;
  return db.transaction(async (tx) => {
    // Rotations of one endpoint take turns: each ends the secret of the one before it.
    const known = await tx.query(
      sql`select from webhook_endpoints where tenant_id = ${tenantId} and endpoint_id = ${endpointId} for update`,
    );
    if (known.length === 0) return false;
    await tx.query(
      sql`
        delete from webhook_secrets
        where tenant_id = ${tenantId} and endpoint_id = ${endpointId} and expires_at <= now()`,
    );
    await tx.query(
      sql`
        update webhook_secrets
        set expires_at = least(coalesce(expires_at, ${rotation.oldUntil}), ${rotation.oldUntil}::timestamptz)
        where tenant_id = ${tenantId} and endpoint_id = ${endpointId}`,
    );
    await insertSecret(tx, endpointId, rotation.secret, box);
    return true;
  });
}

/** Opens the secrets of an endpoint as `loadDelivery` returns them. */
export const openWebhookSecrets =
  (box: SecretBox) =>
  (tenantId: string, endpointId: string, sealed: readonly SealedWebhookSecret[]): string[] =>
    sealed.map(({ key_id, ciphertext }) =>
      box
        .open(
          { keyId: key_id, ciphertext: Buffer.from(ciphertext, 'base64') },
          webhookSecretContext(tenantId, endpointId),
        )
        .toString('utf8'),
    );

/** The endpoints of a tenant, oldest first. */
export async function listEndpoints(db: Sql): Promise<EndpointRow[]> {
  return db.query<EndpointRow>(
    sql`select ${COLUMNS} from webhook_endpoints where tenant_id = ${db.tenantId} order by created_at, endpoint_id`,
  );
}

/** An endpoint in trouble, with what a delivery that is tried again met last; null where none is. */
export interface TroubledEndpointRow extends EndpointRow {
  last: { status: number | null; error: string | null } | null;
}

/** The endpoints of a tenant that are switched off, or whose last attempt failed. */
export async function listTroubledEndpoints(db: Sql): Promise<TroubledEndpointRow[]> {
  return db.query<TroubledEndpointRow>(
    sql`select ${COLUMNS}, (
          select jsonb_build_object('status', a.status, 'error', a.error)
            from (select d.delivery_id
                    from deliveries d
                   where d.tenant_id = ${db.tenantId} and d.endpoint_id = w.endpoint_id and d.status = 'retrying'
                   limit 1) tried
            join delivery_attempts a using (delivery_id)
           order by a.attempt desc
           limit 1) as last
      from webhook_endpoints w
      where tenant_id = ${db.tenantId} and (state = 'disabled' or failing_since is not null)
      order by state, coalesce(disabled_at, failing_since), endpoint_id`,
  );
}

/** One endpoint, or undefined. */
export async function getEndpoint(db: Sql, endpointId: string): Promise<EndpointRow | undefined> {
  const [row] = await db.query<EndpointRow>(
    sql`select ${COLUMNS} from webhook_endpoints where tenant_id = ${db.tenantId} and endpoint_id = ${endpointId}`,
  );
  return row;
}

/** Changes what is given; `enable` also forgets that it failed. Undefined where there is no such endpoint. */
export async function updateEndpoint(
  db: Sql,
  endpointId: string,
  change: { url?: string | undefined; eventTypes?: readonly string[] | undefined; enable?: boolean },
): Promise<EndpointRow | undefined> {
  const [row] = await db.query<EndpointRow>(
    sql`
      update webhook_endpoints
      set
        url = coalesce(${change.url ?? null}, url),
        event_types = coalesce(${change.eventTypes ?? null}, event_types),
        updated_at = now(),
        state = case
          when ${change.enable ?? false} then 'enabled'
          else state
        end,
        disabled_reason = case
          when ${change.enable ?? false} then null
          else disabled_reason
        end,
        disabled_at = case
          when ${change.enable ?? false} then null
          else disabled_at
        end,
        failing_since = case
          when ${change.enable ?? false} then null
          else failing_since
        end
      where tenant_id = ${db.tenantId} and endpoint_id = ${endpointId}
      returning ${COLUMNS}`,
  );
  return row;
}

/** Deletes an endpoint with its secrets and its log; false where there was none. */
export async function deleteEndpoint(db: Sql, endpointId: string): Promise<boolean> {
  const rows = await db.query(
    sql`
      delete from webhook_endpoints
      where tenant_id = ${db.tenantId} and endpoint_id = ${endpointId}
      returning endpoint_id`,
  );
  return rows.length > 0;
}

/** Makes a test event for one endpoint alone; it has no place in the stream. Returns the delivery's id. */
export async function createTestDelivery(
  db: Sql,
  test: { tenantId: string; endpointId: string; eventId: string; deliveryId: string; type: string },
): Promise<void> {
  await db.query(
    sql`
      with
        event as (
          insert into events (event_id, tenant_id, type, payload, fanned_out)
          values (${test.eventId}, ${test.tenantId}, ${test.type}, '{"origin": "operator"}', true)
          returning event_id
        )
      insert into deliveries (delivery_id, tenant_id, endpoint_id, event_id)
      select ${test.deliveryId}, ${test.tenantId}, ${test.endpointId}, event_id
      from event`,
  );
}
