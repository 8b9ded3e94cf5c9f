import type { GoogleObjectRow } from '../database/devices/google-objects.js';
import { PermanentError, TransientError } from '../common/errors.js';
import type { JsonValue } from '../common/json.js';
import type { PassTypeDesign } from '../passes/pass-type.js';
import { convertGoogleObject } from '../wallets/google/convert-object.js';
import { planGoogleConversion } from '../wallets/google/conversion.js';
import { chooseMessageType } from '../wallets/google/message-budget.js';
import type { GoogleWalletClient } from '../wallets/google/objects-client.js';
import { googleWrite, type GoogleResource } from '../wallets/google/wallet-object.js';
import { isRefused } from './google-evidence.js';

type ObjectType = GoogleObjectRow['object_type'];

export interface WrittenObject {
  objectId: string;
  replaces: string | null;
  notified: boolean;
  /** For the operation's status; absent where nothing was to be notified. */
  notification?: string;
}

/** Messages that Google keeps with one object. */
export const MESSAGES_KEPT = 10;
const isCode = (error: unknown, code: string): boolean =>
  (error instanceof PermanentError || error instanceof TransientError) && error.code === code;

/** Makes the object where there is none; harmless where an earlier attempt had made it. */
export async function insertObject(
  client: GoogleWalletClient,
  type: ObjectType,
  resource: GoogleResource,
  ownedFields: readonly string[],
): Promise<WrittenObject> {
  await client.ensure(`${type}Object`, resource, ownedFields);
  return { objectId: String(resource['id']), replaces: null, notified: false };
}

/** Moves a pass to a class of another design: by PATCH within a type where Google takes it, else to a new object. */
export async function convertObject(
  client: GoogleWalletClient,
  input: {
    live: GoogleObjectRow;
    to: { type: ObjectType; classId: string };
    newObjectId: string;
    /** The pass has been of that class before: its object is there already. */
    known: boolean;
    body(objectId: string): GoogleResource;
    ownedFields: readonly string[];
  },
): Promise<WrittenObject> {
  const { live, to, newObjectId, body, ownedFields } = input;
  let former: GoogleResource;
  try {
    former = await client.get(`${live.object_type}Object`, live.object_id);
  } catch (error) {
    if (!isCode(error, 'google-not-found')) throw error;
    return { ...(await insertObject(client, to.type, body(newObjectId), ownedFields)), replaces: live.object_id };
  }
  const linked = former['linkedObjectIds'];
  const { steps } = planGoogleConversion({
    from: {
      type: live.object_type,
      classId: live.class_id,
      objectId: live.object_id,
      linkedObjectIds: Array.isArray(linked) ? linked.map(String) : [],
    },
    to,
    newObjectId,
  });
  const chosen = steps.flatMap((step) => (step.do === 'patch-class' && input.known ? step.ifRefused : [step]));
  const { objectId, replaced } = await convertGoogleObject({
    client,
    steps: chosen,
    objectId: live.object_id,
    body,
    ownedFields,
  });
  return { objectId, replaces: replaced ? live.object_id : null, notified: false };
}

/** What a notification costs, charged before it is sent: where the answer is lost, the holder may have seen it. */
export interface NotificationCharge {
  charge(): Promise<void>;
  giveBack(): Promise<void>;
  /** An earlier attempt was refused the notification of this revision, and began to write it quietly. */
  wentQuiet: boolean;
  /** Keeps that, before the quiet write is sent. */
  goQuiet(): Promise<unknown>;
}

export interface ObjectUpdate {
  live: GoogleObjectRow;
  design: PassTypeDesign;
  data: Readonly<Record<string, JsonValue>>;
  revision: number;
  /** Changed fields of `notifyOn`. */
  notifyFields: readonly string[];
  /** Write also what Google has already, so that it tells its devices again. */
  again: boolean;
  nowMs: number;
  notification: NotificationCharge;
  body(notify: boolean): GoogleResource;
  ownedFields: readonly string[];
}

/**
 * Brings an object that exists to the pass's present state, and notifies its holder where a field of `notifyOn` changed:
 * with the write itself where the type can, else by a message. Beyond Google's three in 24 hours it stays quiet.
 */
