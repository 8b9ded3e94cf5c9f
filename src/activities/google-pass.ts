import { loadGooglePass, type GoogleObjectRow } from '../database/devices/google-objects.js';
import type { OfferObjectRow } from '../database/devices/google-offers.js';
import type { PassRow } from '../database/passes/passes.js';
import { PermanentError } from '../common/errors.js';
import { offersAtGoogle, showInWallet, type LinkedOffer } from '../passes/offer.js';
import type { GoogleDesign, PassTypeDesign } from '../passes/pass-type.js';
import { googleClassId, googleObjectId } from '../wallets/google/resource-ids.js';
import type { ActivityDeps, GoogleAccess } from './deps.js';

/** A pass with what its objects at Google need. */
export interface LoadedGoogle {
  access: GoogleAccess;
  /** As the card shows it. */
  pass: PassRow;
  /** As it is stored, with the offers that the card shows. */
  stored: PassRow;
  objects: GoogleObjectRow[];
  /** Active offers that are passes of their own beside the card. */
  beside: LinkedOffer[];
  /** The objects that offers of the pass have or had. */
  offerObjects: OfferObjectRow[];
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
  const { objects, offerObjects } = loaded;
  const refused = offerObjects.filter(({ state }) => state === 'refused').map(({ offerId }) => offerId);
  const { onCard, beside } = offersAtGoogle(loaded.pass.offers, new Set(refused));
  const stored = { ...loaded.pass, offers: onCard };
  const locale = await deps.tenantSettings(tenantId);
  const { pass, version } = await showInWallet('google', stored, locale, (id, number) =>
    deps.passTypes.version(tenantId, id, number),
  );
  const { design } = version;
  const live = objects.find(({ state }) => state === 'live');
  // What Google holds of a pass out of use may have to be emptied.
  const held = live ?? (pass.state === 'active' ? undefined : objects.find(({ state }) => state === 'retired'));
  // A pass that was deleted before it came to Google stays away.
  if (!held && (!design.google || pass.state === 'deleted')) return undefined;
  const access = await deps.google.forTenant(tenantId);
  if (!access) return undefined;
  const { issuerId } = access;
  const target = design.google
    ? { design: design.google, classId: googleClassId(issuerId, tenantId, design.google.classSuffix) }
    : null;
  const anchor = {
    objectId: googleObjectId(issuerId, tenantId, passId),
    objectType: target?.design.type ?? held!.object_type,
    classId: target?.classId ?? held!.class_id,
  };
  return { access, pass, stored, objects, beside, offerObjects, design, target, anchor };
}
