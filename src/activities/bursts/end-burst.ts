import { dissolveBurst } from '../../database/bursts/dispatch.js';
import { forgetWaiting } from '../../database/bursts/notifications.js';
import type { ActivityDeps } from '../deps.js';
import type { BurstStepInput } from './burst-step.js';

/** Ends the burst: operations that have not ended go on one by one. */
export function endBurstActivity(deps: ActivityDeps) {
  return async function endBurst(ref: BurstStepInput): Promise<{ left: number }> {
    const tenant = deps.database.tenant(ref.tenantId);
    await forgetWaiting(tenant, ref, 'update-google-object');
    return { left: await dissolveBurst(tenant, ref) };
  };
}