export async function updateObject(client: GoogleWalletClient, input: ObjectUpdate): Promise<WrittenObject> {
  const { live, notifyFields, ownedFields } = input;
  const kind = `${live.object_type}Object` as const;
  const objectId = live.object_id;
  let current: GoogleResource;
  try {
    current = await client.get(kind, objectId);
  } catch (error) {
    if (!isCode(error, 'google-not-found')) throw error;
    return insertObject(client, live.object_type, input.body(false), ownedFields);
  }
  const wanted = notifyFields.length > 0 && current['hasUsers'] !== false;
  const charged = live.charged_revision === input.revision;
  const sent = live.notified_at.map((at) => at.getTime());
  const allowed = wanted && (charged || chooseMessageType(sent, input.nowMs) === 'TEXT_AND_NOTIFY');
  const byField = live.object_type !== 'generic';
  const write = async (notify: boolean): Promise<void> => {
    const change = googleWrite(current, input.body(notify), ownedFields);
    if (change.method === 'PUT') await client.put(kind, objectId, change.body);
    if (change.method === 'PATCH') await client.patch(kind, objectId, change.body);
    if (change.method === 'none' && input.again) await client.patch(kind, objectId, input.body(false));
  };
  const differs = googleWrite(current, input.body(false), ownedFields).method !== 'none';
  let told: Told = 'nothing';
  if (byField && allowed && differs) {
    told = await loudly(
      input.notification,
      () => write(true),
      () => write(false),
    );
  } else {
    await write(false);
    // An earlier attempt, whose answer was lost, has written this revision and notified with it.
    if (byField && wanted && !differs && charged) told = 'sent';
    else if (byField && allowed && !differs) told = input.notification.wentQuiet ? 'refused' : 'unchanged';
  }
  if (!byField && wanted) told = await sendMessage(client, input, current, allowed);
  const notified = told === 'sent';
  if (notifyFields.length === 0) return { objectId, replaces: null, notified };
  return { objectId, replaces: null, notified, notification: wanted ? SAID[told] : 'none: nobody has saved it' };
}

/** What became of a notification that was wanted. */
export type Told = 'sent' | 'refused' | 'unchanged' | 'nothing';
export const SAID: Readonly<Record<Told, string>> = {
  sent: 'sent',
  refused: "quiet: Google's limit",
  unchanged: 'none: nothing changed at Google',
  nothing: 'quiet: 3 in 24 h',
};

/** Notifies, charged before; quiet where Google counts more than we see. */
export async function loudly(
  notification: NotificationCharge,
  loud: () => Promise<unknown>,
  quiet: () => Promise<unknown>,
): Promise<Told> {
  await notification.charge();
  try {
    await loud();
    return 'sent';
  } catch (error) {
    // Anything else that is transient may have arrived: the charge stays, and the next attempt uses it.
    if (isRefused(error)) await notification.giveBack();
    if (!isCode(error, 'google-quota')) throw error;
    // Google counts more than we see; where it was the rate instead, the quiet write is refused as well.
    await notification.goQuiet();
    await quiet();
    return 'refused';
  }
}

/** Announces a generic pass: a message of its own for each revision, which an earlier attempt may have left. */
async function sendMessage(
  client: GoogleWalletClient,
  { live, design, data, revision, notifyFields, notification }: ObjectUpdate,
  current: GoogleResource,
  allowed: boolean,
): Promise<Told> {
  const kind = `${live.object_type}Object` as const;
  const id = `revision-${revision}`;
  const messages = Array.isArray(current['messages']) ? (current['messages'] as GoogleResource[]) : [];
  const there = messages.find((message) => message['id'] === id);
  if (there && there['messageType'] !== 'TEXT_AND_NOTIFY') {
    return allowed || notification.wentQuiet ? 'refused' : 'nothing';
  }
  if (there) return 'sent';
  if (messages.length >= MESSAGES_KEPT) {
    await client.patch(kind, live.object_id, { messages: messages.slice(-(MESSAGES_KEPT - 1)) });
  }
  const text = messageOf(design, data, notifyFields);
  const send = (messageType: 'TEXT' | 'TEXT_AND_NOTIFY') =>
    client.addMessage(kind, live.object_id, { id, ...text, messageType });
  if (allowed) {
    return loudly(
      notification,
      () => send('TEXT_AND_NOTIFY'),
      () => send('TEXT'),
    );
  }
  await send('TEXT');
  return 'nothing';
}

/** What is shown inside the pass; the line on the lock screen is Google's own. */
function messageOf(
  design: PassTypeDesign,
  data: Readonly<Record<string, JsonValue>>,
  fields: readonly string[],
): { header: string; body: string } {
  const lines = fields.map((name) => {
    const field = design.fields.find(({ apiFieldName }) => apiFieldName === name);
    const value = data[name] ?? field?.default ?? '–';
    return `${field?.label ?? name}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`;
  });
  return { header: design.organizationName, body: lines.join('\n') };
}
