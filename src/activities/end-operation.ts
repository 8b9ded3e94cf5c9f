import { endOperation, type Ending } from '../database/steps.js';
import type { ActivityDeps } from './deps.js';

/** Writes how an operation ended; only the first ending of a run counts. */
export function endOperationActivity(deps: ActivityDeps) {
  return async function recordOutcome(ending: Ending): Promise<void> {
    await endOperation(deps.database.tenant(ending.tenantId), ending);
  };
}
