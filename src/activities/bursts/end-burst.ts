import { dissolveBurst } from '../../database/bursts/dispatch.js';
import type { ActivityDeps } from '../deps.js';
import type { BurstStepInput } from './burst-step.js';

/** The burst is over: what it has not ended goes on one by one. */
export function endBurstActivity(deps: ActivityDeps) {
  return async function endBurst(ref: BurstStepInput): Promise<{ left: number }> {
    return { left: await dissolveBurst(deps.database.tenant(ref.tenantId), ref) };
  };
}
