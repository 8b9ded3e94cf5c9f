import { PermanentError } from '../../common/errors.js';
import type { JsonValue } from '../../common/json.js';
import type { GoogleDesign } from '../../passes/pass-type.js';
import type { PassState } from '../../passes/pass.js';
import { MOST_PLACES } from '../../passes/nearby.js';
import type { View } from '../../passes/render.js';
import { issuerOf } from './resource-ids.js';
import { renderResource, type LeftOut } from './render-object.js';
import { schemaName } from './schema.js';
import { REQUIRED } from './schema-rules.js';

export type GoogleResource = { [field: string]: JsonValue };
export type GoogleObjectState = 'ACTIVE' | 'EXPIRED' | 'INACTIVE' | 'COMPLETED';

/** Google's word for each state of a pass; an object is never deleted, it becomes INACTIVE. */
export const GOOGLE_STATES: Readonly<Record<PassState, GoogleObjectState>> = {
  active: 'ACTIVE',
  expired: 'EXPIRED',
  voided: 'INACTIVE',
  deleted: 'INACTIVE',
};

/** The class resource of a design, whole, for insert, PATCH and PUT. `callbackUrl` receives save and delete callbacks. */
export function googleClass(input: {
  design: GoogleDesign;
  issuerId: string;
  classId: string;
  callbackUrl?: string | undefined;
}): GoogleResource {
  const { design, issuerId, classId, callbackUrl } = input;
  if (issuerOf(classId) !== issuerId) {
    throw new PermanentError('google-issuer-id', 'The class id belongs to another issuer; make it with googleClassId.');
  }
  const out: GoogleResource = {
    multipleDevicesAndHoldersAllowedStatus: 'ONE_USER_ALL_DEVICES',
    ...design.class,
    id: classId,
  };
  if (callbackUrl !== undefined) out['callbackOptions'] = { url: callbackUrl };
  // GET says APPROVED; every write must say UNDER_REVIEW again. GenericClass has no such field.
  if (design.type !== 'generic') out['reviewStatus'] = 'UNDER_REVIEW';
  return out;
}

/**
 * The object resource of a pass, whole: arrays are complete, because PATCH replaces them as a whole. Fields without a value
 * are left out. `notify` asks Google to notify the holder of this one write, where the type can (not generic: use addMessage).
 */
export function googleObject(input: {
  design: GoogleDesign;
  classId: string;
  objectId: string;
  view: View;
  state: GoogleObjectState;
  notify: boolean;
  /** Hears of every part that was left out because Google would refuse the object for it. */
  leaveOut?: (part: LeftOut) => void;
}): GoogleResource {
  const { design, classId, objectId, view, state, notify, leaveOut = () => undefined } = input;
  const rendered = renderResource(design.object, schemaName(`${design.type}Object`), view, leaveOut);
  const out: GoogleResource = { ...(rendered as GoogleResource | undefined), id: objectId, classId, state };
  if (view.places) {
    const places = view.places().map(({ latitude, longitude }) => ({ latitude, longitude }));
    // Also where none is left: an absent list would leave the visited places at Google.
    out['merchantLocations'] = [...listOf(out['merchantLocations']), ...places].slice(0, MOST_PLACES);
  }
  // An id of another issuer would cost the whole write.
  for (const link of listOf(out[LINKS]).filter((id) => !String(id).startsWith(`${issuerOf(objectId)}.`))) {
    leaveOut({ path: `object.${LINKS}`, message: `"${String(link)}" belongs to another issuer and was left out` });
    out[LINKS] = listOf(out[LINKS]).filter((id) => id !== link);
  }
  if (LINKS in out && listOf(out[LINKS]).length === 0) delete out[LINKS];
  if (notify && design.type !== 'generic') out['notifyPreference'] = 'NOTIFY_ON_UPDATE';
  if (design.type === 'generic') standIn(out, leaveOut);
  const missing = REQUIRED[schemaName(`${design.type}Object`)]!.filter((field) => !(field in out));
  if (missing.length > 0) {
    throw new PermanentError(
      'google-required-value',
      `The Google object has no value for ${missing.join(', ')}, which Google requires; give the pass type's field a default or fill it.`,
    );
  }
  return out;
}

/**
 * The object of a pass whose customer was erased: out of use and without content. Only its links stay, since Google refuses to
 * unlink.
 */
