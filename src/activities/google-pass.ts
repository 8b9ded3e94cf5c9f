import { loadGooglePass, type GoogleObjectRow } from '../database/devices/google-objects.js';
import type { PassRow } from '../database/passes/passes.js';
import { PermanentError } from '../common/errors.js';
import { showPass } from '../passes/offer.js';
import type { GoogleDesign, PassTypeDesign } from '../passes/pass-type.js';
import { googleClassId, googleObjectId } from '../wallets/google/resource-ids.js';
import type { ActivityDeps, GoogleAccess } from './deps.js';

/** A pass with what its objects at Google need. */
export interface LoadedGoogle {
  access: GoogleAccess;
  pass: PassRow;
  objects: GoogleObjectRow[];
  design: PassTypeDesign;
  /** What the pass's type says of Google; null: its object, if any, goes out of use. */
  target: { design: GoogleDesign; classId: string } | null;
  anchor: { objectId: string; objectType: string; classId: string };
}

/** The pass and its objects as they are now; undefined where the pass is not for Google Wallet. */
export async function loadGoogle(
  deps: ActivityDeps,
  ref: { tenantId: string; passId: string },
): Promise<LoadedGoogle | undefined> {
  const { tenantId, passId } = ref;
  if ((await deps.tenantSettings(tenantId)).google.issuerId === null) return undefined;
  const loaded = await loadGooglePass(deps.database.tenant(tenantId), passId);
  if (!loaded) throw new PermanentError('pass-vanished', 'The pass of this operation no longer exists.');
  const { objects } = loaded;
  const { pass, version } = await showPass(loaded.pass, await deps.tenantSettings(tenantId), (id, number) =>
    deps.passTypes.version(tenantId, id, number),
  );
  const { design } = version;
  const live = objects.find(({ state }) => state === 'live');
  // A pass that was deleted before it came to Google stays away.
  if (!live && (!design.google || pass.state === 'deleted')) return undefined;
  const access = await deps.google.forTenant(tenantId);
  if (!access) return undefined;
  const { issuerId } = access;
  const target = design.google
    ? { design: design.google, classId: googleClassId(issuerId, tenantId, design.google.classSuffix) }
    : null;
  const anchor = {
    objectId: googleObjectId(issuerId, tenantId, passId),
    objectType: target?.design.type ?? live!.object_type,
    classId: target?.classId ?? live!.class_id,
  };
  return { access, pass, objects, design, target, anchor };
}
