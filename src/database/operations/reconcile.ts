import type { OperationKind } from '../../passes/operation.js';
import type { Sql, SystemSql } from '../connect.js';
import { sql } from '../sql.js';
import { own, updateOwn, type RunRef } from './fragments.js';
import { NEXT_RUN } from './next-run.js';

export interface UnderWay extends RunRef {
  kind: OperationKind;
  /** The burst that it is in, if any. */
  burstId: string | null;
}

/**
 * Takes up to `limit` operations that are under way and were neither started nor checked for `settledMs`, oldest
 * first; each comes again after `againMs`. Their `dispatch_after` keeps when that was. Runs as the system.
 */
export async function claimUnderWay(
  system: SystemSql,
  limit: number,
  times: { settledMs: number; againMs: number },
): Promise<UnderWay[]> {
  const { settledMs, againMs } = times;
  return system.query<UnderWay>(sql`
    update operations
       set dispatch_after = now() + ${againMs - settledMs}::double precision * interval '1 millisecond'
     where operation_id in (
             select operation_id
               from operations
              where status in ('running', 'retrying')
                and dispatch_after < now() - ${settledMs}::double precision * interval '1 millisecond'
              order by dispatch_after
              limit ${limit}
                for update skip locked)
    returning tenant_id as "tenantId", operation_id as "operationId", kind, run, burst_id as "burstId"`);
}

/** Makes the dispatcher start the same run again. False where it ended or was retried meanwhile. */
export async function startAnew(db: Sql, ref: RunRef): Promise<boolean> {
  const rows = await db.query(sql`
    with ${own(ref)}
    ${updateOwn(
      sql`status = 'accepted', dispatch_after = now(), dispatched_at = null`,
      sql`and own.status in ('running', 'retrying')`,
    )}
    returning operations.run`);
  return rows.length > 0;
}

/** Makes the dispatcher start the next run, as a retry does. False where this one ended or was retried meanwhile. */
export async function startNextRun(db: Sql, ref: RunRef): Promise<boolean> {
  const rows = await db.query(sql`
    with ${own(ref)}
    ${updateOwn(NEXT_RUN)}
    returning operations.run`);
  return rows.length > 0;
}
