import { CancellationScope, sleep } from '@temporalio/workflow';
import type { FoundCustomer } from '../activities/find-customer.js';
import { cancellableUnless } from './cancellable-unless.js';
import type { OperationInput, OperationResult } from './inputs.js';
import { notifyWallets } from './notify-wallets.js';
import { asOperation } from './operation-scope.js';
import { runDurably, runStep } from './run-step.js';
import { walletsOf, type FoundWallets } from '../passes/wallet.js';

/** find-customer → fetch-profile (with a Klaviyo key) → update-customer → update-passes → notify-devices → sync-merchant. */
export async function profileSync(input: OperationInput): Promise<OperationResult> {
  return asOperation(input, async () => {
    const found = await findCustomer(input);
    if (!found.found) return { outcome: found.outcome, recorded: true };
    const target = { ...input, customerId: found.customerId };

    // Not tried locally: Klaviyo may take longer than a workflow task, and its delays must be honoured from the first call.
    if (found.fetch) await runDurably('fetch-profile', input, 'writeBack');
    const customer = await runStep('update-customer', target, 'database');
    if ('conflict' in customer) return { outcome: customer.outcome, recorded: true };
    const passes = await cancellableUnless(customer.changed > 0, () => runStep('update-passes', target, 'database'));

    if (customer.changed === 0 && passes.changed.length === 0) {
      const superseded = customer.superseded + passes.superseded > 0;
      return { outcome: superseded ? 'superseded' : 'unchanged' };
    }
    // A cancellation from here on comes too late: phones and merchant must learn what the database holds.
    return CancellationScope.nonCancellable(async () => {
      // Side by side: an outage of a wallet or of Klaviyo must not keep the news from the merchant.
      const told = await Promise.allSettled([
        tellWallets(input, passes.changed, found),
        runStep('sync-merchant', target, 'database'),
      ]);
      for (const part of told) if (part.status === 'rejected') throw part.reason;
      return { outcome: 'synced' };
    });
  });
}

/** Tells of one pass after the other. A failure is thrown when all have had their turn. */
async function tellWallets(
  input: OperationInput,
  passIds: readonly string[],
  found: FoundWallets & { writeBack: boolean },
): Promise<void> {
  const { writeBack } = found;
  const wallets = walletsOf(found);
  const troubles: unknown[] = [];
  for (const passId of passIds) {
    const notice = { ...input, passId, wallets, writeBack, eventType: 'pass.updated', outcome: 'synced' } as const;
    await notifyWallets({ ...notice, endsOperation: false }).catch((error: unknown) => troubles.push(error));
  }
  if (troubles.length > 0) throw troubles[0];
}

async function findCustomer(input: OperationInput): Promise<Exclude<FoundCustomer, { lookAgainAfterMs: number }>> {
  for (;;) {
    const found = await runStep('find-customer', input, 'database');
    if (!('lookAgainAfterMs' in found)) return found;
    if (found.ask) await runDurably('fetch-profile', input, 'writeBack');
    await sleep(found.lookAgainAfterMs);
  }
}
