import type { PassRow } from '../database/passes/passes.js';
import type { PassTypeVersion } from '../passes/pass-type.js';
import type { TenantSettings } from '../passes/tenant-settings.js';
import type { ActivityDeps } from './deps.js';

/** What a change of a pass is judged by, beside the pass: read first, so that the rule itself is a pure function. */
export interface PassDesign {
  /** The version of its type that the pass has. */
  version: PassTypeVersion;
  settings: TenantSettings;
}

export type DesignReaders = Pick<ActivityDeps, 'passTypes' | 'tenantSettings'>;

/** Type and settings of a pass, from memory for all but the first. */
export async function designOf(deps: DesignReaders, pass: PassRow): Promise<PassDesign> {
  const [version, settings] = await Promise.all([
    deps.passTypes.version(pass.tenant_id, pass.pass_type_id, pass.pass_type_version),
    deps.tenantSettings(pass.tenant_id),
  ]);
  return { version, settings };
}
