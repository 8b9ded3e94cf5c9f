import {
  beginBurstStep,
  finishBurstStep,
  leaveBurst,
  type BurstRef,
  type Leaver,
} from '../../database/bursts/burst-steps.js';
import type { TenantSql } from '../../database/connect.js';
import { PermanentError } from '../../common/errors.js';
import type { Step } from '../../passes/operation.js';
import type { ActivityDeps } from '../deps.js';
import { classify } from '../translate-failures.js';

/** What every step of a burst is given: ids only. */
export type BurstStepInput = BurstRef;

/** What one slice of a burst has at hand. */
export interface Slice {
  tenant: TenantSql;
  ref: BurstRef;
  /** In the order of acceptance. */
  operationIds: string[];
  /** Takes operations out of the burst: each goes on as a run of its own. */
  leave(leavers: readonly Leaver[]): Promise<void>;
}

/** Slices are smaller by this factor after each attempt whose worker died. */
const SHRINK = 4;

/** The size of a slice at an attempt; 0 where even one operation at a time had died. */
export function sliceSize(operations: number, attempt: number): number {
  const size = Math.ceil(operations / SHRINK ** (attempt - 1));
  if (size > 1 || attempt === 1) return Math.max(1, size);
  return Math.ceil(operations / SHRINK ** (attempt - 2)) > 1 ? 1 : 0;
}

/**
 * Runs a step for the operations of a burst that still need it: all at once, after each crash in smaller slices. If slices of
 * one crash as well, the first operation that is left is the cause, and leaves the burst. `work` passes over operations that
 * are done; after a crash, `todo` names those that are left, so that no slice is empty.
 */
export async function inSlices(
  deps: ActivityDeps,
  ref: BurstRef,
  step: Step,
  todo: (tenant: TenantSql, operationIds: string[]) => Promise<string[]>,
  work: (slice: Slice) => Promise<void>,
  reached?: 'found' | 'notified',
): Promise<void> {
  const tenant = deps.database.tenant(ref.tenantId);
  const begun = await beginBurstStep(tenant, ref, step);
  if (!begun) throw new PermanentError('burst-unknown', 'The burst is not in the database: its tenant was deleted.');
  let size = sliceSize(begun.operationIds.length, begun.attempt);
  let open = begun.attempt === 1 ? begun.operationIds : await todo(tenant, begun.operationIds);
  const leave = (leavers: readonly Leaver[]) => leaveBurst(tenant, ref, step, leavers);
  if (size === 0) {
    const [first, ...rest] = open;
    const message = 'The worker died each time that it took this operation up; it goes on alone.';
    if (first !== undefined) await leave([{ operationId: first, error: { code: 'burst-died', message } }]);
    open = rest;
    size = 1;
  }
  for (let from = 0; from < open.length; from += size) {
    await work({ tenant, ref, operationIds: open.slice(from, from + size), leave });
  }
  await finishBurstStep(tenant, ref, step, reached);
}

/** An outage is no operation's own fault: the step is retried as it is. */
export const isOutage = (error: unknown): boolean => classify(error).code === 'database-unavailable';

/** An operation that leaves, with what its status says of its trouble. */
export function leaverOf(operationId: string, error: unknown): Leaver {
  const { code, message } = classify(error);
  return { operationId, error: { code, message } };
}
