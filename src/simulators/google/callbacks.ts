import { generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto';

const PROTOCOL = 'ECv2SigningOnly';

export interface CallbackMessage {
  classId: string;
  objectId: string;
  eventType: 'save' | 'del';
  expTimeMillis: number;
  nonce: string;
}

/** What became of a callback: the receiver's HTTP status, or why none was sent. */
export interface CallbackResult {
  message: CallbackMessage;
  status?: number;
  failure?: string;
}

const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = (key: KeyObject): string => key.export({ type: 'spki', format: 'der' }).toString('base64');

function lengthPrefixed(texts: string[]): Buffer {
  const chunks: Buffer[] = [];
  for (const text of texts) {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(Buffer.byteLength(text, 'utf8'));
    chunks.push(length, Buffer.from(text, 'utf8'));
  }
  return Buffer.concat(chunks);
}

const signed = (key: KeyObject, ...texts: string[]): string =>
  sign('sha256', lengthPrefixed(texts), { key, dsaEncoding: 'der' }).toString('base64');

/** Google's callback signer: root keys, an intermediate key, and signed save and delete messages. */
export function createGoogleCallbacks(clock: () => number) {
  const root = pair();
  const intermediate = pair();
  const retired = pair();
  const HOUR_MS = 3_600_000;

  return {
    /** The answer of the root-key endpoint: one good key among others that a receiver must pass over. */
    rootKeys: () => ({
      keys: [
        { keyValue: spki(retired.publicKey), protocolVersion: PROTOCOL, keyExpiration: String(clock() - HOUR_MS) },
        { keyValue: spki(pair().publicKey), protocolVersion: 'ECv1', keyExpiration: String(clock() + 24 * HOUR_MS) },
        { keyValue: spki(root.publicKey), protocolVersion: PROTOCOL, keyExpiration: String(clock() + 24 * HOUR_MS) },
      ],
    }),
    message: (classId: string, objectId: string, eventType: 'save' | 'del'): CallbackMessage => ({
      classId,
      objectId,
      eventType,
      expTimeMillis: clock() + HOUR_MS,
      nonce: randomUUID(),
    }),
    /** The signed body for a message. The overrides make what no genuine sender makes, one thing at a time. */
    body(
      message: CallbackMessage,
      issuerId: string,
      wrong: { keyExpiresAtMs?: number; retiredRoot?: boolean; protocolVersion?: string } = {},
    ): string {
      const signedKey = JSON.stringify({
        keyValue: spki(intermediate.publicKey),
        keyExpiration: String(wrong.keyExpiresAtMs ?? clock() + 24 * HOUR_MS),
      });
      const signedMessage = JSON.stringify(message);
      const rootKey = wrong.retiredRoot ? retired.privateKey : root.privateKey;
      return JSON.stringify({
        signature: signed(intermediate.privateKey, 'GooglePayPasses', issuerId, PROTOCOL, signedMessage),
        intermediateSigningKey: { signedKey, signatures: [signed(rootKey, 'GooglePayPasses', PROTOCOL, signedKey)] },
        protocolVersion: wrong.protocolVersion ?? PROTOCOL,
        signedMessage,
      });
    },
    async send(url: string, message: CallbackMessage, issuerId: string): Promise<CallbackResult> {
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: this.body(message, issuerId),
          signal: AbortSignal.timeout(10_000),
        });
        await response.arrayBuffer();
        return { message, status: response.status };
      } catch (error) {
        return { message, failure: error instanceof Error ? error.message : String(error) };
      }
    },
  };
}
