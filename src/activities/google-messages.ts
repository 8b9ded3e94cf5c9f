import type { ShownMessage } from '../passes/message.js';
import { chooseMessageType } from '../wallets/google/message-budget.js';
import { googleMessage, MESSAGE_PREFIX, messageIdOf } from '../wallets/google/message-resource.js';
import type { GoogleMessage, GoogleWalletClient } from '../wallets/google/objects-client.js';
import type { GoogleResourceKind } from '../wallets/google/schema.js';
import type { GoogleResource } from '../wallets/google/wallet-object.js';
import { loudly, MESSAGES_KEPT, SAID, type NotificationCharge } from './google-write.js';

export interface MessagesWrite {
  kind: GoogleResourceKind;
  objectId: string;
  messages: readonly ShownMessage[];
  language: string;
  sender: string;
  /** Whether the newest one is new to the holder: older ones, on a new object, arrive quietly. */
  speaks: boolean;
  /** When the holder was notified of this object before. */
  notifiedAt: readonly Date[];
  charged: boolean;
  nowMs: number;
  notification: NotificationCharge;
}

/**
 * Makes the messages of an object match the pass: adds missing ones, removes ours that ended, keeps those of others.
 * Google keeps ten and notifies three times in 24 hours; further messages arrive without a notification. Returns what
 * became of the newest.
 */
export async function writeMessages(client: GoogleWalletClient, write: MessagesWrite): Promise<string | undefined> {
  const { kind, objectId, messages } = write;
  const current = await client.get(kind, objectId);
  const there = Array.isArray(current['messages']) ? (current['messages'] as GoogleResource[]) : [];
  const wanted = new Map(messages.map((message) => [messageIdOf(message), message]));
  const known = new Set(there.map((message) => String(message['id'])));
  const added = messages.filter((message) => !known.has(messageIdOf(message)));
  const standing = there.filter(({ id }) => !String(id).startsWith(MESSAGE_PREFIX) || wanted.has(String(id)));
  const room = Math.max(0, MESSAGES_KEPT - added.length);
  const kept = room === 0 ? [] : standing.slice(-room);
  if (kept.length < there.length) await client.patch(kind, objectId, { messages: kept });
  let said: string | undefined;
  for (const message of added) {
    const form = googleMessage(message, write);
    const send = (messageType: GoogleMessage['messageType']) =>
      client.addMessage(kind, objectId, { ...form, messageType });
    const isNewest = message === messages.at(-1);
    if (!isNewest || !write.speaks || current['hasUsers'] === false) {
      await send('TEXT');
      if (isNewest && write.speaks) said = 'none: nobody has saved it';
      continue;
    }
    const allowed = isAllowed();
    if (!allowed) await send('TEXT');
    const loud = () => send('TEXT_AND_NOTIFY');
    said = SAID[allowed ? await loudly(write.notification, loud, () => send('TEXT')) : 'nothing'];
  }
  const newest = messages.at(-1);
  const landed = newest && there.find(({ id }) => id === messageIdOf(newest));
  // An earlier attempt, whose answer was lost, has sent it.
  if (write.speaks && landed) said = landed['messageType'] === 'TEXT_AND_NOTIFY' ? SAID.sent : quietly();
  return said;

  /** Why the newest one came quietly, as far as it can be told afterwards. */
  function quietly(): string {
    if (current['hasUsers'] === false) return 'none: nobody has saved it';
    return SAID[write.notification.wentQuiet || isAllowed() ? 'refused' : 'nothing'];
  }

  function isAllowed(): boolean {
    const sent = write.notifiedAt.map((at) => at.getTime());
    return write.charged || chooseMessageType(sent, write.nowMs) === 'TEXT_AND_NOTIFY';
  }
}
