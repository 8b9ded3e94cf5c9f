import type { TenantSettings } from '../../passes/tenant-settings.js';
import type { Database, Sql } from '../connect.js';
import { listTenants } from '../tenants/tenants.js';

export interface Aged {
  operations: number;
  deviceLogs: number;
  nonces: number;
}

/** Google repeats a callback for days at most. */
const NONCE_DAYS = 30;
const BATCH = 1_000;

/** Empties the next operations of one tenant that are old enough and moves the mark; status and order stay for good. */
async function ageOperations(sql: Sql, tenantId: string, days: number): Promise<{ seen: number; emptied: number }> {
  const [row] = await sql.query<{ seen: number; emptied: number }>(
    `with mark as (
       select coalesce((select aged_up_to from retention_marks where tenant_id = $1), 0) as from_sequence
     ), batch as (
       select operation_id, acceptance_sequence, status from operations, mark
        where tenant_id = $1 and acceptance_sequence > from_sequence and accepted_at < now() - $2 * interval '1 day'
        order by acceptance_sequence limit $3
     ), emptied as (
       update operations set input = '{}', repairs = '[]', response = null, body_hash = null,
              idempotency_key = case when idempotency_key is null then null else 'aged/' || operation_id end
        where tenant_id = $1 and operation_id in (
          select operation_id from batch where status in ('succeeded', 'failed', 'cancelled'))
       returning 1
     ), moved as (
       insert into retention_marks (tenant_id, aged_up_to)
       select $1, max(acceptance_sequence) from batch having count(*) > 0
       on conflict (tenant_id) do update set aged_up_to = greatest(retention_marks.aged_up_to, excluded.aged_up_to)
     )
     select (select count(*)::int from batch) as seen, (select count(*)::int from emptied) as emptied`,
    [tenantId, days, BATCH],
  );
  return row!;
}

async function ageDeviceLog(sql: Sql, tenantId: string, days: number): Promise<number> {
  const gone = await sql.query(
    `delete from device_log where log_id in (
       select log_id from device_log where tenant_id = $1 and received_at < now() - $2 * interval '1 day'
        order by received_at limit $3)
     returning 1`,
    [tenantId, days, BATCH],
  );
  return gone.length;
}

async function ageTenant(
  database: Database,
  tenantId: string,
  retention: TenantSettings['retention'],
  signal?: AbortSignal,
): Promise<Omit<Aged, 'nonces'>> {
  const sql = database.tenant(tenantId);
  const aged = { operations: 0, deviceLogs: 0 };
  for (let more = true; more && !signal?.aborted;) {
    const { seen, emptied } = await ageOperations(sql, tenantId, retention.operationDays);
    const logs = await ageDeviceLog(sql, tenantId, retention.deviceLogDays);
    aged.operations += emptied;
    aged.deviceLogs += logs;
    more = seen === BATCH || logs === BATCH;
  }
  return aged;
}

/**
 * Empties what operations said (input, repairs, answer, idempotency key) and removes device logs beyond each tenant's
 * retention, in small batches. Any number of processes may run it at once: each row changes once.
 */
export async function runRetention(database: Database, signal?: AbortSignal): Promise<Aged> {
  const total: Aged = { operations: 0, deviceLogs: 0, nonces: 0 };
  for (const { tenantId, settings } of await listTenants(database.system)) {
    const aged = await ageTenant(database, tenantId, settings.retention, signal);
    total.operations += aged.operations;
    total.deviceLogs += aged.deviceLogs;
  }
  const nonces = await database.system.query(
    `delete from google_callback_nonces where received_at < now() - ${NONCE_DAYS} * interval '1 day' returning 1`,
  );
  total.nonces = nonces.length;
  return total;
}
