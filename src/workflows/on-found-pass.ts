import { CancellationScope } from '@temporalio/workflow';
import { walletsOf } from '../passes/wallet.js';
import { findPass } from './find-pass.js';
import type { OperationInput, OperationResult } from './inputs.js';
import { notifyWallets, type NotifyWallets } from './notify-wallets.js';
import { asOperation } from './operation-scope.js';

export type Found = Extract<Awaited<ReturnType<typeof findPass>>, { found: true }>;
export type OnPass = OperationInput & { passId: string };

/** Carries an operation out on the pass that find-pass leads it to; it ends with find-pass where there is none. */
export function onFoundPass(
  input: OperationInput,
  carryOut: (target: OnPass, found: Found) => Promise<OperationResult>,
): Promise<OperationResult> {
  return asOperation(input, async () => {
    const found = await findPass(input);
    if (!found.found) return { outcome: found.outcome, recorded: true };
    return carryOut({ ...input, passId: found.passId }, found);
  });
}

/** How wallets, Klaviyo and the merchant learn of a changed pass; with `writeBack: false` only the wallets do. */
type Notice = Pick<NotifyWallets, 'eventType' | 'outcome' | 'again'> & { writeBack?: false };

/** Notifies everybody whom find-pass has named for this pass. */
export const tellWallets = (target: OnPass, found: Found, notice: Notice): Promise<OperationResult> =>
  notifyWallets({
    ...target,
    wallets: walletsOf(found),
    atOnce: found.tellsAtOnce === true,
    writeBack: found.writeBack,
    ...notice,
  });

/** A cancellation from here on comes too late: the wallets must learn what the database holds. */
export const tellWalletsForSure = (target: OnPass, found: Found, notice: Notice): Promise<OperationResult> =>
  CancellationScope.nonCancellable(() => tellWallets(target, found, notice));
