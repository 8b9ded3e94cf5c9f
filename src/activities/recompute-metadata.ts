import { timesOfPass, withDefaults } from '../passes/pass-view.js';
import { computeVisuals, visualChanges } from '../passes/visuals.js';
import type { LoadedForChange } from '../database/passes/passes.js';
import { leftOutOfPass } from './left-out.js';
import { changePass, type ChangeInput, type Decision } from './change-pass.js';
import type { ActivityDeps } from './deps.js';

export interface RecomputedMetadata {
  changed: number;
  revision: number | null;
}

/** Computes the data-dependent visuals again, from the newest version of the pass type, which the pass then has. */
export function recomputeMetadataActivity(deps: ActivityDeps) {
  return async function recomputeMetadata(ref: ChangeInput): Promise<RecomputedMetadata> {
    return changePass<RecomputedMetadata>(deps, {
      ref,
      change: 'metadata',
      step: 'recompute-metadata',
      repeated: (revision, changed) => ({ changed: Object.keys(changed).length, revision }),
      decide: (loaded) => decideMetadata(deps, ref.tenantId, loaded),
    });
  };
}

/** The rule of the step, for one operation and for many alike. */
export async function decideMetadata(
  deps: Pick<ActivityDeps, 'passTypes' | 'tenantSettings'>,
  tenantId: string,
  { pass }: Pick<LoadedForChange, 'pass'>,
): Promise<Decision<RecomputedMetadata>> {
  const current = await deps.passTypes.version(tenantId, pass.pass_type_id, pass.pass_type_version);
  const newest = (await deps.passTypes.current(tenantId, pass.pass_type_id)) ?? current;
  const fields = withDefaults(newest.design, pass.data);
  const settings = await deps.tenantSettings(tenantId);
  const times = timesOfPass(newest.design, fields, settings);
  const visuals = computeVisuals(newest.design, fields, times);
  const moved = newest.version !== pass.pass_type_version;
  const changed: Record<string, unknown> = visualChanges(pass.visuals, visuals);
  const after = { ...pass, visuals, pass_type_version: newest.version };
  // Also where no visual changes: a conversion to a type without visuals must say what it leaves out.
  const warnings = leftOutOfPass(newest, after, settings);
  const told = warnings.length > 0 && { warnings };
  if (Object.keys(changed).length === 0 && !moved) {
    return { nothing: true, detail: { changed: [], ...told }, result: { changed: 0, revision: null } };
  }
  if (moved) changed['passTypeVersion'] = { from: pass.pass_type_version, to: newest.version };
  const changedFields = Object.keys(changed);
  return {
    write: { after, changed, changedFields },
    detail: { changed: changedFields, ...told },
    result: (revision) => ({ changed: changedFields.length, revision }),
  };
}
