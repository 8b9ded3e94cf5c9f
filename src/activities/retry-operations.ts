import { retryBatch } from '../database/operations/retries.js';
import type { ActivityDeps, StepInput } from './deps.js';

/** Sets the next operations of a bulk retry going: as many as its pace allows for `seconds`. */
export function retryOperationsActivity(deps: ActivityDeps) {
  return async function retryOperations({
    seconds,
    ...ref
  }: StepInput & { seconds: number }): Promise<{ done: boolean }> {
    return retryBatch(deps.database.tenant(ref.tenantId), ref, seconds);
  };
}
