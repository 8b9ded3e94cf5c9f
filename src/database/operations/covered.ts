import type { RecordedOutcome } from '../../passes/operation.js';
import type { Sql } from '../connect.js';
import { sql } from '../sql.js';
import { endOperation, isUnfinished, own, type OperationRef, type RunRef } from './fragments.js';
import { NEXT_RUN } from './next-run.js';

/**
 * Ends an operation as superseded by a later one that brings at least the same. Undefined where the later one has ended
 * meanwhile: nobody may rely on it. The lock keeps it from ending until this is committed.
 */
export async function endAsCovered(db: Sql, ref: RunRef, by: string): Promise<RecordedOutcome | undefined> {
  const reason = `A later sync of the same customer covers this one: ${by}.`;
  const [ended] = await db.query<{ outcome: RecordedOutcome }>(sql`
    with covering as materialized (
      select operation_id
        from operations
       where tenant_id = ${ref.tenantId}
         and operation_id = ${by}::uuid
         and ${isUnfinished()}
         and not cancel_requested
         for share
    ),
    ${own(ref)},
    ended as (${endOperation(
      { status: 'succeeded', outcome: 'superseded', reason },
      sql`and exists (select from covering)`,
    )})
    select outcome from ended`);
  return ended?.outcome;
}

/** Runs those again that ended as superseded by an operation that has ended without effect. */
export async function restartCovered(db: Sql, { tenantId, operationId }: OperationRef): Promise<void> {
  await db.query(sql`
    update operations
       set ${NEXT_RUN}
     where tenant_id = ${tenantId}
       and operation_id in (
             select s.operation_id
               from operation_steps s
              where s.tenant_id = ${tenantId}
                and s.step = 'find-customer'
                and s.detail ->> 'coveredBy' = ${operationId}::text)
       and run = 1
       and status = 'succeeded'
       and outcome = 'superseded'
       and forgotten_at is null`);
}
