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

/** Who is to be told of what changes; the first step finds it. */
interface Found extends FoundWallets {
  writeBack: boolean;
  lookAgainAfterMs: number | null;
}

/**
 * Repeats all steps of a burst until no operation in it waits. Each step reads from the database what it has left to do, so
 * the history holds counts only. An operation in trouble has left the burst.
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
    // After a cancellation, too: operations that the burst has not ended go on one by one.
    await CancellationScope.nonCancellable(() => runStep('end-burst', ref, 'burst'));
  }
  return { operations: operationIds.length };
}

/**
 * Tells everybody of what a round has changed: phones first, then other wallets and Klaviyo. Returns the shortest wait for a
 * pass or a push window; null where no operation waits. `gathers` may ask `patched`, so it is called only where it counts.
 */
export async function tellOfBurst(ref: BurstRef, found: Found, gathers: () => boolean): Promise<number | null> {
  const wallets = walletsOf(found);
  const ends = wallets.length === 0 && !found.writeBack;
  const notified = await runStep('burst-notify-devices', { ...ref, ends }, 'burst');
  if (!ends) await tellElsewhere(ref, wallets, found.writeBack, gathers);
  const waits = [found.lookAgainAfterMs, notified.lookAgainAfterMs].filter((ms) => ms !== null);
  return waits.length > 0 ? Math.min(...waits) : null;
}

/** Tells other wallets and Klaviyo, each at its own pace; then the operations end. */
async function tellElsewhere(
  ref: BurstRef,
  wallets: readonly WrittenWallet[],
  writeBack: boolean,
  gathers: () => boolean,
): Promise<void> {
  // Klaviyo takes thousands in one job: operations of several bursts are gathered, and end with their gathering.
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
