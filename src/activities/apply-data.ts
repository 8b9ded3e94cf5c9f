import { invalidData } from './invalid-data.js';
import { PermanentError } from '../common/errors.js';
import { mergeFields, outgrows } from '../passes/field-order.js';
import { coerceFields } from '../passes/field-values.js';
import type { PushUpdateInput } from '../passes/operation-input.js';
import type { LoadedForChange } from '../database/passes/passes.js';
import { changePass, type ChangeInput, type Decision } from './change-pass.js';
import type { ActivityDeps } from './deps.js';
import type { FoundPasses } from './loaded-pass-cache.js';

export interface AppliedData {
  changed: number;
  superseded: number;
  revision: number | null;
}

/** Writes the operation's fields where no later accepted operation was before; idempotent by (pass, operation). */
export function applyDataActivity(deps: ActivityDeps, foundPasses: FoundPasses) {
  return async function applyData(ref: ChangeInput): Promise<AppliedData> {
    return changePass<AppliedData>(deps, {
      ref,
      change: 'data',
      step: 'apply-data',
      foundPasses,
      repeated: (revision, changed) => ({ changed: Object.keys(changed).length, superseded: 0, revision }),
      decide: (loaded) => decideData(deps, ref.tenantId, loaded),
    });
  };
}

/** The rule of the step, for one operation and for many alike: the operation's fields on the pass as it is now. */
export async function decideData(
  deps: Pick<ActivityDeps, 'passTypes'>,
  tenantId: string,
  { pass, operation }: LoadedForChange,
): Promise<Decision<AppliedData>> {
  const input = operation.input as unknown as PushUpdateInput;
  const { design } = await deps.passTypes.version(tenantId, pass.pass_type_id, pass.pass_type_version);
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
  const detail = {
    changed: merged.changed,
    ...(merged.superseded.length > 0 && { superseded: merged.superseded }),
    ...(coerced.warnings.length > 0 && { warnings: coerced.warnings }),
  };
  const counts = { changed: merged.changed.length, superseded: merged.superseded.length };
  if (merged.changed.length === 0) {
    const result = { ...counts, revision: null };
    return merged.superseded.length === Object.keys(coerced.values).length
      ? { nothing: true, detail, result }
      : { sequences: merged.sequences, detail, result };
  }
  const changed = Object.fromEntries(
    merged.changed.map((field) => [field, { from: pass.data[field] ?? null, to: merged.data[field] ?? null }]),
  );
  return {
    write: {
      after: { ...pass, data: merged.data, field_sequences: merged.sequences },
      changed,
      changedFields: merged.changed,
    },
    detail,
    result: (revision) => ({ ...counts, revision }),
  };
}
