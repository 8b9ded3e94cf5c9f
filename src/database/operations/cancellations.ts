import { FINAL_STATUSES, type OperationKind, type OperationStatus } from '../../passes/operation.js';
import type { Sql, SystemSql } from '../connect.js';
import { sql } from '../sql.js';
import { isUnfinished, own, updateOwn, type RunRef } from './fragments.js';

/** Asks for an operation's end; the dispatcher passes it on. The status as it is now, or undefined. */
export async function requestCancellation(db: Sql, operationId: string): Promise<OperationStatus | undefined> {
  const [row] = await db.query<{ status: OperationStatus }>(sql`
    update operations
       set cancel_requested = cancel_requested or status <> all(${FINAL_STATUSES}::text[])
     where tenant_id = ${db.tenantId}
       and operation_id = ${operationId}
    returning status`);
  return row?.status;
}

export interface Cancellable extends RunRef {
  kind: OperationKind;
}

/**
 * Operations that are to be cancelled and whose run does not know it yet, in the order of their acceptance. Runs as the
 * system.
 */
export async function listCancellable(system: SystemSql, limit: number): Promise<Cancellable[]> {
  return system.query<Cancellable>(sql`
    select tenant_id as "tenantId", operation_id as "operationId", kind, run
      from operations
     where cancel_requested
       and ${isUnfinished()}
       and cancelled_run is distinct from run
       -- The steps of a burst see it themselves.
       and burst_id is null
     order by acceptance_sequence
     limit ${limit}`);
}

/** The run has been notified: a run past the point of no return is not notified again until it ends. */
export async function markCancelled(db: Sql, ref: RunRef): Promise<void> {
  await db.query(sql`with ${own(ref)} ${updateOwn(sql`cancelled_run = own.run`)}`);
}