export function emptiedObject(type: GoogleDesign['type'], current: GoogleResource): GoogleResource {
  const blank = { defaultValue: { language: 'en', value: '–' } };
  return {
    id: current['id']!,
    classId: current['classId']!,
    state: 'INACTIVE',
    ...(type === 'generic' && { cardTitle: blank, header: blank }),
    ...(listOf(current[LINKS]).length > 0 && { [LINKS]: current[LINKS]! }),
  };
}

/** A generic object needs a title and a header: where this pass has no value for one, the other is used instead. */
function standIn(out: GoogleResource, leaveOut: (part: LeftOut) => void): void {
  for (const [field, other] of [
    ['header', 'cardTitle'],
    ['cardTitle', 'header'],
  ] as const) {
    if (field in out || !(other in out)) continue;
    out[field] = out[other]!;
    leaveOut({
      path: `object.${field}`,
      message: `${field} has no value, which Google needs: ${other} is used instead`,
    });
  }
}

/** Fields that only Google sets, or that hold for one write: no part of a comparison, never sent back. */
const NOT_OURS = new Set([
  'kind',
  'version',
  'hasUsers',
  'hasLinkedDevice',
  'classReference',
  'review',
  'notifyPreference',
]);

const spelling = (text: string): string => text.replaceAll('_', '').toLowerCase();

function holds(current: JsonValue | undefined, desired: JsonValue, key: string): boolean {
  if (key === 'reviewStatus')
    return typeof current === 'string' && ['underreview', 'approved'].includes(spelling(current));
  if (Array.isArray(desired)) {
    // Google's answers leave empty lists out.
    if (desired.length === 0 && current === undefined) return true;
    return (
      Array.isArray(current) && current.length === desired.length && desired.every((d, i) => holds(current[i], d, key))
    );
  }
  if (desired !== null && typeof desired === 'object') {
    if (current === null || typeof current !== 'object' || Array.isArray(current)) return false;
    return Object.entries(desired).every(([k, d]) => holds(current[k], d, k));
  }
  // Google answers enums in either spelling (`active`, `ACTIVE`).
  const isName = typeof desired === 'string' && /^[A-Z][A-Z0-9_]*$/.test(desired);
  return isName && typeof current === 'string' ? spelling(current) === spelling(desired) : current === desired;
}

/** Whether a nested field of `current` is absent in `desired`; arrays are replaced whole and need no look. */
function vanished(current: JsonValue | undefined, desired: JsonValue): boolean {
  if (current == null || desired === null || typeof current !== 'object' || typeof desired !== 'object') return false;
  if (Array.isArray(current) || Array.isArray(desired)) return false;
  return Object.entries(current).some(([k, c]) => k !== 'kind' && (!(k in desired) || vanished(c, desired[k]!)));
}

export const LINKS = 'linkedObjectIds';
export const listOf = (value: JsonValue | undefined): JsonValue[] => (Array.isArray(value) ? value : []);

/** Google refuses to unlink objects, and conversions link them beside the design: what is linked stays linked. */
function withLinks(current: GoogleResource, desired: GoogleResource): GoogleResource {
  if (!(LINKS in desired)) return desired;
  return { ...desired, [LINKS]: [...new Set([...listOf(current[LINKS]), ...listOf(desired[LINKS])])] };
}

export type GoogleWrite = { method: 'none' } | { method: 'PATCH' | 'PUT'; body: GoogleResource };

/**
 * What to send so that `current` (as Google gave it) says `desired`. A PATCH cannot clear a field, so where an owned field
 * has lost its value the whole resource is PUT, with everything of Google's and others' (messages, links) kept.
 * `ownedFields` are the top-level fields of the design and of those before it; the fields of `desired` are owned in any case.
 */
export function googleWrite(
  current: GoogleResource,
  desired: GoogleResource,
  ownedFields: readonly string[] = [],
): GoogleWrite {
  desired = withLinks(current, desired);
  const compared = Object.entries(desired).filter(([field]) => !NOT_OURS.has(field));
  const lost = ownedFields.filter((field) => field !== LINKS && field in current && !(field in desired));
  if (lost.length > 0 || compared.some(([field, value]) => vanished(current[field], value))) {
    const kept = Object.entries(current).filter(([field]) => !NOT_OURS.has(field) && !lost.includes(field));
    return { method: 'PUT', body: { ...Object.fromEntries(kept), ...desired } };
  }
  return compared.every(([field, value]) => holds(current[field], value, field))
    ? { method: 'none' }
    : { method: 'PATCH', body: desired };
}
