import { verify as verifySignature, type KeyObject } from 'node:crypto';
import { createRootKeys, readP256 } from './callback-keys.js';
import { issuerOf } from './resource-ids.js';

const PROTOCOL = 'ECv2SigningOnly';
const SENDER = 'GooglePayPasses';
const MOST_SIGNATURES = 3;

/** Google tells that a holder saved or removed a pass. A hint: callbacks may repeat (same nonce), come late, or not at all. */
export interface CallbackEvent {
  classId: string;
  objectId: string;
  eventType: 'save' | 'del';
  nonce: string;
  expTimeMillis: number;
}

export type CallbackRefusal =
  | 'malformed'
  | 'wrong-protocol'
  | 'intermediate-signature'
  | 'intermediate-expired'
  | 'message-signature'
  | 'message-expired'
  | 'foreign-issuer';

export type CallbackVerdict =
  { ok: true; event: CallbackEvent } | { ok: false; code: CallbackRefusal; message: string };

export interface CallbackVerifier {
  verify(input: { body: Buffer; issuerId: string }): Promise<CallbackVerdict>;
}

const refused = (code: CallbackRefusal, message: string): CallbackVerdict => ({ ok: false, code, message });

/**
 * The bytes that ECv2 signs: before each text its length as four bytes, little-endian. Bytes of UTF-8, not characters: counting
 * characters breaks every callback with a non-ASCII id or name.
 */
export function signedBytes(...texts: string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const bytes = Buffer.from(text, 'utf8');
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}

function verifies(key: KeyObject, bytes: Buffer, signature: string): boolean {
  try {
    return verifySignature('sha256', bytes, { key, dsaEncoding: 'der' }, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

const millis = (value: unknown): number =>
  typeof value === 'number' || (typeof value === 'string' && /^\d{1,16}$/.test(value)) ? Number(value) : NaN;

/**
 * Verifies save and delete callbacks (ECv2SigningOnly, as Google documents it). `verify` takes the body as received, for
 * re-serialised JSON has other bytes. It throws TransientError only when no root keys can be fetched; duplicates by nonce are the caller's.
 */
export function createCallbackVerifier(options: {
  keysUrl: string;
  now: () => number;
  timeoutMs?: number;
  fetch?: typeof fetch;
}): CallbackVerifier {
  const { now } = options;
  const keys = createRootKeys(options);
  return {
    async verify({ body, issuerId }: { body: Buffer; issuerId: string }): Promise<CallbackVerdict> {
      const envelope = parseObject(body.toString('utf8'));
      if (!envelope) return refused('malformed', 'The body is not a JSON object.');
      if (envelope['protocolVersion'] !== PROTOCOL) return refused('wrong-protocol', `Only ${PROTOCOL} is accepted.`);
      const { signature, signedMessage } = envelope;
      const { signedKey, signatures } = (envelope['intermediateSigningKey'] ?? {}) as Record<string, unknown>;
      if (typeof signature !== 'string' || typeof signedMessage !== 'string' || typeof signedKey !== 'string') {
        return refused('malformed', 'signature, signedMessage or intermediateSigningKey.signedKey is not a text.');
      }
      if (!Array.isArray(signatures) || !signatures.every((s): s is string => typeof s === 'string')) {
        return refused('malformed', 'intermediateSigningKey.signatures is not a list of texts.');
      }

      const keyBytes = signedBytes(SENDER, PROTOCOL, signedKey);
      // A handful of signatures is genuine; more would only make us compute.
      const genuine = signatures.slice(0, MOST_SIGNATURES);
      const isRooted = (roots: readonly KeyObject[]): boolean =>
        genuine.some((signature) => roots.some((root) => verifies(root, keyBytes, signature)));
      // Google may have replaced its keys in an emergency, before the old ones' time was over.
      const rooted = isRooted(await keys.current()) || isRooted((await keys.reread()) ?? []);
      if (!rooted) return refused('intermediate-signature', 'No root key of Google has signed the intermediate key.');

      const intermediate = parseObject(signedKey);
      if (!(millis(intermediate?.['keyExpiration']) > now())) {
        return refused('intermediate-expired', 'The intermediate key has expired.');
      }
      const key = typeof intermediate?.['keyValue'] === 'string' ? readP256(intermediate['keyValue']) : undefined;
      if (!key || !verifies(key, signedBytes(SENDER, issuerId, PROTOCOL, signedMessage), signature)) {
        return refused('message-signature', 'The message is not signed for this issuer, or it was changed on its way.');
      }
      return readMessage(signedMessage, issuerId, now());
    },
  };
}

function readMessage(signedMessage: string, issuerId: string, nowMs: number): CallbackVerdict {
  const message = parseObject(signedMessage);
  const { classId, objectId, eventType, nonce } = message ?? {};
  const expTimeMillis = millis(message?.['expTimeMillis']);
  if (typeof classId !== 'string' || typeof objectId !== 'string' || typeof nonce !== 'string' || nonce === '') {
    return refused('malformed', 'The signed message lacks classId, objectId or nonce.');
  }
  if (eventType !== 'save' && eventType !== 'del') return refused('malformed', 'eventType is neither save nor del.');
  if (!(expTimeMillis > nowMs)) return refused('message-expired', 'The message has expired.');
  if (issuerOf(classId) !== issuerId || issuerOf(objectId) !== issuerId) {
    return refused('foreign-issuer', 'The message is about a pass of another issuer.');
  }
  return { ok: true, event: { classId, objectId, eventType, nonce, expTimeMillis } };
}
