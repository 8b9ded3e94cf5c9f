import { inRounds, tellOfBurst, type BurstInput } from './burst-rounds.js';
import { runStep } from './run-step.js';

/** The steps of a message, each over all operations of the burst that it is not done for; one that is held back has left the burst. */
export function sendMessageBurst(input: BurstInput): Promise<{ operations: number }> {
  return inRounds(input, async (ref) => {
    const found = await runStep('burst-find-pass', ref, 'burst');
    if (found.messages > 0) {
      await runStep('burst-claim-message', ref, 'burst');
      await runStep('burst-show-message', ref, 'burst');
    }
    return tellOfBurst(ref, found, () => true);
  });
}

/** The steps that end a message, each over all operations of the burst. Only wallets are told, quietly. */
export function endMessageBurst(input: BurstInput): Promise<{ operations: number }> {
  return inRounds(input, async (ref) => {
    const found = await runStep('burst-find-pass', ref, 'burst');
    if (found.ends > 0) await runStep('burst-end-message', ref, 'burst');
    return tellOfBurst(ref, { ...found, writeBack: false }, () => true);
  });
}
