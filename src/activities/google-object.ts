import { chargeNotification, giveNotificationBack, type GoogleObjectRow } from '../database/devices/google-objects.js';
import { MESSAGE_CHANGE } from '../passes/message.js';
import { spokenChanges } from '../passes/offer.js';
import { viewOfStored } from '../passes/pass-view.js';
import { googleObjectId } from '../wallets/google/resource-ids.js';
import type { LeftOut } from '../wallets/google/render-object.js';
import { googleObject, GOOGLE_STATES } from '../wallets/google/wallet-object.js';
import type { PassRow } from '../database/passes/passes.js';
import type { ActivityDeps } from './deps.js';
import type { GoogleNotes } from './google-evidence.js';
import { writeMessages } from './google-messages.js';
import type { LoadedGoogle } from './google-pass.js';
import { convertObject, insertObject, updateObject, type WrittenObject } from './google-write.js';

const QUIET = 'quietRevision';

/** What a notification of the pass's present revision costs its object. */
function chargeOf(
  deps: ActivityDeps,
  { tenant_id: tenantId, revision }: PassRow,
  objectId: string,
  notes: GoogleNotes,
) {
  const sql = deps.database.tenant(tenantId);
  return {
    charge: () => chargeNotification(sql, objectId, revision, new Date(deps.now())),
    giveBack: () => giveNotificationBack(sql, objectId, revision),
    wentQuiet: notes.noted[QUIET] === revision,
    goQuiet: () => notes.note({ [QUIET]: revision }),
  };
}

/** Writes messages where there are any to add or to remove: most updates ask Google nothing for it. */
export async function sendMessages(
  deps: ActivityDeps,
  { access, pass, objects, design }: LoadedGoogle,
  {
    type,
    live,
    since,
    objectId,
    notes,
  }: {
    type: GoogleObjectRow['object_type'];
    live: GoogleObjectRow | undefined;
    since: readonly string[];
    objectId: string;
    notes: GoogleNotes;
  },
): Promise<string | undefined> {
  const written = objects.find((object) => object.object_id === objectId);
  const isNew = live?.object_id !== objectId;
  const changed = isNew ? [] : since;
  const newest = pass.messages.at(-1);
  // Where another one ended, the newest is no news.
  const speaks = !isNew && changed.includes(MESSAGE_CHANGE) && newest !== undefined && newest.quiet !== true;
  if (!changed.includes(MESSAGE_CHANGE) && !(isNew && pass.messages.length > 0)) return undefined;
  return writeMessages(access.client, {
    kind: `${type}Object`,
    objectId,
    messages: pass.messages,
    language: (await deps.tenantSettings(pass.tenant_id)).language,
    sender: design.organizationName,
    speaks,
    notifiedAt: written?.notified_at ?? [],
    charged: written?.charged_revision === pass.revision,
    nowMs: deps.now(),
    notification: chargeOf(deps, pass, objectId, notes),
  });
}

export interface ObjectWrite {
  target: NonNullable<LoadedGoogle['target']>;
  live: GoogleObjectRow | undefined;
  /** What changed since the live object was written. */
  since: readonly string[];
  /** What designs of the tenant have ever written into objects of this type. */
  ownedFields: readonly string[];
  /** Gathers what Google would not have taken. */
  leftOut: Map<string, LeftOut>;
  again: boolean;
  /** The holder was told of this revision a moment ago, or was not to be. */
  told: boolean;
  notes: GoogleNotes;
}

/** Makes the object, moves it to another class, or brings it up to date. */
export async function writeObject(
  deps: ActivityDeps,
  loaded: LoadedGoogle,
  { target, live, since, ownedFields, leftOut, again, told, notes }: ObjectWrite,
): Promise<WrittenObject> {
  const { access, pass, objects, design } = loaded;
  const { design: google, classId } = target;
  const { tenant_id: tenantId, pass_id: passId, revision } = pass;
  const view = viewOfStored(pass, { design, publicUrl: access.publicUrl, locale: await deps.tenantSettings(tenantId) });
  const leaveOut = (part: LeftOut): void => void leftOut.set(part.path, part);
  const state = GOOGLE_STATES[pass.state];
  const body = (objectId: string, notify = false) =>
    googleObject({ design: google, classId, objectId, view, state, notify, leaveOut });
  const known = objects.find((object) => object.object_type === google.type && object.class_id === classId);
  const newObjectId =
    known?.object_id ?? googleObjectId(access.issuerId, tenantId, passId, `${google.type}/${classId}`);

  if (!live) return insertObject(access.client, google.type, body(newObjectId), ownedFields);
  if (known !== live) {
    const to = { type: google.type, classId };
    const input = { live, to, newObjectId, known: known !== undefined, body: (id: string) => body(id), ownedFields };
    return convertObject(access.client, input);
  }
  const changed = Object.keys(spokenChanges(Object.fromEntries(since.map((name) => [name, true])), pass.offers));
  const notifyFields =
    pass.state === 'active' && !told ? google.notifyOn.filter((field) => changed.includes(field)) : [];
  return updateObject(access.client, {
    live,
    design,
    data: pass.data,
    revision,
    notifyFields,
    again,
    nowMs: deps.now(),
    notification: chargeOf(deps, pass, live.object_id, notes),
    body: (notify) => body(live.object_id, notify),
    ownedFields,
  });
}
