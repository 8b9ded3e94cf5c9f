import { patched } from '@temporalio/workflow';
import { inRounds, tellOfBurst, type BurstInput } from './burst-rounds.js';
import { runStep } from './run-step.js';

/** The steps of a push-update, each over all operations of the burst that it is not done for. */
export function pushUpdateBurst(input: BurstInput): Promise<{ operations: number }> {
  return inRounds(input, async (ref) => {
    const found = await runStep('burst-find-pass', ref, 'burst');
    if (found.convert > 0) await runStep('burst-convert-type', ref, 'burst');
    if (found.apply > 0) await runStep('burst-apply-data', ref, 'burst');
    if (found.recompute + found.convert > 0) await runStep('burst-recompute-metadata', ref, 'burst');
    return tellOfBurst(ref, found, () => patched('write-back-in-bulk'));
  });
}
