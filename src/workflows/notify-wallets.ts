import { sleep } from '@temporalio/workflow';
import type { NotifiedDevices, NotifyDevices } from '../activities/notify-devices.js';
import type { EventType } from '../passes/event-type.js';
import type { Outcome } from '../passes/operation.js';
import type { WrittenWallet } from '../passes/wallet.js';
import { WRITE_BACK_EVENTS } from '../passes/write-back-event.js';
import type { OperationInput, OperationResult } from './inputs.js';
import { runDurably, runStep, type StepOf } from './run-step.js';
import { WALLET_STEPS } from './wallet-steps.js';
import { writeBack } from './write-back.js';

export interface NotifyWallets extends OperationInput {
  passId: string;
  wallets: readonly WrittenWallet[];
  writeBack: boolean;
  eventType: EventType | null;
  outcome: Outcome;
  /** Tell also those who know this revision already. */
  again?: boolean;
  /** False where more follows: the last step then does not end the operation. Default true. */
  endsOperation?: boolean;
}

/**
 * Tells every wallet of a changed pass, and Klaviyo. Quick operations end with the push itself. All are told at the same
 * time and each to the end: trouble with one, be it for a day, holds no other and ends the operation only afterwards.
 */
export async function notifyWallets(input: NotifyWallets): Promise<OperationResult> {
  const { tenantId, operationId, passId, outcome } = input;
  const target = { tenantId, operationId, passId, ...(input.test && { test: input.test }) };
  const nobodyElse = input.wallets.length === 0 && !input.writeBack;
  const nothingFollows = nobodyElse && input.endsOperation !== false;
  const apple = tellApple({ ...target, eventType: input.eventType, endsWith: nothingFollows ? outcome : null });
  if (nobodyElse) {
    const { ended } = await apple;
    return nothingFollows && ended !== null ? { outcome: ended, passId, recorded: true } : { outcome, passId };
  }
  const told = await Promise.allSettled([
    apple,
    // A regular activity at once: it waits for Google's answers and its pace.
    ...input.wallets.map((wallet) =>
      runDurably(WALLET_STEPS[wallet].single, { ...target, ...(input.again && { again: true }) }, 'wallet'),
    ),
    input.writeBack
      ? writeBack({ ...target, event: (input.eventType && WRITE_BACK_EVENTS[input.eventType]) ?? null })
      : null,
  ]);
  for (const part of told) if (part.status === 'rejected') throw part.reason;
  return { outcome, passId };
}

async function tellApple(step: StepOf<NotifyDevices>): Promise<NotifiedDevices> {
  for (;;) {
    const notified = await runStep('notify-devices', step, 'wallet');
    if (notified.lookAgainAfterMs === null) return notified;
    await sleep(notified.lookAgainAfterMs);
  }
}
