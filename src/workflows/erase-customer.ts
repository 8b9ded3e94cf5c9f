import { CancellationScope, sleep } from '@temporalio/workflow';
import type { RedactedSoFar } from '../activities/erase-customer.js';
import type { OperationInput, OperationResult } from './inputs.js';
import { notifyWallets } from './notify-wallets.js';
import { asOperation } from './operation-scope.js';
import { runDurably, runStep } from './run-step.js';
import { walletsOf } from '../passes/wallet.js';

/** Pauses between looks whether the phones have fetched their voided passes. After a day, the erasure ends without them. */
const LOOKS = ['5s', '25s', '2m', '10m', '50m', '5h', '18h'] as const;

/**
 * void-passes → every wallet → clear-profile → redact-operations → erase-customer. Rows go last: a phone that was told
 * must find its pass, voided and empty, or it shows the old one for ever.
 */
export async function eraseCustomer(input: OperationInput): Promise<OperationResult> {
  return asOperation(input, () =>
    // An erasure cannot be cancelled: half of one is worse than none.
    CancellationScope.nonCancellable(async () => {
      const voided = await runStep('void-passes', input, 'database');
      for (const passId of voided.passIds) {
        await notifyWallets({
          ...input,
          passId,
          wallets: walletsOf(voided),
          writeBack: false,
          eventType: 'pass.voided',
          outcome: 'erased',
          endsOperation: false,
        }).catch(() => undefined); // Its step says why; a wallet that refuses must not keep a person's data with us.
      }
      await runDurably('clear-profile', input, 'writeBack');
      for (const pause of LOOKS) {
        const { erased } = await finish(input, true);
        if (erased) return { outcome: 'erased' };
        await sleep(pause);
      }
      await finish(input, false);
      return { outcome: 'erased' };
    }),
  );
}

async function finish(input: OperationInput, waitForDevices: boolean): Promise<{ erased: boolean }> {
  // Before every look: requests that name the customer may have come in meanwhile.
  let batch: RedactedSoFar = { below: null, redacted: 0, unfinished: 0 };
  do {
    batch = await runStep('redact-operations', { ...input, ...batch }, 'database');
  } while (batch.below !== null);
  return runStep('erase-customer', { ...input, waitForDevices, unfinished: batch.unfinished ?? 0 }, 'database');
}
