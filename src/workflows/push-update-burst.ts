import { CancellationScope, patched, sleep } from '@temporalio/workflow';
import { walletsOf, type WrittenWallet } from '../passes/wallet.js';
import { inSlices } from './in-slices.js';
import { runStep } from './run-step.js';
import { WALLET_STEPS } from './wallet-steps.js';

export interface BurstInput {
  tenantId: string;
  burstId: string;
  /** In the order of acceptance; what becomes of each is in the database. */
  operationIds: string[];
}

/**
 * The steps of a push-update, each over all operations of the burst that it is not done for. A step takes what is left of
 * its work from the database, so nothing but counts travels through here. Operations that wait, for a pass or for a
 * push window, have the burst look again; those in trouble have left it.
 */
export async function pushUpdateBurst(input: BurstInput): Promise<{ operations: number }> {
  const { tenantId, burstId, operationIds } = input;
  const ref = { tenantId, burstId };
  try {
    for (;;) {
      const waitMs = await work(ref);
      if (waitMs === null) break;
      await sleep(waitMs);
    }
  } finally {
    // Whatever stopped the burst, a cancellation included: what it has not ended goes on one by one.
    await CancellationScope.nonCancellable(() => runStep('end-burst', ref, 'burst'));
  }
  return { operations: operationIds.length };
}

/** One round of all steps; how long to wait for the next one, or null where nobody waits any more. */
async function work(ref: { tenantId: string; burstId: string }): Promise<number | null> {
  const found = await runStep('burst-find-pass', ref, 'burst');
  if (found.convert > 0) await runStep('burst-convert-type', ref, 'burst');
  if (found.apply > 0) await runStep('burst-apply-data', ref, 'burst');
  if (found.recompute + found.convert > 0) await runStep('burst-recompute-metadata', ref, 'burst');
  const wallets = walletsOf(found);
  const ends = wallets.length === 0 && !found.writeBack;
  const notified = await runStep('burst-notify-devices', { ...ref, ends }, 'burst');
  if (!ends) await tellElsewhere(ref, wallets, found.writeBack);
  const waits = [found.lookAgainAfterMs, notified.lookAgainAfterMs].filter((ms) => ms !== null);
  return waits.length > 0 ? Math.min(...waits) : null;
}

type Ref = { tenantId: string; burstId: string };

/** Other wallets and Klaviyo learn of what changed, each at its own pace, and then the operations end. Phones were first. */
async function tellElsewhere(ref: Ref, wallets: readonly WrittenWallet[], writeBack: boolean): Promise<void> {
  // Klaviyo takes thousands in one job: the operations of several bursts are gathered, and end there.
  if (writeBack && patched('write-back-in-bulk')) {
    await runStep('burst-gather', { ...ref, wallets }, 'burst');
    return;
  }
  await Promise.all([
    ...wallets.map((wallet) => inSlices(WALLET_STEPS[wallet].burst, ref)),
    writeBack ? inSlices('burst-write-back', ref) : null,
  ]);
  await runStep('burst-end-told', ref, 'burst');
}
