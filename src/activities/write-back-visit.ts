import { findWriteBackOperations } from '../database/klaviyo/write-back.js';
import { recordStep } from '../database/operations/steps.js';
import type { ActivityDeps } from './deps.js';
import { knownOperation } from './known-operation.js';
import { writeBackEventActivity } from './write-back-event.js';
import { writeBackObjectActivity } from './write-back-object.js';
import { writeBackProfileActivity } from './write-back-profile.js';
import { classify } from './translate-failures.js';
import type { VisitMemory, WriteBackInput } from './write-back-step.js';

/** The event comes last: a flow that it starts finds profile and object in place. */
const ORDER = ['write-back-profile', 'write-back-object', 'write-back-event'] as const;
export type WriteBackStepName = (typeof ORDER)[number];

export interface VisitedKlaviyo {
  /** The first step that is not done, with what stopped it; null where all are. */
  next: WriteBackStepName | null;
  code?: string;
  /** How long the account's limits ask to wait. */
  waitMs?: number;
}

/** No step begins later: the visit must end within the first try of a step, and a call may take eight seconds. */
const LAST_BEGIN_MS = 2_000;

/**
 * Runs all write-back steps of one pass in one visit, each with its own evidence. A step with a transient failure
 * continues as an activity of its own, visible and retried; only permanent failures are thrown.
 */
export function writeBackVisitActivity(deps: ActivityDeps) {
  const steps = {
    'write-back-profile': writeBackProfileActivity(deps),
    'write-back-object': writeBackObjectActivity(deps),
    'write-back-event': writeBackEventActivity(deps),
  };
  return async function writeBackVisit(input: WriteBackInput & { from?: WriteBackStepName }): Promise<VisitedKlaviyo> {
    const { from = ORDER[0], ...target } = input;
    const memory: VisitMemory = {};
    const beganMs = performance.now();
    const sql = deps.database.tenant(target.tenantId);
    memory.operation = knownOperation(await findWriteBackOperations(sql, target.operationId, ORDER));
    for (const step of ORDER.slice(ORDER.indexOf(from))) {
      if (step === 'write-back-event' && target.event === null) continue;
      if (performance.now() - beganMs > LAST_BEGIN_MS) return { next: step };
      try {
        const { state } = await steps[step](target, memory);
        if (state === 'key-refused') return { next: step, code: 'klaviyo-key-refused' };
      } catch (error) {
        const { tenantId, operationId, run } = target;
        const { code, message, permanent, retryAfterMs } = classify(error);
        const state = permanent ? 'failed' : 'retrying';
        const record = { tenantId, operationId, run, step, state, error: { code, message } } as const;
        await recordStep(sql, record);
        if (permanent) throw error;
        return { next: step, code, ...(retryAfterMs !== undefined && { waitMs: retryAfterMs }) };
      }
    }
    return { next: null };
  };
}
