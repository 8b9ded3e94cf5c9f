import { endOperation, type Ending } from '../database/operations/steps.js';
import type { ActivityDeps } from './deps.js';

/** Writes how an operation ended; only the first ending of a run counts. */
export function recordOutcomeActivity(deps: ActivityDeps) {
  return async function recordOutcome(ending: Ending): Promise<void> {
    await endOperation(deps.database.tenant(ending.tenantId), ending);
  };
}
