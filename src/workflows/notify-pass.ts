import { findPass } from './find-pass.js';
import type { OperationInput, OperationResult } from './inputs.js';
import { notifyWallets } from './notify-wallets.js';
import { asOperation } from './operation-scope.js';
import { walletsOf } from '../passes/wallet.js';

/** Tells every wallet of one pass again, as it is; nothing of the pass changes, so nobody else is told. */
export async function notifyPass(input: OperationInput): Promise<OperationResult> {
  return asOperation(input, async () => {
    const found = await findPass(input);
    if (!found.found) return { outcome: found.outcome, recorded: true };
    return notifyWallets({
      ...input,
      passId: found.passId,
      wallets: walletsOf(found),
      atOnce: found.tellsAtOnce === true,
      writeBack: false,
      again: true,
      eventType: null,
      outcome: 'notified',
    });
  });
}
