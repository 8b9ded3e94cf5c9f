import { FINAL_STATUSES, type OperationStatus } from '../../passes/operation.js';
import type { Sql } from '../connect.js';
import type { OperationRef } from './steps.js';

/** Asks for an operation's end; the dispatcher passes it on. The status as it is now, or undefined. */
export async function requestCancellation(
  sql: Sql,
  tenantId: string,
  operationId: string,
): Promise<OperationStatus | undefined> {
  const [row] = await sql.query<{ status: OperationStatus }>(
    `update operations set cancel_requested = cancel_requested or status <> all($3::text[])
      where tenant_id = $1 and operation_id = $2 returning status`,
    [tenantId, operationId, FINAL_STATUSES],
  );
  return row?.status;
}

export interface Cancellable extends OperationRef {
  kind: string;
  run: number;
}

/** Operations whose end was asked for and has not come. Runs as the system. */
export async function listCancellable(system: Sql, limit: number): Promise<Cancellable[]> {
  return system.query<Cancellable>(
    `select tenant_id as "tenantId", operation_id as "operationId", kind, run from operations
      where cancel_requested and status in ('accepted', 'running', 'retrying') limit $1`,
    [limit],
  );
}
