import type { BackfillProgress } from '../../passes/operation-input.js';
import { FINAL_STATUSES, type OperationStatus } from '../../passes/operation.js';
import { insertOrFindOperation } from '../operations/operations.js';
import type { Sql } from '../connect.js';
import { markStep } from '../operations/steps.js';
import { sql } from '../sql.js';

export interface BackfillRow {
  operation_id: string;
  status: OperationStatus;
  reason: string | null;
  detail: Partial<BackfillProgress> & { paused?: boolean };
  last_error: { code: string; message: string } | null;
}

/** The tenant's newest backfill, or undefined. */
export async function findBackfill(db: Sql): Promise<BackfillRow | undefined> {
  const [row] = await db.query<BackfillRow>(
    sql`
      select
        o.operation_id,
        o.status,
        o.reason,
        coalesce(s.detail, '{}') as detail,
        s.last_error
      from operations o left join operation_steps s on s.operation_id = o.operation_id and s.step = 'backfill'
      where o.tenant_id = ${db.tenantId} and o.kind = 'backfill'
      order by o.acceptance_sequence desc
      limit 1`,
  );
  return row;
}

const isUnderWay = (status: OperationStatus): boolean => !FINAL_STATUSES.includes(status);

/** Starts a backfill, or finds the one that is under way. */
export async function startBackfill(db: Sql): Promise<string> {
  const running = await findBackfill(db);
  if (running && isUnderWay(running.status)) return running.operation_id;
  const { operationId } = await insertOrFindOperation(db, {
    kind: 'backfill',
    origin: 'operator',
    input: {},
  });
  return operationId;
}

/** Pauses or resumes the tenant's backfill; false where none is under way. The running slice still ends. */
export async function pauseBackfill(db: Sql, paused: boolean): Promise<boolean> {
  const running = await findBackfill(db);
  if (!running || !isUnderWay(running.status)) return false;
  await markStep(db, { tenantId: db.tenantId, operationId: running.operation_id }, 'backfill', { paused });
  return true;
}
