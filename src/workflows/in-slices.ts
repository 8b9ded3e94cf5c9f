import type { WrittenWallet } from '../passes/wallet.js';
import { runDurably } from './run-step.js';
import type { WALLET_STEPS } from './wallet-steps.js';

/** Runs a step of a burst that takes its operations in slices, from the first to the last. */
export async function inSlices(
  step: (typeof WALLET_STEPS)[WrittenWallet]['burst'] | 'burst-write-back',
  ref: { tenantId: string; burstId: string },
): Promise<void> {
  for (let from: number | null = 0; from !== null;) {
    from = (await runDurably(step, { ...ref, from }, 'slices')).next;
  }
}
