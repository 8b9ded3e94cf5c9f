import { CancellationScope } from '@temporalio/workflow';
import { findPass } from './find-pass.js';
import type { OperationInput, OperationResult } from './inputs.js';
import { notifyWallets } from './notify-wallets.js';
import { asOperation } from './operation-scope.js';
import { runStep } from './run-step.js';
import { walletsOf } from '../passes/wallet.js';

/** find-pass → change-state (void, expire, restore or delete, by the operation's kind) → every wallet → write-back. */
export async function changeState(input: OperationInput): Promise<OperationResult> {
  return asOperation(input, async () => {
    const found = await findPass(input);
    if (!found.found) return { outcome: found.outcome, recorded: true };
    const target = { ...input, passId: found.passId };
    const { outcome } = await runStep('change-state', target, 'database');
    if (outcome === 'unchanged' || outcome === 'superseded') return { outcome, passId: found.passId };
    // What the database holds, the phones must learn: a cancellation from here on comes too late.
    return CancellationScope.nonCancellable(() =>
      notifyWallets({
        ...target,
        wallets: walletsOf(found),
        atOnce: found.tellsAtOnce === true,
        writeBack: found.writeBack,
        eventType: `pass.${outcome}`,
        outcome,
      }),
    );
  });
}
