import { CancellationScope, sleep } from '@temporalio/workflow';
import { walletsOf, type FoundWallets, type WrittenWallet } from '../passes/wallet.js';
import { inSlices } from './in-slices.js';
import { runStep } from './run-step.js';
import { WALLET_STEPS } from './wallet-steps.js';

export interface BurstInput {
  tenantId: string;
  burstId: string;
  /** In the order of acceptance; what becomes of each is in the database. */
  operationIds: string[];
}

export type BurstRef = Pick<BurstInput, 'tenantId' | 'burstId'>;

/** Found by the first step: who is to be told of what changed. */
interface Found extends FoundWallets {
  writeBack: boolean;
  lookAgainAfterMs: number | null;
}

/**
 * Rounds of all steps of a burst, until nobody in it waits any more. A step takes what is left of its work from the database,
 * so nothing but counts travels through here. Operations in trouble have left it.
 */
export async function inRounds(
  { tenantId, burstId, operationIds }: BurstInput,
  round: (ref: BurstRef) => Promise<number | null>,
): Promise<{ operations: number }> {
  const ref = { tenantId, burstId };
  try {
    for (;;) {
      const waitMs = await round(ref);
      if (waitMs === null) break;
      await sleep(waitMs);
    }
  } finally {
    // Whatever stopped the burst, a cancellation included: what it has not ended goes on one by one.
    await CancellationScope.nonCancellable(() => runStep('end-burst', ref, 'burst'));
  }
  return { operations: operationIds.length };
}

/**
 * Tells everybody of what a round has changed: phones first, then other wallets and Klaviyo. Returns how long those wait that
 * wait for a pass or for a push window; null where nobody does.
 */
export async function tellOfBurst(ref: BurstRef, found: Found, gathers: () => boolean): Promise<number | null> {
  const wallets = walletsOf(found);
  const ends = wallets.length === 0 && !found.writeBack;
  const notified = await runStep('burst-notify-devices', { ...ref, ends }, 'burst');
  if (!ends) await tellElsewhere(ref, wallets, found.writeBack, gathers);
  const waits = [found.lookAgainAfterMs, notified.lookAgainAfterMs].filter((ms) => ms !== null);
  return waits.length > 0 ? Math.min(...waits) : null;
}

/** Other wallets and Klaviyo learn of what changed, each at its own pace, and then the operations end. Phones were first. */
async function tellElsewhere(
  ref: BurstRef,
  wallets: readonly WrittenWallet[],
  writeBack: boolean,
  gathers: () => boolean,
): Promise<void> {
  // Klaviyo takes thousands in one job: the operations of several bursts are gathered, and end there.
  if (writeBack && gathers()) {
    await runStep('burst-gather', { ...ref, wallets }, 'burst');
    return;
  }
  await Promise.all([
    ...wallets.map((wallet) => inSlices(WALLET_STEPS[wallet].burst, ref)),
    writeBack ? inSlices('burst-write-back', ref) : null,
  ]);
  await runStep('burst-end-told', ref, 'burst');
}
