import type { Sql } from '../connect.js';
import type { OperationKind, Step } from '../../passes/operation.js';
import { empty, sql, type Statement } from '../sql.js';
import { operationsOf, type BurstRef } from './burst-steps.js';
import { notDone } from './changes.js';

/** An operation of a gathering that a step of write-back is to be made for. */
export interface UnwrittenOperation {
  operationId: string;
  passId: string;
  kind: OperationKind;
  run: number;
  /** When it was accepted; a message may have waited for days, and is as fresh as the moment that it was sent. */
  happenedAt: Date;
  changedFields: string[] | null;
  /** What the step has noted: the job that has it, and its place there. */
  detail: { job?: string | null; place?: number; version?: string; rounds?: number };
}

const unwritten = (ref: BurstRef, step: Step, only: Statement): Statement => sql`
  select o.operation_id as "operationId",
         o.pass_id as "passId",
         o.kind,
         o.run,
         coalesce(m.sent_at, o.accepted_at) as "happenedAt",
         o.changed_fields as "changedFields",
         coalesce(s.detail, '{}') as detail
    from ${operationsOf(ref)}
    left join messages m on m.tenant_id = o.tenant_id and m.message_id = o.operation_id
    left join operation_steps s
      on s.operation_id = o.operation_id and s.step = ${step} and s.detail ->> 'bulk' = ${ref.burstId}
   where o.status = 'running'
     and o.pass_id is not null
     and ${notDone(step)}
     ${only}
   order by o.acceptance_sequence`;

/** Operations whose step is not done and is in no job, while the step before it is; the oldest first. */
export async function loadUnwritten(
  tenant: Sql,
  ref: BurstRef,
  step: Step,
  after: Step,
  limit: number,
): Promise<UnwrittenOperation[]> {
  const only = sql`and s.detail ->> 'job' is null and not ${notDone(after)}`;
  return tenant.query<UnwrittenOperation>(sql`${unwritten(ref, step, only)} limit ${limit}`);
}

/** Operations whose profiles lie in a job that is not known to have ended. */
export async function loadInJobs(tenant: Sql, ref: BurstRef, job?: string): Promise<UnwrittenOperation[]> {
  const only = sql`and s.detail ->> 'job' is not null ${job === undefined ? empty : sql`and s.detail ->> 'job' = ${job}`}`;
  return tenant.query<UnwrittenOperation>(unwritten(ref, 'write-back-profile', only));
}
