import { lockTag, loadForChange, type ChangeKind, type LoadedForChange } from '../database/passes/passes.js';
import {
  writeChange,
  writeSequences,
  writeStateSequence,
  writeTypeSequence,
  type PassChange,
} from '../database/passes/write-change.js';
import { recordFound, recordStep, type FoundEvidence, type StepRecord } from '../database/operations/steps.js';
import { findRevision } from '../database/passes/pass-lookup.js';
import { PermanentError, TransientError } from '../common/errors.js';
import type { Outcome, Step } from '../passes/operation.js';
import type { ActivityDeps, StepInput } from './deps.js';
import type { FoundPasses } from './loaded-pass-cache.js';

/** What a step decides when it sees the pass as it is now. */
export type Decision<Result> =
  | {
      write: Pick<PassChange, 'after' | 'changed' | 'changedFields' | 'recomputed'>;
      detail: Record<string, unknown>;
      result: (revision: number) => Result;
    }
  | { sequences: Record<string, string>; detail: Record<string, unknown>; result: Result }
  | { stateSequence: string; detail: Record<string, unknown>; result: Result }
  | { typeSequence: string; detail: Record<string, unknown>; result: Result }
  /** `ends`: with this step the operation of a burst ends so; alone, its workflow says it by the result. */
  | { nothing: true; detail: Record<string, unknown>; ends?: Outcome; result: Result };

/** Input of a step that changes a pass; the first one also writes down how the pass was found. */
export interface ChangeInput extends StepInput {
  passId: string;
  found?: FoundEvidence;
}

export interface ChangeRequest<Result> {
  ref: ChangeInput;
  change: ChangeKind;
  step: Step;
  /** Of the steps that may come right after find-pass. */
  foundPasses?: FoundPasses;
  /** The result of an earlier attempt that had committed before its answer was lost. */
  repeated(revision: number, changed: Record<string, unknown>): Result;
  decide(loaded: LoadedForChange): Decision<Result> | Promise<Decision<Result>>;
}

const OPTIMISTIC_TRIES = 3;

/**
 * Reads the pass, decides, and writes if no other write came in between: two round trips where there is no contention, one
 * where find-pass has just read it.
 * A pass under a burst falls back to a lock, so that every writer gets its turn.
 */
export async function changePass<Result>(deps: ActivityDeps, request: ChangeRequest<Result>): Promise<Result> {
  try {
    return await change(deps, request);
  } catch (error) {
    // The step goes on as a retrying one, or fails: what find-pass found must be seen meanwhile.
    const { found, ...ref } = request.ref;
    if (found)
      await recordFound(deps.database.tenant(ref.tenantId), ref, { ...found, passId: ref.passId }).catch(
        () => undefined, // The step's own error says more than a second one.
      );
    throw error;
  }
}

async function change<Result>(deps: ActivityDeps, request: ChangeRequest<Result>): Promise<Result> {
  const sql = deps.database.tenant(request.ref.tenantId);
  for (let attempt = 0; attempt < OPTIMISTIC_TRIES; attempt++) {
    const read = attempt === 0 && request.ref.found ? request.foundPasses?.take(request.ref) : undefined;
    const done = await tryOnce(sql, request, false, read);
    if (done) return done.result;
  }
  return sql.transaction(async (locked) => {
    const now = await findRevision(locked, request.ref.passId);
    if (now?.passTypeIdentifier) await lockTag(locked, now.passTypeIdentifier);
    const done = await tryOnce(locked, request, true);
    if (!done)
      throw new TransientError('pass-contended', 'The pass was written by another operation while its row was locked.');
    return done.result;
  });
}

async function tryOnce<Result>(
  sql: Parameters<typeof loadForChange>[0],
  request: ChangeRequest<Result>,
  lock: boolean,
  read?: LoadedForChange,
): Promise<{ result: Result } | undefined> {
  const { change } = request;
  const { found, ...ref } = request.ref;
  const loaded = read ?? (await loadForChange(sql, ref, change, lock));
  if (!loaded) throw new PermanentError('pass-vanished', 'The pass of this operation no longer exists.');
  const step: StepRecord = { ...ref, step: request.step, state: 'succeeded' };
  if (loaded.recorded) {
    const result = request.repeated(loaded.recorded.revision, loaded.recorded.changed);
    await recordStep(sql, { ...step, detail: { revision: loaded.recorded.revision } });
    return { result };
  }
  const decision = await request.decide(loaded);
  step.detail = decision.detail;
  if (found && !('write' in decision)) await recordFound(sql, ref, { ...found, passId: ref.passId });
  if ('write' in decision) {
    const revision = await writeChange(sql, { before: loaded.pass, change, step, found, ...decision.write });
    return revision === undefined ? undefined : { result: decision.result(revision) };
  }
  if ('sequences' in decision) {
    return (await writeSequences(sql, loaded.pass, decision.sequences, step)) ? { result: decision.result } : undefined;
  }
  if ('stateSequence' in decision) {
    const moved = await writeStateSequence(sql, loaded.pass, decision.stateSequence, step);
    return moved ? { result: decision.result } : undefined;
  }
  if ('typeSequence' in decision) {
    const moved = await writeTypeSequence(sql, loaded.pass, decision.typeSequence, step);
    return moved ? { result: decision.result } : undefined;
  }
  await recordStep(sql, step);
  return { result: decision.result };
}
