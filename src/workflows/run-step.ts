import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  isCancellation,
  patched,
  proxyActivities,
  proxyLocalActivities,
  sleep,
} from '@temporalio/workflow';
import type { StepInput, StepWaits } from '../activities/deps.js';
import type { Activities } from '../activities/index.js';
import { DURABLE, FIRST_TRY, ONCE, type FailureCharacter } from './activity-options.js';

type Name = keyof Activities;
/** What a workflow gives a step: the worker adds the run. */
export type StepOf<Input> = Input extends StepInput ? Omit<Input, 'run'> : Input;
type Input<K extends Name> = StepOf<Parameters<Activities[K]>[0]>;
type Result<K extends Name> = Awaited<ReturnType<Activities[K]>>;
type AnyStep = (input: unknown) => Promise<unknown>;

const quick = proxyLocalActivities<Record<string, AnyStep>>(FIRST_TRY);
const once = {
  step: proxyLocalActivities<Record<string, AnyStep>>(ONCE.step),
  delivery: proxyLocalActivities<Record<string, AnyStep>>(ONCE.delivery),
} satisfies Record<keyof typeof ONCE, unknown>;
const durable = {
  database: proxyActivities<Record<string, AnyStep>>(DURABLE.database),
  wallet: proxyActivities<Record<string, AnyStep>>(DURABLE.wallet),
  writeBack: proxyActivities<Record<string, AnyStep>>(DURABLE.writeBack),
  merchant: proxyActivities<Record<string, AnyStep>>(DURABLE.merchant),
  bulk: proxyActivities<Record<string, AnyStep>>(DURABLE.bulk),
  burst: proxyActivities<Record<string, AnyStep>>(DURABLE.burst),
  slices: proxyActivities<Record<string, AnyStep>>(DURABLE.slices),
} satisfies Record<FailureCharacter, unknown>;

/** The longest delay that is kept after a first try. Later attempts ask the provider anew, and end in time. */
export const LONGEST_PAUSE_MS = 3_600_000;

/**
 * Runs a step once locally. After a failure that may pass, waits for the provider's delay, then runs it durably and visibly
 * until its time is up. Not an async function: the SDK notes the stack of every promise in a workflow, and every step
 * comes through here.
 */
export function runStep<K extends Name>(name: K, input: Input<K>, character: FailureCharacter): Promise<Result<K>> {
  return quick[name]!(input).catch((error: unknown) => {
    if (isCancellation(error) || isPermanent(error)) throw error;
    const pauseMs = Math.min(askedPauseMs(error), LONGEST_PAUSE_MS);
    if (pauseMs > 0 && patched('keep-first-delay'))
      return sleep(pauseMs).then(() => runDurably(name, input, character));
    return runDurably(name, input, character);
  }) as Promise<Result<K>>;
}

/** Runs a step once, as a local activity; null where it failed, except for a cancellation. */
export function runOnce<K extends Name>(
  name: K,
  input: Input<K>,
  character: keyof typeof ONCE,
): Promise<Result<K> | null> {
  return once[character][name]!(input).catch((error: unknown) => {
    if (isCancellation(error)) throw error;
    return null;
  }) as Promise<Result<K> | null>;
}

/** Runs a step as a regular activity from the start: for calls that take long or wait for a rate budget. */
export function runDurably<K extends Name>(name: K, input: Input<K>, character: FailureCharacter): Promise<Result<K>> {
  // A worker of an older version takes no waits for an answer.
  return durable[character][name]!({ ...input, takesWaits: true }).then((result) => {
    if (!isWait(result)) return result;
    return sleep(result.waitMs).then(() => runDurably(name, input, character));
  }) as Promise<Result<K>>;
}

const isWait = (result: unknown): result is StepWaits =>
  typeof result === 'object' && result !== null && 'waitsFor' in result && 'waitMs' in result;

/** A local activity throws its failure bare, a regular one wraps it. */
const causeOf = (error: unknown): unknown => (error instanceof ActivityFailure ? error.cause : error);

/** What the provider asked for in its answer to a failed step; 0 where it asked for nothing. */
function askedPauseMs(error: unknown): number {
  const cause = causeOf(error);
  const [told] = cause instanceof ApplicationFailure ? (cause.details ?? []) : [];
  const asked = (told as { retryAfterMs?: unknown } | undefined)?.retryAfterMs;
  return typeof asked === 'number' ? asked : 0;
}

/** Whether a step failed for good: the same input would always fail again. */
export function isPermanent(error: unknown): boolean {
  const cause = causeOf(error);
  return cause instanceof ApplicationFailure && cause.nonRetryable === true;
}

/** The stable code of a failed step, and a sentence without personal data. */
export function describeFailure(error: unknown): { code: string; message: string } {
  const cause = causeOf(error);
  if (cause instanceof ApplicationFailure) return { code: cause.type ?? 'internal-error', message: cause.message };
  if (cause instanceof CancelledFailure) return { code: 'cancelled', message: 'The operation was cancelled.' };
  return { code: 'gave-up', message: cause instanceof Error ? cause.message : 'unknown failure' };
}
