import { inRounds, tellOfBurst, type BurstInput } from './burst-rounds.js';
import { runStep } from './run-step.js';

/** The steps of a void, an expiry, a restore or a deletion, each over all operations of the burst that it is not done for. */
export function changeStateBurst(input: BurstInput): Promise<{ operations: number }> {
  return inRounds(input, async (ref) => {
    const found = await runStep('burst-find-pass', ref, 'burst');
    if (found.state > 0) await runStep('burst-change-state', ref, 'burst');
    return tellOfBurst(ref, found, () => true);
  });
}
