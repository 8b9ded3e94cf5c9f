import type { Sql } from '../connect.js';
import { sql } from '../sql.js';

/** A job of profiles that Klaviyo may be working on. */
export interface OpenProfileJob {
  /** Null where Klaviyo's answer to it was lost. */
  jobId: string | null;
  /** Of a job of a backfill. */
  sentAt: Date | null;
}

/** The jobs with one of these passes that nobody has seen to the end: of a backfill, and of gathered write-backs. */
export async function listOpenProfileJobs(db: Sql, passIds: readonly string[]): Promise<OpenProfileJob[]> {
  return db.query<OpenProfileJob>(sql`
    select job_id as "jobId", sent_at as "sentAt"
      from backfill_jobs
     where tenant_id = ${db.tenantId}
       and pass_ids && ${passIds}::uuid[]
       and ended_at is null
     union
    select s.detail ->> 'job', null
      from operations o
      join operation_steps s on s.operation_id = o.operation_id
     where o.tenant_id = ${db.tenantId}
       and o.pass_id = any(${passIds}::uuid[])
       and s.step = 'write-back-profile'
       and s.detail ->> 'job' is not null`);
}
