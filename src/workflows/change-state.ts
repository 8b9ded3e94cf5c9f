import type { OperationInput, OperationResult } from './inputs.js';
import { onFoundPass, tellWalletsForSure } from './on-found-pass.js';
import { runStep } from './run-step.js';

/** find-pass → change-state (void, expire, restore or delete, by the operation's kind) → every wallet → write-back. */
export async function changeState(input: OperationInput): Promise<OperationResult> {
  return onFoundPass(input, async (target, found) => {
    const { outcome } = await runStep('change-state', target, 'database');
    if (outcome === 'unchanged' || outcome === 'superseded') return { outcome, passId: found.passId };
    return tellWalletsForSure(target, found, { eventType: `pass.${outcome}`, outcome });
  });
}
