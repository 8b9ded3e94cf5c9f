import {
  loadPasses,
  loadUndone,
  writeBurstChanges,
  type BurstChange,
  type BurstPass,
  type UndoneOperation,
} from '../../database/bursts/changes.js';
import { endBurstOperations, recordBurstStep, type Leaver } from '../../database/bursts/burst-steps.js';
import type { ChangeKind, LoadedForChange, PassRow } from '../../database/passes/passes.js';
import type { Step } from '../../passes/operation.js';
import type { Decision } from '../change-pass.js';
import type { ActivityDeps } from '../deps.js';
import { inSlices, isOutage, leaverOf, type BurstStepInput, type Slice } from './burst-step.js';
import { inHalves } from './in-halves.js';

export interface ChangedPasses {
  /** Operations of which a phone could see something. */
  changed: number;
}

interface BurstChangeRequest {
  ref: BurstStepInput;
  step: Step;
  change: ChangeKind;
  /** Whether an operation asks for this step. */
  asks(operation: UndoneOperation): boolean;
  /** False where a cancellation comes too late for this step. Default true. */
  cancellable?: false;
  /** Reads what else `decide` needs, each time after the passes were read. */
  prepare?(slice: Slice, operations: readonly UndoneOperation[], passes: ReadonlyMap<string, PassRow>): Promise<void>;
  decide(loaded: LoadedForChange, operation: UndoneOperation): Promise<Decision<unknown>>;
}

const OPTIMISTIC_TRIES = 3;
const idOf = ({ operationId }: { operationId: string }): string => operationId;

/** Runs one kind of change over a burst: reads all passes, decides in the order of acceptance, writes each pass once. */
export async function changePasses(deps: ActivityDeps, request: BurstChangeRequest): Promise<ChangedPasses> {
  const { ref, step } = request;
  const counts = { changed: 0 };
  const undone = async (tenant: Slice['tenant'], ids: string[]) => (await undoneOf(tenant, ids, request)).map(idOf);
  await inSlices(deps, ref, step, undone, async (slice) => {
    let open = slice.operationIds;
    for (let attempt = 0; attempt < OPTIMISTIC_TRIES && open.length > 0; attempt++) {
      open = await changeSlice(slice, open, request, counts);
    }
    const message = 'The pass is written by others at the same time; the operation goes on alone and takes its turn.';
    await slice.leave(open.map((operationId) => ({ operationId, error: { code: 'pass-contended', message } })));
  });
  return counts;
}

/** The operations that ask for the step and are not through with it. */
const undoneOf = async (tenant: Slice['tenant'], ids: string[], { ref, step, change, asks }: BurstChangeRequest) =>
  (await loadUndone(tenant, ref, ids, step, change)).filter(asks);

/** Returns the operations whose passes another writer changed meanwhile: they are decided again. */
async function changeSlice(
  slice: Slice,
  operationIds: string[],
  request: BurstChangeRequest,
  counts: ChangedPasses,
): Promise<string[]> {
  const { tenant, ref } = slice;
  const operations = await undoneOf(tenant, operationIds, request);
  if (operations.length === 0) return [];
  const passes = await loadPasses(tenant, [...new Set(operations.map(({ passId }) => passId))]);
  await request.prepare?.(slice, operations, passes);
  const decided = await decideAll(operations, passes, request);
  await endBurstOperations(
    tenant,
    ref,
    decided.cancelled.map((operationId) => ({ operationId, outcome: 'cancelled', status: 'cancelled' })),
  );
  await recordBurstStep(
    tenant,
    ref,
    request.step,
    [...decided.unwritten, ...decided.ended].map(({ operationId, detail, outcome }) => ({
      ...{ operationId, state: 'succeeded', detail },
      ...(outcome && { outcome }),
    })),
  );
  const { written, refused } = await write(slice, decided.passes, decided.changes, request);
  await slice.leave([...decided.leavers, ...refused]);
  const gone = new Set(refused.map(idOf));
  counts.changed += decided.changes.filter(({ passId, revision }) => revision && written.has(passId)).length;
  return decided.changes.filter((one) => !written.has(one.passId) && !gone.has(one.operationId)).map(idOf);
}

