import { CancellationScope, sleep } from '@temporalio/workflow';
import type { FoundCustomer } from '../activities/find-customer.js';
import type { OperationInput, OperationResult } from './inputs.js';
import { notifyWallets } from './notify-wallets.js';
import { asOperation } from './operation-scope.js';
import { runDurably, runStep } from './run-step.js';

/** find-customer → fetch-profile (with a Klaviyo key) → update-customer → update-passes → notify-devices → sync-merchant. */
export async function profileSync(input: OperationInput): Promise<OperationResult> {
  return asOperation(input, async () => {
    const found = await findCustomer(input);
    if (!found.found) return { outcome: found.outcome, recorded: true };
    const target = { ...input, customerId: found.customerId };

    // Not tried locally: Klaviyo may take longer than a workflow task, and its delays must be honoured from the first call.
    if (found.fetch) await runDurably('fetch-profile', input, 'writeBack');
    const customer = await runStep('update-customer', target, 'database');
    if ('conflict' in customer) return { outcome: 'identifier-conflict', recorded: true };
    const passes = await runStep('update-passes', target, 'database');

    if (customer.changed === 0 && passes.changed.length === 0) {
      const superseded = customer.superseded + passes.superseded > 0;
      return { outcome: superseded ? 'superseded' : 'unchanged' };
    }
    // What the database holds, phones and merchant must learn: a cancellation from here on comes too late.
    return CancellationScope.nonCancellable(async () => {
      for (const passId of passes.changed) {
        await notifyWallets({
          ...input,
          passId,
          google: found.google,
          writeBack: found.writeBack,
          eventType: 'pass.updated',
          outcome: 'synced',
          endsOperation: false,
        });
      }
      await runStep('sync-merchant', target, 'database');
      return { outcome: 'synced' };
    });
  });
}

async function findCustomer(input: OperationInput): Promise<Exclude<FoundCustomer, { lookAgainAfterMs: number }>> {
  for (;;) {
    const found = await runStep('find-customer', input, 'database');
    if (!('lookAgainAfterMs' in found)) return found;
    await sleep(found.lookAgainAfterMs);
  }
}
