import { inRounds, tellOfBurst, type BurstInput } from './burst-rounds.js';
import { runStep } from './run-step.js';

/** The steps that begin an offer, each over all operations of the burst that it is not done for. */
export function startOfferBurst(input: BurstInput): Promise<{ operations: number }> {
  return inRounds(input, async (ref) => {
    const found = await runStep('burst-find-pass', ref, 'burst');
    if (found.offers > 0) await runStep('burst-start-offer', ref, 'burst');
    return tellOfBurst(ref, found, () => true);
  });
}

/** The steps that end an offer, each over all operations of the burst. */
export function endOfferBurst(input: BurstInput): Promise<{ operations: number }> {
  return inRounds(input, async (ref) => {
    const found = await runStep('burst-find-pass', ref, 'burst');
    if (found.offers > 0) await runStep('burst-end-offer', ref, 'burst');
    return tellOfBurst(ref, found, () => true);
  });
}
