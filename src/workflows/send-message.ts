import { CancellationScope, sleep } from '@temporalio/workflow';
import type { OperationInput, OperationResult } from './inputs.js';
import { onFoundPass, tellWallets, tellWalletsForSure } from './on-found-pass.js';
import { runStep } from './run-step.js';

/** find-pass → claim-message (again, for as long as the message is held back) → show-message → every wallet → write-back. */
export async function sendMessage(input: OperationInput): Promise<OperationResult> {
  return onFoundPass(input, async (target, found) => {
    for (;;) {
      const claimed = await runStep('claim-message', target, 'database');
      if (claimed.result === 'dropped') return { outcome: claimed.outcome, passId: found.passId, recorded: true };
      if (claimed.result === 'send') break;
      await sleep(claimed.waitMs);
    }
    // A cancellation from here on comes too late: the message has taken its turn.
    return CancellationScope.nonCancellable(async () => {
      const shown = await runStep('show-message', target, 'database');
      // It was ended before it was shown.
      if (shown.revision === null) return { outcome: 'unchanged', passId: found.passId };
      return tellWallets(target, found, { eventType: 'message.sent', outcome: 'message-sent' });
    });
  });
}

/** find-pass → end-message → every wallet, quietly; nobody else is told. */
export async function endMessage(input: OperationInput): Promise<OperationResult> {
  return onFoundPass(input, async (target, found) => {
    // Its row says that the message is over, so a cancellation must not leave it on the pass.
    const { revision } = await CancellationScope.nonCancellable(() => runStep('end-message', target, 'database'));
    if (revision === null) return { outcome: 'unchanged', passId: found.passId };
    return tellWalletsForSure(target, found, { eventType: null, outcome: 'message-ended', writeBack: false });
  });
}
