import { randomUUID } from 'node:crypto';
import { recordCustomerEvent } from '../database/merchants/events.js';
import type { ActivityDeps, StepInput } from './deps.js';

/** Writes the merchant's event, once per operation; a change that came from the merchant is not sent back. */
export function syncMerchantActivity(deps: ActivityDeps) {
  return async function syncMerchant(ref: StepInput & { customerId: string }): Promise<{ told: boolean }> {
    const step = { tenantId: ref.tenantId, operationId: ref.operationId, step: 'sync-merchant' } as const;
    const sql = deps.database.tenant(ref.tenantId);
    return { told: await recordCustomerEvent(sql, step, { eventId: randomUUID(), customerId: ref.customerId }) };
  };
}