interface Decided {
  passes: BurstPass[];
  /** Of operations whose passes are written. */
  changes: BurstChange[];
  /** Of operations whose passes stay as they are. */
  unwritten: BurstChange[];
  /** Of operations that end with this step. */
  ended: BurstChange[];
  cancelled: string[];
  leavers: Leaver[];
}

/** Decides each operation on the pass as the one before has left it. */
async function decideAll(
  operations: readonly UndoneOperation[],
  passes: ReadonlyMap<string, PassRow>,
  request: BurstChangeRequest,
): Promise<Decided> {
  const now = new Map(passes);
  const changes: BurstChange[] = [];
  const ended: BurstChange[] = [];
  const cancelled: string[] = [];
  const leavers: Leaver[] = [];
  for (const one of operations) {
    const { operationId, passId, operation, made, recorded } = one;
    const pass = now.get(passId);
    if (operation.cancel_requested && made.length === 0 && request.cancellable !== false) {
      cancelled.push(operationId);
    } else if (!pass) {
      // Erased since it was found: alone, the operation looks for it again.
      leavers.push({ operationId });
    } else if (recorded) {
      changes.push({ operationId, passId, detail: { revision: recorded.revision } });
    } else {
      try {
        const decision = await request.decide({ pass, operation, recorded }, one);
        const after = afterDecision(pass, decision);
        now.set(passId, after);
        const change: BurstChange = { operationId, passId, detail: decision.detail };
        if ('write' in decision) {
          const { changed, changedFields, recomputed } = decision.write;
          change.revision = { number: after.revision, changed, changedFields, ...(recomputed && { recomputed }) };
        }
        if ('nothing' in decision && decision.ends) ended.push({ ...change, outcome: decision.ends });
        else changes.push(change);
      } catch (error) {
        if (isOutage(error)) throw error;
        leavers.push(leaverOf(operationId, error));
      }
    }
  }
  const moved = [...passes.values()].flatMap((before) => {
    const after = now.get(before.pass_id)!;
    return after === before ? [] : [{ before, after }];
  });
  const isMoved = new Set(moved.map(({ before }) => before.pass_id));
  return {
    passes: moved,
    changes: changes.filter(({ passId }) => isMoved.has(passId)),
    unwritten: changes.filter(({ passId }) => !isMoved.has(passId)),
    ended,
    cancelled,
    leavers,
  };
}

/** The pass as a decision leaves it, for the next operation of the same burst. */
function afterDecision(pass: PassRow, decision: Decision<unknown>): PassRow {
  if ('nothing' in decision) return pass;
  const lock_version = pass.lock_version + 1;
  if ('write' in decision) return { ...pass, ...decision.write.after, lock_version, revision: pass.revision + 1 };
  if ('sequences' in decision) return { ...pass, lock_version, field_sequences: decision.sequences };
  if ('typeSequence' in decision) return { ...pass, lock_version, type_sequence: decision.typeSequence };
  return { ...pass, lock_version, state_sequence: decision.stateSequence };
}

/** Writes all passes but those that PostgreSQL refuses; the operations of these are `refused`. */
async function write(
  { tenant, ref }: Slice,
  passes: readonly BurstPass[],
  changes: readonly BurstChange[],
  { step, change }: BurstChangeRequest,
): Promise<{ written: Set<string>; refused: Leaver[] }> {
  const written = new Set<string>();
  const refused: Leaver[] = [];
  const of = (some: readonly BurstPass[]): BurstChange[] => {
    const ids = new Set(some.map(({ before }) => before.pass_id));
    return changes.filter(({ passId }) => ids.has(passId));
  };
  await inHalves(
    passes,
    async (some) => {
      const work = { step, change, passes: some, changes: of(some) };
      for (const passId of await writeBurstChanges(tenant, ref, work)) written.add(passId);
    },
    (pass, error) => void refused.push(...of([pass]).map(({ operationId }) => leaverOf(operationId, error))),
  );
  return { written, refused };
}
