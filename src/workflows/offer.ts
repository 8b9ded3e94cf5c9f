import { CancellationScope } from '@temporalio/workflow';
import type { OperationInput, OperationResult } from './inputs.js';
import { onFoundPass, tellWalletsForSure } from './on-found-pass.js';
import { runStep } from './run-step.js';

/** find-pass → start-offer → every wallet → write-back; for an offer that begins later, this operation ends, and another one begins it. */
export async function startOffer(input: OperationInput): Promise<OperationResult> {
  return onFoundPass(input, async (target, found) => {
    const { result } = await runStep('start-offer', target, 'database');
    if (result !== 'offer-started') return { outcome: result, passId: found.passId };
    return tellWalletsForSure(target, found, { eventType: 'offer.started', outcome: result });
  });
}

/** find-pass → end-offer → every wallet: what lies beneath shows again. */
export async function endOffer(input: OperationInput): Promise<OperationResult> {
  return onFoundPass(input, async (target, found) => {
    // Its row says that the offer is over, so a cancellation must not leave it on the pass.
    const { revision } = await CancellationScope.nonCancellable(() => runStep('end-offer', target, 'database'));
    if (revision === null) return { outcome: 'unchanged', passId: found.passId };
    return tellWalletsForSure(target, found, { eventType: 'offer.ended', outcome: 'offer-ended' });
  });
}
