import { CancellationScope } from '@temporalio/workflow';
import { findPass } from './find-pass.js';
import type { OperationInput, OperationResult } from './inputs.js';
import { notifyWallets } from './notify-wallets.js';
import { asOperation } from './operation-scope.js';
import { runStep } from './run-step.js';
import { walletsOf } from '../passes/wallet.js';

/** find-pass → start-offer → every wallet → write-back; an offer of later ends here and begins by an operation of its own. */
export async function startOffer(input: OperationInput): Promise<OperationResult> {
  return asOperation(input, async () => {
    const found = await findPass(input);
    if (!found.found) return { outcome: found.outcome, recorded: true };
    const target = { ...input, passId: found.passId };
    const { result } = await runStep('start-offer', target, 'database');
    if (result !== 'offer-started') return { outcome: result, passId: found.passId };
    return CancellationScope.nonCancellable(() =>
      notifyWallets({
        ...target,
        wallets: walletsOf(found),
        atOnce: found.tellsAtOnce === true,
        writeBack: found.writeBack,
        eventType: 'offer.started',
        outcome: result,
      }),
    );
  });
}

/** find-pass → end-offer → every wallet: what lies beneath shows again. */
export async function endOffer(input: OperationInput): Promise<OperationResult> {
  return asOperation(input, async () => {
    const found = await findPass(input);
    if (!found.found) return { outcome: found.outcome, recorded: true };
    const target = { ...input, passId: found.passId };
    const { revision } = await runStep('end-offer', target, 'database');
    if (revision === null) return { outcome: 'unchanged', passId: found.passId };
    return CancellationScope.nonCancellable(() =>
      notifyWallets({
        ...target,
        wallets: walletsOf(found),
        atOnce: found.tellsAtOnce === true,
        writeBack: found.writeBack,
        eventType: 'offer.ended',
        outcome: 'offer-ended',
      }),
    );
  });
}
