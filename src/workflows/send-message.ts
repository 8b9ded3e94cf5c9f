import { CancellationScope, sleep } from '@temporalio/workflow';
import { findPass } from './find-pass.js';
import type { OperationInput, OperationResult } from './inputs.js';
import { notifyWallets } from './notify-wallets.js';
import { asOperation } from './operation-scope.js';
import { runStep } from './run-step.js';
import { walletsOf } from '../passes/wallet.js';

/** find-pass → claim-message (again, for as long as the message is held back) → show-message → every wallet → write-back. */
export async function sendMessage(input: OperationInput): Promise<OperationResult> {
  return asOperation(input, async () => {
    const found = await findPass(input);
    if (!found.found) return { outcome: found.outcome, recorded: true };
    const target = { ...input, passId: found.passId };
    for (;;) {
      const claimed = await runStep('claim-message', target, 'database');
      if (claimed.result === 'dropped') return { outcome: claimed.outcome, passId: found.passId, recorded: true };
      if (claimed.result === 'send') break;
      await sleep(claimed.waitMs);
    }
    // Its turn is taken: a cancellation from here on comes too late.
    return CancellationScope.nonCancellable(async () => {
      await runStep('show-message', target, 'database');
      return notifyWallets({
        ...target,
        wallets: walletsOf(found),
        atOnce: found.tellsAtOnce === true,
        writeBack: found.writeBack,
        eventType: 'message.sent',
        outcome: 'message-sent',
      });
    });
  });
}

/** find-pass → end-message → every wallet, quietly; nobody else is told. */
export async function endMessage(input: OperationInput): Promise<OperationResult> {
  return asOperation(input, async () => {
    const found = await findPass(input);
    if (!found.found) return { outcome: found.outcome, recorded: true };
    const target = { ...input, passId: found.passId };
    const { revision } = await runStep('end-message', target, 'database');
    if (revision === null) return { outcome: 'unchanged', passId: found.passId };
    return CancellationScope.nonCancellable(() =>
      notifyWallets({
        ...target,
        wallets: walletsOf(found),
        atOnce: found.tellsAtOnce === true,
        writeBack: false,
        eventType: null,
        outcome: 'message-ended',
      }),
    );
  });
}
