import { listLivePassIds } from '../database/customers/customers.js';
import { resolveCustomer } from '../database/customers/merge.js';
import { recordStep } from '../database/operations/steps.js';
import { profileValues } from '../klaviyo/profile-values.js';
import { mergeFields } from '../passes/field-order.js';
import { coerceFields } from '../passes/field-values.js';
import type { JsonValue } from '../common/json.js';
import { timesOfPass, withDefaults } from '../passes/pass-view.js';
import { unlistedCases } from '../passes/unlisted-cases.js';
import { followVisuals } from '../passes/visuals.js';
import { leftOutOfPass } from './left-out.js';
import type { LoadedForChange } from '../database/passes/passes.js';
import { changePass, type Decision } from './change-pass.js';
import type { ActivityDeps, StepInput } from './deps.js';
import { designOf, type PassDesign } from './pass-design.js';
import { readInput } from './read-input.js';
import { versionOf } from './released-identifiers.js';

export interface UpdatedPasses {
  changed: string[];
  superseded: number;
}

interface OnePass {
  changed: boolean;
  superseded: number;
}

/** Carries the profile into every live pass of the customer whose fields have a source in it; a revision for each pass. */
export function updatePassesActivity(deps: ActivityDeps) {
  return async function updatePasses(ref: StepInput & { customerId: string }): Promise<UpdatedPasses> {
    const { tenantId, operationId, run } = ref;
    const sql = deps.database.tenant(tenantId);
    const passIds = await listLivePassIds(sql, await resolveCustomer(sql, ref.customerId));
    const result: UpdatedPasses = { changed: [], superseded: 0 };
    for (const passId of passIds) {
      const one = await changePass<OnePass>(deps, {
        ref: { tenantId, operationId, run, passId },
        change: 'data',
        step: 'update-passes',
        repeated: () => ({ changed: true, superseded: 0 }),
        decide: async (loaded) => decideProfileData(loaded, await designOf(deps, loaded.pass)),
      });
      if (one.changed) result.changed.push(passId);
      result.superseded += one.superseded;
    }
    if (passIds.length === 0) {
      const detail = { reason: 'The customer has no live pass.' };
      await recordStep(sql, { tenantId, operationId, run, step: 'update-passes', state: 'skipped', detail });
    }
    return result;
  };
}

/** The rule of the step: what of the profile a pass shows, as far as nothing that came later has set it. */
export function decideProfileData(
  { pass, operation }: LoadedForChange,
  { version, settings }: PassDesign,
): Decision<OnePass> {
  const input = readInput<'profile-sync'>(operation, 'identifiers');
  const { sources } = profileValues(input, settings);
  const { design } = version;
  const fields = design.fields.filter((f) => f.source !== undefined && Object.hasOwn(sources, f.source));
  const data = Object.fromEntries(fields.map((f): [string, JsonValue] => [f.apiFieldName, sources[f.source!]!]));
  const coerced = coerceFields(fields, data, { mode: 'update', base: '/profile', escaped: false });
  // A profile that lost a required value must not block the rest: the pass keeps what it has.
  const kept = coerced.problems.map(({ pointer, message, cure }) => ({
    pointer,
    message: `${message}, so it was left unchanged: ${cure}`,
  }));
  const merged = mergeFields(
    { data: pass.data, sequences: pass.field_sequences },
    coerced.values,
    operation.acceptance_sequence,
    versionOf(input),
  );
  const { changed, superseded } = merged;
  const after = withDefaults(design, merged.data);
  const passedOver = [...coerced.warnings, ...kept, ...unlistedCases(design, after, changed, '/profile')];
  const detail = {
    [pass.pass_id]: {
      changed,
      ...(superseded.length > 0 && { superseded }),
      ...(passedOver.length > 0 && { warnings: passedOver }),
    },
  };
  const counts = { changed: changed.length > 0, superseded: superseded.length };
  if (changed.length === 0) {
    return merged.moved
      ? { sequences: merged.sequences, detail, result: counts }
      : { nothing: true, detail, result: counts };
  }
  const times = timesOfPass(design, after, settings);
  const follow = followVisuals(design, pass.visuals, after, changed, times);
  const visuals = Object.keys(follow.changed);
  const trail = changed.map((field) => [field, { from: pass.data[field] ?? null, to: merged.data[field] ?? null }]);
  const written = {
    ...pass,
    data: merged.data,
    field_sequences: merged.sequences,
    visuals: follow.visuals,
  };
  const told = [...passedOver, ...leftOutOfPass(version, written, settings)];
  return {
    write: {
      after: written,
      changed: { ...(Object.fromEntries(trail) as Record<string, unknown>), ...follow.changed },
      changedFields: [...changed, ...visuals],
      ...(visuals.length > 0 && { recomputed: { [pass.pass_id]: { changed: visuals } } }),
    },
    detail: { [pass.pass_id]: { ...detail[pass.pass_id], ...(told.length > 0 && { warnings: told }) } },
    result: () => counts,
  };
}
