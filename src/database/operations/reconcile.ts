import type { OperationKind } from '../../passes/operation.js';
import type { Sql } from '../connect.js';
import type { OperationRef } from './steps.js';

export interface UnderWay extends OperationRef {
  kind: OperationKind;
  run: number;
}

/**
 * Takes up to `limit` operations that are under way and were neither started nor looked at for `settledMs`, oldest
 * first; each comes again after `againMs`. Their `dispatch_after` keeps when that was. Runs as the system.
 */
export async function claimUnderWay(
  system: Sql,
  limit: number,
  times: { settledMs: number; againMs: number },
): Promise<UnderWay[]> {
  return system.query<UnderWay>(
    `update operations set dispatch_after = now() + ($3::double precision - $2::double precision) * interval '1 millisecond'
      where operation_id in (
        select operation_id from operations
         where status in ('running', 'retrying') and dispatch_after < now() - $2::double precision * interval '1 millisecond'
         order by dispatch_after limit $1 for update skip locked)
      returning tenant_id as "tenantId", operation_id as "operationId", kind, run`,
    [limit, times.settledMs, times.againMs],
  );
}

/** Makes the dispatcher start the same run anew. False where it ended or was retried meanwhile. */
export async function startAnew(sql: Sql, { tenantId, operationId, run }: UnderWay): Promise<boolean> {
  const rows = await sql.query(
    `update operations set status = 'accepted', dispatch_after = now(), dispatched_at = null
      where tenant_id = $1 and operation_id = $2 and run = $3 and status in ('running', 'retrying') returning run`,
    [tenantId, operationId, run],
  );
  return rows.length > 0;
}
