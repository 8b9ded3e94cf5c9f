import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import { payloadKeyOf } from '../database/payload-keys.js';
import { createSecretBox, type SecretKey } from '../database/secret-box.js';

/** What encrypted payloads say of themselves, in Temporal's own words (its codec server protocol and samples). */
const ENCODING = 'binary/encrypted';
const CONTEXT = 'temporal-payload';
const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, 'utf8'));

/** A payload as JSON with its bytes in base64: the form of Temporal's codec server protocol. */
export interface JsonPayload {
  metadata?: Record<string, string>;
  data?: string;
}

export const toJsonPayload = (payload: Payload): JsonPayload => ({
  metadata: Object.fromEntries(
    Object.entries(payload.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
  ),
  ...(payload.data != null && { data: Buffer.from(payload.data).toString('base64') }),
});

export const fromJsonPayload = (payload: JsonPayload): Payload => ({
  metadata: Object.fromEntries(
    Object.entries(payload.metadata ?? {}).map(([name, value]) => [name, new Uint8Array(Buffer.from(value, 'base64'))]),
  ),
  ...(payload.data !== undefined && { data: new Uint8Array(Buffer.from(payload.data, 'base64')) }),
});

export interface EncryptingCodecOptions {
  /** Of SECRETS_KEY: the first one encrypts, all of them decrypt. */
  keys: readonly SecretKey[];
  encrypt: boolean;
  /** The payload key of a former SECRETS_KEY, as a rotation has kept it. */
  findKept?: (keyId: string) => Promise<SecretKey | undefined>;
}

/**
 * Encrypts arguments, results and memos with AES-256-GCM on their way to Temporal. What is encrypted is always decrypted,
 * whatever `encrypt` says, so the setting may change while workflows run.
 */
export function createEncryptingCodec(options: EncryptingCodecOptions): PayloadCodec {
  let box = createSecretBox({ keys: options.keys.map(payloadKeyOf) });
  const former: SecretKey[] = [];
  /** Asked for once: a run of before the last rotation needs it for each of its payloads. */
  async function learn(keyId: string): Promise<void> {
    if (box.keyIds.includes(keyId)) return;
    const kept = await options.findKept?.(keyId);
    if (!kept || box.keyIds.includes(keyId)) return;
    former.push(kept);
    box = createSecretBox({ keys: [...options.keys.map(payloadKeyOf), ...former] });
  }
  const isEncrypted = (payload: Payload): boolean =>
    Buffer.from(payload.metadata?.['encoding'] ?? []).toString('utf8') === ENCODING;
  return {
    async encode(payloads) {
      if (!options.encrypt) return payloads;
      return payloads.map((payload) => {
        const { keyId, ciphertext } = box.seal(JSON.stringify(toJsonPayload(payload)), CONTEXT);
        return {
          metadata: { encoding: text(ENCODING), 'encryption-key-id': text(keyId) },
          data: new Uint8Array(ciphertext),
        };
      });
    },
    async decode(payloads) {
      const keyIdOf = (payload: Payload): string =>
        Buffer.from(payload.metadata?.['encryption-key-id'] ?? []).toString('utf8');
      for (const keyId of new Set(payloads.filter(isEncrypted).map(keyIdOf))) await learn(keyId);
      return payloads.map((payload) => {
        if (!isEncrypted(payload)) return payload;
        const keyId = keyIdOf(payload);
        const opened = box.open({ keyId, ciphertext: Buffer.from(payload.data ?? []) }, CONTEXT);
        return fromJsonPayload(JSON.parse(opened.toString('utf8')) as JsonPayload);
      });
    },
  };
}

/** For workers and for every client alike: a client without it could neither start nor read. */
export const encryptingDataConverter = (options: EncryptingCodecOptions): DataConverter => ({
  payloadCodecs: [createEncryptingCodec(options)],
});
