import { ApplicationFailure, sleep } from '@temporalio/workflow';
import type { NotifiedDevices, NotifyDevices } from '../activities/notify-devices.js';
import type { Left, ToldEverybody } from '../activities/tell-everybody.js';
import type { EventType } from '../passes/event-type.js';
import type { Outcome } from '../passes/operation.js';
import type { WrittenWallet } from '../passes/wallet.js';
import { WRITE_BACK_EVENTS } from '../passes/write-back-event.js';
import type { OperationInput, OperationResult } from './inputs.js';
import { LONGEST_PAUSE_MS, runDurably, runOnce, runStep, type StepOf } from './run-step.js';
import { WALLET_STEPS } from './wallet-steps.js';
import { writeBack, writeBackFrom } from './write-back.js';

export interface NotifyWallets extends OperationInput {
  passId: string;
  wallets: readonly WrittenWallet[];
  writeBack: boolean;
  eventType: EventType | null;
  outcome: Outcome;
  /** Tell also those who know this revision already. */
  again?: boolean;
  /** Whether one local step tells all of them first. */
  atOnce?: boolean;
  /** False where more follows: the last step then does not end the operation. Default true. */
  endsOperation?: boolean;
}

/**
 * Notifies all wallets and Klaviyo of a changed pass, in parallel. If one fails, the others still finish; the failure is
 * reported at the end. An operation for Apple alone ends with its push.
 */
export async function notifyWallets(input: NotifyWallets): Promise<OperationResult> {
  const { tenantId, operationId, passId, outcome } = input;
  const target = { tenantId, operationId, passId, ...(input.test && { test: input.test }) };
  const nobodyElse = input.wallets.length === 0 && !input.writeBack;
  if (input.atOnce && !nobodyElse) return tellAtOnce(input, target);
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

type Target = OperationInput & { passId: string };

/** One local step tries to tell everybody. What it leaves goes on in steps of their own, of which none waits for another. */
async function tellAtOnce(input: NotifyWallets, target: Target): Promise<OperationResult> {
  const { passId, outcome, eventType } = input;
  const again = input.again && { again: true as const };
  const event = (eventType && WRITE_BACK_EVENTS[eventType]) ?? null;
  const first = {
    ...{ ...target, ...again, wallets: input.wallets, eventType },
    ...(input.writeBack && { klaviyo: { event } }),
    endsWith: input.endsOperation === false ? null : outcome,
  };
  const told = await runOnce('tell-everybody', first, 'step');
  if (told && told.ended !== null) return { outcome: told.ended, passId, recorded: true };
  const everything: ToldEverybody = {
    ended: null,
    devices: { waitMs: 0 },
    wallets: Object.fromEntries(input.wallets.map((wallet) => [wallet, { waitMs: 0 }])),
    ...(input.writeBack && { klaviyo: { waitMs: 0 } }),
  };
  const { devices, wallets = {}, klaviyo } = told ?? everything;
  const notice = { ...target, eventType, endsWith: null };
  const rest = await Promise.allSettled([
    devices && goOn(devices, () => (devices.window ? tellApple(notice) : tellAppleDurably(notice))),
    ...input.wallets.map((wallet) => {
      const left = wallets[wallet];
      return left && goOn(left, () => runDurably(WALLET_STEPS[wallet].single, { ...target, ...again }, 'wallet'));
    }),
    klaviyo && goOn(klaviyo, () => writeBackFrom(klaviyo.from ?? 'write-back-profile', { ...target, event })),
  ]);
  for (const part of rest) if (part.status === 'rejected') throw part.reason;
  return { outcome, passId };
}

/** Goes on with what the first try has left, once the delay that a provider asked for is over. */
async function goOn(left: Left, next: () => Promise<unknown>): Promise<void> {
  if ('failed' in left) {
    const { code, message } = left.failed;
    throw ApplicationFailure.create({ message, type: code, nonRetryable: true });
  }
  if (left.waitMs > 0) await sleep(Math.min(left.waitMs, LONGEST_PAUSE_MS));
  await next();
}

async function tellAppleDurably(step: StepOf<NotifyDevices>): Promise<void> {
  const { lookAgainAfterMs } = await runDurably('notify-devices', step, 'wallet');
  if (lookAgainAfterMs === null) return;
  await sleep(lookAgainAfterMs);
  await tellApple(step);
}

async function tellApple(step: StepOf<NotifyDevices>): Promise<NotifiedDevices> {
  for (;;) {
    const notified = await runStep('notify-devices', step, 'wallet');
    if (notified.lookAgainAfterMs === null) return notified;
    await sleep(notified.lookAgainAfterMs);
  }
}
