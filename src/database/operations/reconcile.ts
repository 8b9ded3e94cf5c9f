import type { OperationKind } from '../../passes/operation.js';
import type { Sql, SystemSql } from '../connect.js';
import { sql } from '../sql.js';
import { takeUnderWay, type ComparisonTimes } from '../under-way.js';
import { own, updateOwn, type RunRef } from './fragments.js';
import { NEXT_RUN } from './next-run.js';

export interface UnderWay extends RunRef {
  kind: OperationKind;
  /** The burst that it is in, if any. */
  burstId: string | null;
}

/** Takes up to `limit` operations that were started and not compared for a while. */
export async function claimUnderWay(system: SystemSql, limit: number, times: ComparisonTimes): Promise<UnderWay[]> {
  return system.query<UnderWay>(sql`
    ${takeUnderWay('operations', limit, times)}
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
