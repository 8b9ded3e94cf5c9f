import type { z } from 'zod';
import { listDeviceResults } from '../../database/operations/device-results.js';
import { findOperation, listSteps } from '../../database/operations/operations.js';
import { findSerialNumbers } from '../../database/passes/pass-lookup.js';
import { ApiError } from '../problems.js';
import type { ApiDeps } from '../route.js';
import { presentOperation, type operationView } from './present-operation.js';

export const unknownOperation = (): ApiError =>
  new ApiError('not-found', 'No operation with this correlation id exists for this tenant.');

/** One operation with its steps and the result for each device; undefined where the tenant has none of this id. */
export async function findOperationView(
  deps: ApiDeps,
  tenantId: string,
  correlationId: string,
): Promise<z.output<typeof operationView> | undefined> {
  const sql = deps.database.tenant(tenantId);
  const row = await findOperation(sql, correlationId);
  if (!row) return undefined;
  const [steps, serials] = await Promise.all([
    listSteps(sql, row.operation_id),
    findSerialNumbers(sql, row.pass_id ? [row.pass_id] : []),
  ]);
  // After the steps: beside one that has ended, no device may stand as it was before.
  const devices = await listDeviceResults(sql, row.operation_id);
  return presentOperation(deps, row, serials, steps, devices);
}
