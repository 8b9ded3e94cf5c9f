import type { TenantSettings } from '../../passes/tenant-settings.js';
import { deleteOldBackfillJobs } from './backfill-jobs.js';
import { deleteOldBursts } from '../bursts/burst-figures.js';
import type { Database, Sql } from '../connect.js';
import { deleteOldRefusals } from '../klaviyo/refused-deliveries.js';
import { forgetContents, isFinished } from '../operations/forget.js';
import { sql } from '../sql.js';
import { listTenants } from '../tenants/tenants.js';

export interface Aged {
  operations: number;
  deviceLogs: number;
  nonces: number;
}

/** Google repeats a callback for days at most. */
const NONCE_DAYS = 30;
/** As long as Temporal keeps their runs. */
const BURST_DAYS = 7;
/** As long as Klaviyo keeps a job. */
const BACKFILL_JOB_DAYS = 7;
const BATCH = 1_000;

/**
 * Empties the next operations of one tenant that are old enough and moves the mark; status and order stay for good. What
 * is not finished yet is marked as due, and emptied by a later sweep once it is.
 */
async function ageOperations(db: Sql, days: number): Promise<{ seen: number; emptied: number }> {
  const { tenantId } = db;
  const [row] = await db.query<{ seen: number; emptied: number }>(sql`
    with mark as (
      select coalesce((select aged_up_to from retention_marks where tenant_id = ${tenantId}), 0) as from_sequence
    ), batch as (
      select operation_id, acceptance_sequence, status
        from operations, mark
       where tenant_id = ${tenantId}
         and acceptance_sequence > from_sequence
         and accepted_at < now() - ${days}::int * interval '1 day'
       order by acceptance_sequence
       limit ${BATCH}
         -- Locked, so that the status read here is still true when the mark has moved on.
         for no key update of operations
    ), late as (
      select operation_id
        from operations
       where tenant_id = ${tenantId} and retention_due and forgotten_at is null and ${isFinished}
       order by acceptance_sequence
       limit ${BATCH}
    ), emptied as (
      update operations
         set ${forgetContents('aged')}
       where tenant_id = ${tenantId}
         and operation_id in (select operation_id from batch where ${isFinished} union all select operation_id from late)
         -- In the row as it is now: a retry may have started a late one since it was read.
         and ${isFinished}
         and forgotten_at is null
      returning 1
    ), due as (
      update operations
         set retention_due = true
       where tenant_id = ${tenantId}
         and operation_id in (select operation_id from batch where not ${isFinished})
    ), moved as (
      insert into retention_marks (tenant_id, aged_up_to)
      select ${tenantId}, max(acceptance_sequence) from batch having count(*) > 0
      on conflict (tenant_id) do update set aged_up_to = greatest(retention_marks.aged_up_to, excluded.aged_up_to)
    )
    select greatest((select count(*)::int from batch), (select count(*)::int from late)) as seen,
           (select count(*)::int from emptied) as emptied`);
  return row!;
}

async function ageDeviceLog(db: Sql, days: number): Promise<number> {
  const gone = await db.query(sql`
    delete from device_log
     where log_id in (
       select log_id
         from device_log
        where tenant_id = ${db.tenantId} and received_at < now() - ${days}::int * interval '1 day'
        order by received_at
        limit ${BATCH})
    returning 1`);
  return gone.length;
}

/** Empties what old messages said. Their rows stay: caps count them, and a cap may look back further. */
async function ageMessages(db: Sql, days: number): Promise<number> {
  const empty = JSON.stringify({ text: '', title: null, link: null });
  const emptied = await db.query(sql`
    update messages
       set content = ${empty}::jsonb
     where tenant_id = ${db.tenantId}
       and message_id in (
         select message_id
           from messages
          where tenant_id = ${db.tenantId}
            and claimed_at < now() - ${days}::int * interval '1 day'
            -- One that is still to be shown needs its text; one whose operation failed and was emptied never is.
            and (state <> 'claimed'
                 or exists (select from operations o
                             where o.tenant_id = messages.tenant_id
                               and o.operation_id = messages.message_id
                               and o.forgotten_at is not null))
            and content <> ${empty}::jsonb
          limit ${BATCH})
    returning 1`);
  return emptied.length;
}

/** Empties who was named by rows of old campaigns that will not be sent any more; what became of each stays. */
async function ageCampaigns(db: Sql, days: number): Promise<number> {
  const emptied = await db.query(sql`
    update campaign_rows r
       set identifiers = null,
           given = null
     where r.tenant_id = ${db.tenantId}
       and (r.campaign_id, r.row_number) in (
         select o.campaign_id, o.row_number
           from campaigns c
           join campaign_rows o using (campaign_id)
          where c.tenant_id = ${db.tenantId}
            and c.state not in ('running', 'paused')
            and coalesce(c.ended_at, c.created_at) < now() - ${days}::int * interval '1 day'
            and (o.identifiers is not null or o.given is not null)
          limit ${BATCH})
    returning 1`);
  return emptied.length;
}

async function ageTenant(
  database: Database,
  tenantId: string,
  retention: TenantSettings['retention'],
  signal?: AbortSignal,
): Promise<Omit<Aged, 'nonces'>> {
  const db = database.tenant(tenantId);
  const aged = { operations: 0, deviceLogs: 0 };
  for (let more = true; more && !signal?.aborted;) {
    const { seen, emptied } = await ageOperations(db, retention.operationDays);
    const logs = await ageDeviceLog(db, retention.deviceLogDays);
    aged.operations += emptied;
    const messages = await ageMessages(db, retention.operationDays);
    const campaigns = await ageCampaigns(db, retention.operationDays);
    aged.deviceLogs += logs;
    more = [seen, logs, messages, campaigns].includes(BATCH);
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
  const nonces = await database.system.query(sql`
    delete from google_callback_nonces where received_at < now() - ${NONCE_DAYS}::int * interval '1 day' returning 1`);
  total.nonces = nonces.length;
  await deleteOldBursts(database.system, BURST_DAYS);
  await deleteOldBackfillJobs(database.system, BACKFILL_JOB_DAYS);
  await deleteOldRefusals(database.system);
  return total;
}
