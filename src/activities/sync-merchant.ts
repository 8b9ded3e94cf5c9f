import { recordCustomerEvent } from '../database/merchants/events.js';
import type { ActivityDeps, StepInput } from './deps.js';

/** Writes the merchant's event, once per operation; a change that came from the merchant is not sent back. */
export function syncMerchantActivity(deps: ActivityDeps) {
  return async function syncMerchant(ref: StepInput & { customerId: string }): Promise<{ told: boolean }> {
    return { told: await recordCustomerEvent(deps.database.tenant(ref.tenantId), ref, ref.customerId) };
  };
}
