import { setTimeout as pause } from 'node:timers/promises';
import { leaveBurst, endBurstOperations, beginBurstStep } from '../../database/bursts/burst-steps.js';
import { forgetWaiting, loadTold, showWaiting, type ToldRun } from '../../database/bursts/notifications.js';
import type { TenantSql } from '../../database/connect.js';
import { PermanentError, TransientError } from '../../common/errors.js';
import { outcomeOfChange, writeBackEventOfChange } from '../../passes/change-ending.js';
import type { ActivityDeps } from '../deps.js';
import { updateGoogleObjectActivity } from '../update-google-object.js';
import { writeBackVisitActivity, type VisitedKlaviyo, type WriteBackStepName } from '../write-back-visit.js';
import { leaverOf, type BurstStepInput } from './burst-step.js';

export interface ToldElsewhere extends BurstStepInput {
  /** Place in the burst from which to go on. */
  from: number;
}

export interface ToldSlice {
  /** Where the next slice begins; null where none follows. */
  next: number | null;
}

/** Well below the time-out of a step of a burst. */
const SLICE_MS = 20_000;
/** Enough to use up Google's pace. */
const GOOGLE_AT_ONCE = 10;
const WAITS_FOR_GOOGLE =
  'Phones have been notified. Google takes 20 requests a second, and this object waits for its turn.';
/** An account's limits ask for such waits all the time. A longer one is trouble: the operation goes on alone. */
const PATIENCE_MS = 60_000;
const ASKS_TO_WAIT = new Set(['klaviyo-budget', 'klaviyo-throttled', 'google-budget', 'google-quota']);

interface Place {
  tenant: TenantSql;
  input: ToldElsewhere;
}

/** Works on the operations whose phones were told, from one place of the burst on, for as long as a slice lasts. */
async function inOrder(
  deps: ActivityDeps,
  input: ToldElsewhere,
  step: 'update-google-object' | 'write-back-profile',
  atOnce: number,
  work: (place: Place, operation: ToldRun) => Promise<void>,
): Promise<ToldSlice> {
  const tenant = deps.database.tenant(input.tenantId);
  const begun = await beginBurstStep(tenant, input, step);
  if (!begun) throw new PermanentError('burst-unknown', 'The burst is not in the database: its tenant was deleted.');
  const endsAt = performance.now() + SLICE_MS;
  const ids = begun.operationIds.slice(input.from);
  for (let at = 0; at < ids.length; at += atOnce) {
    if (performance.now() > endsAt || deps.stopping?.aborted) return { next: input.from + at };
    const operations = await loadTold(tenant, input, ids.slice(at, at + atOnce));
    await Promise.all(operations.map((operation) => work({ tenant, input }, operation)));
  }
  return { next: null };
}

/** update-google-object for the operations of a burst, as fast as Google lets us; one in trouble goes on alone. */
export function updateManyGoogleObjectsActivity(deps: ActivityDeps) {
  const update = updateGoogleObjectActivity(deps);
  return async (input: ToldElsewhere): Promise<ToldSlice> => {
    if (input.from === 0) {
      const tenant = deps.database.tenant(input.tenantId);
      const ids = (await loadTold(tenant, input, null)).map(({ operationId }) => operationId);
      await showWaiting(tenant, input, ids, 'update-google-object', WAITS_FOR_GOOGLE);
    }
    return inOrder(
      deps,
      input,
      'update-google-object',
      GOOGLE_AT_ONCE,
      async ({ tenant }, { operationId, run, passId }) => {
        for (let waitedMs = 0; ;) {
          try {
            await update({ tenantId: tenant.tenantId, operationId, run, passId });
            return;
          } catch (error) {
            const waitMs = waitOf(error);
            if (waitMs === null || waitedMs + waitMs > PATIENCE_MS) {
              return leaveBurst(tenant, input, 'update-google-object', [leaverOf(operationId, error)]);
            }
            waitedMs += waitMs;
            await pause(waitMs);
          }
        }
      },
    );
  };
}

const waitOf = (error: unknown): number | null =>
  error instanceof TransientError && ASKS_TO_WAIT.has(error.code) ? (error.retryAfterMs ?? 1_000) : null;

/** The write-back steps for the operations of a burst, at the pace of the account; one in trouble goes on alone. */
export function writeBackManyActivity(deps: ActivityDeps) {
  const visit = writeBackVisitActivity(deps);
  return (input: ToldElsewhere): Promise<ToldSlice> =>
    inOrder(deps, input, 'write-back-profile', 1, async ({ tenant }, { operationId, kind, run, passId }) => {
      const event = writeBackEventOfChange(kind);
      const target = { tenantId: tenant.tenantId, operationId, run, passId, event };
      let from: WriteBackStepName = 'write-back-profile';
      for (let waitedMs = 0; ;) {
        const visited: VisitedKlaviyo = await visit({ ...target, from }).catch((error: unknown) => {
          if (!(error instanceof PermanentError)) throw error;
          // Alone, the operation fails by the same answer, with all that a failure brings.
          return { next: from, code: error.code, waitMs: 0 };
        });
        const { next, code, waitMs = 1_000 } = visited;
        if (next === null) return;
        const waits = code !== undefined && ASKS_TO_WAIT.has(code) && waitedMs + waitMs <= PATIENCE_MS;
        // Without a code, the visit only ran out of time: it goes on where it stopped.
        if (code !== undefined && !waits) return leaveBurst(tenant, input, next, [{ operationId }]);
        if (waits) {
          waitedMs += waitMs;
          await pause(waitMs);
        }
        from = next;
      }
    });
}

/** Ends the operations of a burst of which everybody has been told. */
export function endToldActivity(deps: ActivityDeps) {
  return async function endTold(ref: BurstStepInput): Promise<{ ended: number }> {
    const tenant = deps.database.tenant(ref.tenantId);
    await forgetWaiting(tenant, ref, 'update-google-object');
    const told = await loadTold(tenant, ref, null);
    const endings = told.map(({ operationId, kind, made }) => ({
      operationId,
      outcome: outcomeOfChange(kind, {
        typeChanged: made.includes('type'),
        changed: made.length > 0,
        superseded: false,
      }),
    }));
    await endBurstOperations(tenant, ref, endings);
    return { ended: endings.length };
  };
}
