import type { OperationInput, OperationResult } from './inputs.js';
import { onFoundPass, tellWallets } from './on-found-pass.js';

/** Tells every wallet of one pass again, as it is; nothing of the pass changes, so nobody else is told. */
export async function notifyPass(input: OperationInput): Promise<OperationResult> {
  return onFoundPass(input, (target, found) =>
    tellWallets(target, found, { eventType: null, outcome: 'notified', again: true, writeBack: false }),
  );
}
