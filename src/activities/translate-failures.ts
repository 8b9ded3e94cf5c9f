import { ApplicationFailure } from '@temporalio/common';
import type { Logger } from 'pino';
import type { Database } from '../database/connect.js';
import { recordStep } from '../database/operations/steps.js';
import { isDatabaseUnavailable } from '../database/unavailable.js';
import { PermanentError, TransientError, WaitForTurn } from '../common/errors.js';
import { STEPS, type Step } from '../passes/operation.js';
import type { StepInput, StepWaits } from './deps.js';
import { pauseAfterFailures, pauseAfterOwnFailures, type RetryPauses } from './retry-pauses.js';

interface Translated {
  code: string;
  message: string;
  /** What Temporal may keep: no personal data. */
  summary: string;
  permanent: boolean;
  retryAfterMs?: number | undefined;
  /** Our own database is the cause, no provider. */
  ours?: true;
}

/** What one attempt of a regular activity knows of the attempts before it. */
export interface Attempt {
  number: number;
  pauses: RetryPauses | null;
  /** Failures of our own infrastructure among the attempts before. */
  ownFailures: number;
  /** Tells the next attempt. */
  keepOwnFailures(count: number): void;
}

const READ_ONLY = '25006';

/** Sorts any error a step can throw into permanent or transient; an unclassified error is retried. */
export function classify(error: unknown): Translated {
  if (error instanceof PermanentError) {
    return { code: error.code, message: error.message, summary: error.summary, permanent: true };
  }
  if (error instanceof TransientError) {
    const { code, message, retryAfterMs } = error;
    return { code, message, summary: message, permanent: false, retryAfterMs };
  }
  const code = (error as { code?: unknown } | undefined)?.code;
  if (isDatabaseUnavailable(error)) {
    const message =
      code === READ_ONLY
        ? 'The database is read-only (25006), as during a failover. The step is repeated until it takes writes again.'
        : `The database did not answer (${typeof code === 'string' ? code : 'connection lost'}).`;
    return { code: 'database-unavailable', message, summary: message, permanent: false, ours: true };
  }
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) {
    // The server's text may quote values of the row.
    const message = `PostgreSQL refused a statement (SQLSTATE ${code}).`;
    return { code: 'database-refused', message, summary: message, permanent: false };
  }
  const name = error instanceof Error ? error.name : typeof error;
  const message = `A step failed unexpectedly (${name}); the worker's log has the details.`;
  return { code: 'internal-error', message, summary: message, permanent: false };
}

/** Shows what the step waits for, and tells the workflow how long: a failed attempt would lengthen the pauses after real trouble. */
async function waiting(
  { database }: { database: Database },
  step: string,
  input: unknown,
  { code, message, retryAfterMs = 1_000 }: WaitForTurn,
): Promise<StepWaits> {
  const { tenantId, operationId, run } = input as Partial<StepInput>;
  if (tenantId && operationId && run && (STEPS as readonly string[]).includes(step)) {
    const record = { tenantId, operationId, run, step: step as Step, detail: { waitingFor: message } };
    await recordStep(database.tenant(tenantId), { ...record, state: 'waiting' }).catch(
      () => undefined, // It only shows; the step itself is repeated in any case.
    );
  }
  return { waitsFor: code, waitMs: Math.max(1, Math.round(retryAfterMs)) };
}

/**
 * When Temporal is to try again; undefined leaves it to the retry policy, and after a local try to the workflow. Temporal
 * counts attempts, whoever failed: failures of our own are counted apart, so that they end soon after the outage and
 * lengthen no provider's pauses.
 */
function retryDelay({ permanent, ours, retryAfterMs }: Translated, attempt: Attempt | null): number | undefined {
  if (permanent || attempt === null) return retryAfterMs;
  if (ours) {
    const count = attempt.ownFailures + 1;
    attempt.keepOwnFailures(count);
    return pauseAfterOwnFailures(count);
  }
  if (retryAfterMs !== undefined || attempt.ownFailures === 0 || attempt.pauses === null) return retryAfterMs;
  return pauseAfterFailures(attempt.number - attempt.ownFailures, attempt.pauses);
}

/**
 * The one boundary between our errors and Temporal's: records the attempt under the operation, then throws the failure
 * that carries type, retryability and the provider's delay.
 */
export function translateFailures(deps: { database: Database; log: Logger }) {
  return async function translated<T>(
    step: string,
    input: unknown,
    run: () => Promise<T>,
    attempt: Attempt | null = null,
  ): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof ApplicationFailure) throw error;
      if (error instanceof WaitForTurn && (input as { takesWaits?: true }).takesWaits)
        return (await waiting(deps, step, input, error)) as T;
      const failure = classify(error);
      const ref = input as Partial<StepInput>;
      deps.log.warn(
        {
          step,
          operationId: ref.operationId,
          tenantId: ref.tenantId,
          code: failure.code,
          ...(failure.code === 'internal-error' && { err: error }),
        },
        failure.summary,
      );
      if (ref.tenantId && ref.operationId && ref.run && (STEPS as readonly string[]).includes(step)) {
        await recordStep(deps.database.tenant(ref.tenantId), {
          tenantId: ref.tenantId,
          operationId: ref.operationId,
          run: ref.run,
          step: step as Step,
          state: failure.permanent ? 'failed' : 'retrying',
          error: { code: failure.code, message: failure.message },
        }).catch(() => undefined); // The step's own failure is what Temporal must hear of.
      }
      const retryAfterMs = retryDelay(failure, attempt);
      throw ApplicationFailure.create({
        message: failure.summary,
        type: failure.code,
        nonRetryable: failure.permanent,
        ...(retryAfterMs !== undefined && {
          nextRetryDelay: retryAfterMs,
          // Workflows are not given nextRetryDelay, and the first try's failure is theirs to follow up.
          details: [{ retryAfterMs }],
        }),
      });
    }
  };
}
