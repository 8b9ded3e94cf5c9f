import { invalidData } from './invalid-data.js';
import { PermanentError } from '../common/errors.js';
import { mergeFields, outgrows } from '../passes/field-order.js';
import { coerceFields } from '../passes/field-values.js';
import { timesOfPass, withDefaults } from '../passes/pass-view.js';
import { unlistedCases } from '../passes/unlisted-cases.js';
import { followVisuals } from '../passes/visuals.js';
import type { LoadedForChange } from '../database/passes/passes.js';
import { leftOutOfPass } from './left-out.js';
import { changePass, type ChangeInput, type Decision } from './change-pass.js';
import type { ActivityDeps } from './deps.js';
import type { FoundPasses } from './loaded-pass-cache.js';
import { designOf, type PassDesign } from './pass-design.js';
import { readInput } from './read-input.js';

export interface AppliedData {
  changed: number;
  superseded: number;
  revision: number | null;
}

/** `recomputes`: the step recompute-metadata comes next and updates the visuals. */
export interface ApplyData extends ChangeInput {
  recomputes?: boolean;
}

/**
 * Writes the operation's fields, except those that an operation accepted later has set. Idempotent by (pass,
 * operation). Visuals that depend on a changed field change in the same revision, so a phone never sees one without
 * the other.
 */
export function applyDataActivity(deps: ActivityDeps, foundPasses: FoundPasses) {
  return async function applyData({ recomputes = false, ...ref }: ApplyData): Promise<AppliedData> {
    return changePass<AppliedData>(deps, {
      ref,
      change: 'data',
      step: 'apply-data',
      foundPasses,
      repeated: (revision, changed) => ({ changed: Object.keys(changed).length, superseded: 0, revision }),
      decide: async (loaded) => decideData(loaded, await designOf(deps, loaded.pass), recomputes),
    });
  };
}

/** The rule of the step, for one operation and for many alike: the operation's fields on the pass as it is now. */
export function decideData(
  { pass, operation }: LoadedForChange,
  { version, settings }: PassDesign,
  recomputes = false,
): Decision<AppliedData> {
  const input = readInput<'push-update'>(operation, 'data');
  const { design } = version;
  const coerced = coerceFields(design.fields, input.data, { mode: 'update', allowCustom: true });
  if (coerced.problems.length > 0) {
    throw invalidData(coerced.problems, design);
  }
  const before = { data: pass.data, sequences: pass.field_sequences };
  const merged = mergeFields(before, coerced.values, operation.acceptance_sequence, input.version ?? null);
  if (outgrows(before, merged)) {
    throw new PermanentError(
      'invalid-data',
      'The pass would hold more than 1 MB. Look for a key that differs in every delivery, and clear what is not needed with null.',
    );
  }
  const fields = withDefaults(design, merged.data);
  const warnings = [...coerced.warnings, ...unlistedCases(design, fields, merged.changed)];
  const detail = {
    changed: merged.changed,
    ...(merged.superseded.length > 0 && { superseded: merged.superseded }),
    ...(warnings.length > 0 && { warnings }),
  };
  const counts = { changed: merged.changed.length, superseded: merged.superseded.length };
  if (merged.changed.length === 0) {
    const result = { ...counts, revision: null };
    return merged.moved ? { sequences: merged.sequences, detail, result } : { nothing: true, detail, result };
  }
  const changed = Object.fromEntries(
    merged.changed.map((field) => [field, { from: pass.data[field] ?? null, to: merged.data[field] ?? null }]),
  );
  const times = timesOfPass(design, fields, settings);
  const follow = recomputes ? undefined : followVisuals(design, pass.visuals, fields, merged.changed, times);
  const visuals = Object.keys(follow?.changed ?? {});
  const after = {
    ...pass,
    data: merged.data,
    field_sequences: merged.sequences,
    visuals: follow?.visuals ?? pass.visuals,
  };
  const told = [...warnings, ...(recomputes ? [] : leftOutOfPass(version, after, settings))];
  return {
    write: {
      after,
      changed: { ...changed, ...follow?.changed },
      changedFields: [...merged.changed, ...visuals],
      ...(visuals.length > 0 && { recomputed: { changed: visuals } }),
    },
    detail: { ...detail, ...(told.length > 0 && { warnings: told }) },
    result: (revision) => ({ ...counts, revision }),
  };
}
