import { timesOfPass, withDefaults } from '../passes/pass-view.js';
import { computeVisuals, visualChanges } from '../passes/visuals.js';
import type { LoadedForChange, PassRow } from '../database/passes/passes.js';
import { leftOutOfPass } from './left-out.js';
import { changePass, type ChangeInput, type Decision } from './change-pass.js';
import type { ActivityDeps } from './deps.js';
import { designOf, type DesignReaders, type PassDesign } from './pass-design.js';

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
      decide: async (loaded) => decideMetadata(loaded, await newestDesignOf(deps, loaded.pass)),
    });
  };
}

/** The newest version of the pass's type; the one that it has where the type is gone. */
export async function newestDesignOf(deps: DesignReaders, pass: PassRow): Promise<PassDesign> {
  const present = await designOf(deps, pass);
  return { ...present, version: (await deps.passTypes.current(pass.tenant_id, pass.pass_type_id)) ?? present.version };
}

/** The rule of the step, for one operation and for many alike. */
export function decideMetadata(
  { pass }: Pick<LoadedForChange, 'pass'>,
  { version: newest, settings }: PassDesign,
): Decision<RecomputedMetadata> {
  const fields = withDefaults(newest.design, pass.data);
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
