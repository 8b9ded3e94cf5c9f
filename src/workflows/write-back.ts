import { ApplicationFailure, patched, sleep } from '@temporalio/workflow';
import type { WriteBackEvent } from '../passes/write-back-event.js';
import type { OperationInput } from './inputs.js';
import { runDurably, runStep } from './run-step.js';

export interface WriteBack extends OperationInput {
  passId: string;
  /** Null: profile and object only. */
  event: WriteBackEvent | null;
}

/** The event comes last: a flow that it starts finds profile and object in place. */
const ORDER = ['write-back-profile', 'write-back-object', 'write-back-event'] as const;
const MINUTE_MS = 60_000;

/** Ten seconds growing to ten minutes for two days, then an hour; after about two weeks the operation gives up. */
export const keyPauseMs = (look: number): number =>
  look < 300 ? Math.min(2 ** look * 10_000, 10 * MINUTE_MS) : 60 * MINUTE_MS;
export const KEY_LOOKS = 600;
export const keyNeverReplaced = (): ApplicationFailure =>
  ApplicationFailure.create({
    message: 'Klaviyo refused the tenant’s key for two weeks, and nobody replaced it.',
    type: 'klaviyo-unauthorized',
    nonRetryable: true,
  });
const LONGEST_PAUSE_MS = 60 * MINUTE_MS;

/** Tells Klaviyo of a pass in one visit. From the first step in trouble on, each is a durable step of its own. */
export async function writeBack(input: WriteBack): Promise<void> {
  let from: (typeof ORDER)[number] = ORDER[0];
  if (patched('write-back-in-one-visit')) {
    const { next, waitMs = 0 } = await runStep('write-back', input, 'writeBack');
    if (next === null) return;
    from = next;
    // The delay that Klaviyo asked for.
    if (waitMs > 0) await sleep(Math.min(waitMs, LONGEST_PAUSE_MS));
  }
  await writeBackFrom(from, input);
}

/** One durable step after the other, from one of them on. */
export async function writeBackFrom(from: (typeof ORDER)[number], input: WriteBack): Promise<void> {
  for (const step of ORDER.slice(ORDER.indexOf(from))) {
    if (step === 'write-back-event' && input.event === null) continue;
    await tellKlaviyo(step, input);
  }
}

/**
 * Runs a step that calls Klaviyo, retried for up to a day. Where Klaviyo refuses the tenant's key, the step waits for
 * another key instead, without holding a worker.
 */
export async function tellKlaviyo(step: (typeof ORDER)[number] | 'hand-consents', input: WriteBack): Promise<void> {
  for (let look = 0; ; look++) {
    const { state } = await runDurably(step, input, 'writeBack');
    if (state !== 'key-refused') return;
    if (look === KEY_LOOKS) throw keyNeverReplaced();
    await sleep(keyPauseMs(look));
  }
}
