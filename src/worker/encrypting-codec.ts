import { hkdfSync } from 'node:crypto';
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import { createSecretBox, type SecretBox, type SecretKey } from '../database/secrets.js';

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

/** Keys of payloads are derived: what leaks of one use of SECRETS_KEY is of no use for the other. */
function payloadBox(keys: readonly SecretKey[]): SecretBox {
  return createSecretBox({
    keys: keys.map(({ id, key }) => ({
      id,
      key: Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), 'passrelay temporal payloads', 32)),
    })),
  });
}

/**
 * Encrypts arguments, results and memos with AES-256-GCM on their way to Temporal. The first key encrypts, all of them
 * decrypt. What is encrypted is always decrypted, whatever `encrypt` says, so the setting may change while workflows run.
 */
export function createEncryptingCodec(options: { keys: readonly SecretKey[]; encrypt: boolean }): PayloadCodec {
  const box = payloadBox(options.keys);
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
      return payloads.map((payload) => {
        if (!isEncrypted(payload)) return payload;
        const keyId = Buffer.from(payload.metadata?.['encryption-key-id'] ?? []).toString('utf8');
        const opened = box.open({ keyId, ciphertext: Buffer.from(payload.data ?? []) }, CONTEXT);
        return fromJsonPayload(JSON.parse(opened.toString('utf8')) as JsonPayload);
      });
    },
  };
}

/** For workers and for every client alike: a client without it could neither start nor read. */
export const encryptingDataConverter = (options: { keys: readonly SecretKey[]; encrypt: boolean }): DataConverter => ({
  payloadCodecs: [createEncryptingCodec(options)],
});
