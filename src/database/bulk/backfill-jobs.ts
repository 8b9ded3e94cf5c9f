import { TransientError } from '../../common/errors.js';
import type { BackfillProgress } from '../../passes/operation-input.js';
import type { Sql, TenantSql } from '../connect.js';
import { isUnfinished, own, type RunRef } from '../operations/fragments.js';
import { noteProgress, runEnded } from '../operations/steps.js';
import { sql } from '../sql.js';

/** The job of profiles that a backfill has under way. */
export interface BackfillJob {
  operation_id: string;
  sent_at: Date;
  job_id: string | null;
  up_to: string;
  passes: number;
  pass_ids: string[];
  places: number[];
  digests: string[];
  ended_at: Date | null;
  overtaken: string[];
  alone: string[];
  named_up_to: string | null;
}

/** The tenant's job that is not settled yet, whichever backfill sent it. */
export async function findBackfillJob(db: Sql): Promise<BackfillJob | undefined> {
  const [row] = await db.query<BackfillJob>(sql`
    select operation_id, sent_at, job_id, up_to, passes, pass_ids, places, digests, ended_at, overtaken, alone, named_up_to
      from backfill_jobs
     where tenant_id = ${db.tenantId}`);
  return row;
}

/** What a job is to have in it; stored before it is sent. */
export interface PlannedJob {
  sentAt: Date;
  upTo: string;
  passes: number;
  passIds: readonly string[];
}

/**
 * Stores what is about to be sent: whoever comes after a crash knows that Klaviyo may have it.
 * @throws PermanentError `run-ended` where the backfill has ended; TransientError `backfill-busy` where another job is under way.
 */
export async function planBackfillJob(db: Sql, ref: RunRef, job: PlannedJob): Promise<void> {
  const [done] = await db.query<{ owned: boolean; planned: boolean }>(sql`
    with ${own(ref)},
    planned as (
      insert into backfill_jobs (tenant_id, operation_id, sent_at, up_to, passes, pass_ids)
      select tenant_id, operation_id, ${job.sentAt}, ${job.upTo}::uuid, ${job.passes}, ${job.passIds}::uuid[] from own
          on conflict do nothing
      returning 1
    )
    select exists (select from own) as owned, exists (select from planned) as planned`);
  if (!done!.owned) throw runEnded();
  if (!done!.planned) throw new TransientError('backfill-busy', 'Another job of the backfill is under way.');
}

/** Adds what the job says: it is read after the plan was stored, so that an erasure sees one or the other. */
export async function fillBackfillJob(
  db: Sql,
  sentAt: Date,
  filled: { passIds: readonly string[]; places: readonly number[]; digests: readonly string[] },
): Promise<void> {
  await db.query(sql`
    update backfill_jobs
       set pass_ids = ${filled.passIds}::uuid[],
           places = ${filled.places}::integer[],
           digests = ${filled.digests}::text[]
     where tenant_id = ${db.tenantId}
       and sent_at = ${sentAt}`);
}

/** Klaviyo has taken it. That is so, whatever has become of the backfill. */
export async function recordBackfillJob(db: Sql, sentAt: Date, jobId: string): Promise<void> {
  await db.query(sql`
    update backfill_jobs set job_id = ${jobId} where tenant_id = ${db.tenantId} and sent_at = ${sentAt}`);
}

/**
 * Klaviyo works on it no longer: what is left to do for its passes, and how far the backfill is with it. `taken`, given once,
 * are those with nothing to be written again.
 */
export async function endBackfillJob(
  db: TenantSql,
  ref: RunRef,
  job: Pick<BackfillJob, 'sent_at' | 'overtaken' | 'alone' | 'named_up_to'>,
  progress: BackfillProgress,
  taken: readonly string[] | null = null,
): Promise<void> {
  await db.transaction(async (within) => {
    await noteProgress(within, ref, 'backfill', { ...progress });
    await within.query(sql`
      update backfill_jobs
         set ended_at = coalesce(ended_at, now()),
             pass_ids = coalesce(${taken}::uuid[], pass_ids),
             overtaken = ${job.overtaken}::uuid[],
             alone = ${job.alone}::uuid[],
             named_up_to = ${job.named_up_to}::uuid
       where tenant_id = ${db.tenantId}
         and sent_at = ${job.sent_at}`);
  });
}

/** Nothing of it is open any more: the backfill has come as far as its progress says. */
export async function removeBackfillJob(
  db: TenantSql,
  ref: RunRef,
  sentAt: Date,
  progress: BackfillProgress,
): Promise<void> {
  await db.transaction(async (within) => {
    await noteProgress(within, ref, 'backfill', { ...progress });
    await forgetBackfillJob(within, sentAt);
  });
}

/** It was not sent, or belongs to a backfill that has ended: another one writes all of its passes. */
export async function forgetBackfillJob(db: Sql, sentAt: Date): Promise<void> {
  await db.query(sql`delete from backfill_jobs where tenant_id = ${db.tenantId} and sent_at = ${sentAt}`);
}

export interface UnnamedPass {
  pass_id: string;
  customer_id: string;
  serial_number: string;
  email: string | null;
  phone: string | null;
  external_customer_id: string | null;
  klaviyo_profile_id: null;
}

/** The next of these passes whose holder's profile has no id with us; by id. */
export async function listUnnamedPasses(
  db: Sql,
  passIds: readonly string[],
  after: string | null,
  limit: number,
): Promise<UnnamedPass[]> {
  return db.query<UnnamedPass>(sql`
    select p.pass_id, p.customer_id, p.serial_number, c.email, c.phone, c.external_customer_id, c.klaviyo_profile_id
      from passes p
      join customers c on c.tenant_id = p.tenant_id and c.customer_id = p.customer_id
     where p.tenant_id = ${db.tenantId}
       and p.pass_id = any(${passIds}::uuid[])
       and (${after}::uuid is null or p.pass_id > ${after})
       and c.klaviyo_profile_id is null
     order by p.pass_id
     limit ${limit}`);
}

/** Removes jobs that nobody settles any more, `days` after they were sent. Runs as the system. */
export async function deleteOldBackfillJobs(system: Sql, days: number): Promise<void> {
  await system.query(sql`
    delete from backfill_jobs j
     where sent_at < now() - ${days}::int * interval '1 day'
       and not exists (
         select from operations o
          where o.tenant_id = j.tenant_id and o.operation_id = j.operation_id and ${isUnfinished('o')})`);
}
