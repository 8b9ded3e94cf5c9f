import { requestCancellation } from '../database/operations/cancellations.js';
import { findOperation } from '../database/operations/operations.js';
import { FINAL_STATUSES, type OperationKind } from '../passes/operation.js';
import { withinDeadline } from './deadline.js';
import type { ApiDeps } from './route.js';

/**
 * Asks for the end of an operation that is to bring a message or an offer to a pass and has not come so far. False where no such
 * operation is under way for the pass.
 */
export async function cancelHeld(
  deps: ApiDeps,
  tenantId: string,
  held: { operationId: string; kind: OperationKind; passId: string },
): Promise<boolean> {
  const db = deps.database.tenant(tenantId);
  const operation = await withinDeadline(findOperation(db, held.operationId));
  if (operation?.kind !== held.kind || (operation.pass_id ?? operation.input['passId']) !== held.passId) return false;
  const status = await requestCancellation(db, held.operationId);
  return status !== undefined && !FINAL_STATUSES.includes(status);
}
