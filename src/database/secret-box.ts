import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { PermanentError, TransientError } from '../common/errors.js';

/** One 256-bit key and the id that each ciphertext carries. */
export interface SecretKey {
  id: string;
  key: Buffer;
}

export interface SealedSecret {
  keyId: string;
  /** Format byte 1, 12 bytes nonce, 16 bytes tag, text. */
  ciphertext: Buffer;
}

export interface SecretBox {
  readonly currentKeyId: string;
  /** Of all keys that it holds, the current one first. */
  readonly keyIds: readonly string[];
  /** Encrypts under the current key; `context` (tenant and name) is authenticated, not stored. */
  seal(plain: string | Buffer, context: string): SealedSecret;
  /** The plain bytes. TransientError `secret-key-missing` or `secret-unreadable` where key, context or bytes differ. */
  open(sealed: SealedSecret, context: string): Buffer;
}

const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

/**
 * Reads `SECRETS_KEY`: one or several keys of 32 bytes in base64 or hex, the current one first, separated by commas
 * or line breaks; `id:key` names a key, otherwise its id is the start of its SHA-256.
 */
export function parseSecretKeys(text: string): SecretKey[] {
  const keys = text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map((part) => {
      const [, named, encoded] = /^(?:([A-Za-z0-9._-]{1,64}):)?(.+)$/.exec(part) ?? [];
      const key = Buffer.from(encoded ?? '', /^[0-9a-f]{64}$/i.test(encoded ?? '') ? 'hex' : 'base64');
      if (key.length !== 32) {
        throw new PermanentError(
          'secrets-key-malformed',
          'SECRETS_KEY must hold keys of 32 bytes in base64 or hex: make one with "openssl rand -base64 32"',
        );
      }
      return { id: named ?? createHash('sha256').update(key).digest('hex').slice(0, 12), key };
    });
  if (keys.length === 0) throw new PermanentError('secrets-key-missing', 'SECRETS_KEY is empty: set it');
  return keys;
}

/** AES-256-GCM with a random nonce per secret. The first key seals; all of them open. */
export function createSecretBox(input: { keys: readonly SecretKey[] }): SecretBox {
  const current = input.keys[0];
  if (!current) throw new PermanentError('secrets-key-missing', 'no key to seal secrets with: set SECRETS_KEY');
  const byId = new Map(input.keys.map(({ id, key }) => [id, key]));
  for (const [id, key] of byId) {
    if (key.length !== 32) {
      throw new PermanentError('secrets-key-malformed', `key "${id}" of SECRETS_KEY is not 32 bytes long`);
    }
  }
  const additionalData = (keyId: string, context: string) => Buffer.from(`passrelay\0${keyId}\0${context}`);

  return {
    currentKeyId: current.id,
    keyIds: [...byId.keys()],
    seal(plain, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', current.key, nonce).setAAD(additionalData(current.id, context));
      const text = Buffer.concat([cipher.update(plain), cipher.final()]);
      return {
        keyId: current.id,
        ciphertext: Buffer.concat([Buffer.of(FORMAT), nonce, cipher.getAuthTag(), text]),
      };
    },
    open({ keyId, ciphertext }, context) {
      const key = byId.get(keyId);
      if (!key) {
        throw new TransientError(
          'secret-key-missing',
          `a secret was sealed with key "${keyId}", which SECRETS_KEY does not hold: add that key after the current one`,
        );
      }
      try {
        if (ciphertext[0] !== FORMAT || ciphertext.length < HEADER_BYTES) throw new RangeError('unknown format');
        const decipher = createDecipheriv('aes-256-gcm', key, ciphertext.subarray(1, 1 + NONCE_BYTES))
          .setAAD(additionalData(keyId, context))
          .setAuthTag(ciphertext.subarray(1 + NONCE_BYTES, HEADER_BYTES));
        return Buffer.concat([decipher.update(ciphertext.subarray(HEADER_BYTES)), decipher.final()]);
      } catch (error) {
        throw new TransientError(
          'secret-unreadable',
          `a secret cannot be read with key "${keyId}" of SECRETS_KEY: the key has another value now, or the row was altered; restore the key, or set the secret again`,
          undefined,
          { cause: error },
        );
      }
    },
  };
}

/** A secret that cannot be opened: the deployment has the wrong SECRETS_KEY, and what waits goes on with the right one. */
export const isSecretTrouble = (error: unknown): boolean =>
  error instanceof TransientError && (error.code === 'secret-key-missing' || error.code === 'secret-unreadable');

/** What binds a sealed secret to its place, so that a ciphertext moved to another row does not open. */
export const secretContext = (tenantId: string, name: string): string => `${tenantId}\0${name}`;

/** The context of a row of `webhook_secrets`. */
export const webhookSecretContext = (tenantId: string, endpointId: string): string =>
  secretContext(tenantId, `webhook-endpoint:${endpointId}`);
