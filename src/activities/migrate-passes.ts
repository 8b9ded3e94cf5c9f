import { acceptMigrations, beginMigration, countMigration } from '../database/bulk/migrate-passes.js';
import { recordStep } from '../database/operations/steps.js';
import { PermanentError } from '../common/errors.js';
import type { ActivityDeps, StepInput } from './deps.js';
import { knownOperation } from './known-operation.js';

export type MigratedBatch = { done: true; cancelled: boolean } | { done: false; pauseMs: number };

/** Pause between two batches: short enough that a pause asked for is soon one, long enough for few steps. */
const BATCH_MS = 10_000;
const LARGEST_BATCH = 500;
/** Pause between checks of the updates that are still running. */
const FINISH_MS = 5_000;
/** Pause between checks of whether a paused migration has been resumed. */
const PAUSED_LOOK_MS = 5_000;

/**
 * Accepts the next batch of updates that move passes to the current version of their type, each an operation of its own
 * with its status, its order and its notifications. Its progress, and whether it is paused, is stored with the step, so
 * that any run goes on there.
 */
export function migratePassesActivity(deps: ActivityDeps) {
  return async function migratePasses(ref: StepInput): Promise<MigratedBatch> {
    const sql = deps.database.tenant(ref.tenantId);
    const begun = knownOperation(await beginMigration(sql, ref));
    const step = { ...ref, step: 'migrate-passes' } as const;
    if (begun.cancelled) {
      await recordStep(sql, { ...step, state: 'skipped', detail: { cancelled: true } });
      return { done: true, cancelled: true };
    }
    const { passTypeId, perMinute } = begun.input;
    if (begun.paused) {
      await recordStep(sql, { ...step, state: 'waiting', detail: { ...(await countMigration(sql, ref, passTypeId)) } });
      return { done: false, pauseMs: PAUSED_LOOK_MS };
    }
    const current = await deps.passTypes.current(ref.tenantId, passTypeId);
    if (!current) throw new PermanentError('unknown-pass-type', `There is no pass type ${passTypeId}.`);
    const limit = Math.min(LARGEST_BATCH, Math.max(1, Math.floor((perMinute * BATCH_MS) / 60_000)));
    const accepted = await acceptMigrations(sql, ref, { ...begun, passTypeId, version: current.version, limit });
    if (accepted > 0) return { done: false, pauseMs: Math.round((accepted * 60_000) / perMinute) };
    if (begun.sweep !== null && begun.sweep < current.version) {
      // A newer version came meanwhile: passes that went to the one before it are moved as well.
      await recordStep(sql, { ...step, state: 'waiting', detail: { sweep: current.version, cursor: null } });
      return { done: false, pauseMs: 1 };
    }
    const left = await countMigration(sql, ref, passTypeId);
    const detail = { ...left, version: current.version };
    await recordStep(sql, { ...step, state: left.unfinished > 0 ? 'waiting' : 'succeeded', detail });
    return left.unfinished > 0 ? { done: false, pauseMs: FINISH_MS } : { done: true, cancelled: false };
  };
}
