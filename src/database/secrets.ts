import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { PermanentError, TransientError } from '../common/errors.js';
import type { Sql } from './connect.js';
import { sql } from './sql.js';

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

/** Names of the secrets of a tenant that the product itself reads. */
export const SECRET_NAMES = {
  klaviyoApiKey: 'klaviyo-api-key',
  googleServiceAccount: 'google-service-account',
  passTokenKey: 'pass-token-key',
  klaviyoWebhook: 'klaviyo-webhook-secret',
  /** Valid beside the current one until it is dropped. */
  formerKlaviyoWebhook: 'klaviyo-webhook-secret-former',
} as const;

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

export interface SecretRow {
  key_id: string;
  ciphertext: Buffer;
}

/** Keeps a secret; false where it already had this value under the current key. */
export async function putSecret(db: Sql, name: string, value: string | Buffer, box: SecretBox): Promise<boolean> {
  const { tenantId } = db;
  const context = secretContext(tenantId, name);
  const [row] = await db.query<SecretRow>(
    sql`select key_id, ciphertext from tenant_secrets where tenant_id = ${tenantId} and name = ${name} for update`,
  );
  if (row?.key_id === box.currentKeyId) {
    const kept = openOrNull(box, row, context);
    const wanted = Buffer.from(value);
    if (kept?.length === wanted.length && timingSafeEqual(kept, wanted)) return false;
  }
  const sealed = box.seal(value, context);
  await db.query(
    sql`
      insert into tenant_secrets (tenant_id, name, key_id, ciphertext)
      values (${tenantId}, ${name}, ${sealed.keyId}, ${sealed.ciphertext})
      on conflict (tenant_id, name) do update
      set key_id = excluded.key_id, ciphertext = excluded.ciphertext, created_at = now()`,
  );
  return true;
}

/** Setting a secret again is the cure of one that cannot be read. */
function openOrNull(box: SecretBox, row: SecretRow, context: string): Buffer | null {
  try {
    return box.open({ keyId: row.key_id, ciphertext: row.ciphertext }, context);
  } catch (error) {
    if (isSecretTrouble(error)) return null;
    throw error;
  }
}

/** The plain bytes of a secret, or undefined where the tenant has none of this name. */
export async function getSecret(db: Sql, name: string, box: SecretBox): Promise<Buffer | undefined> {
  const { tenantId } = db;
  const [row] = await db.query<SecretRow>(
    sql`select key_id, ciphertext from tenant_secrets where tenant_id = ${tenantId} and name = ${name}`,
  );
  return row && box.open({ keyId: row.key_id, ciphertext: row.ciphertext }, secretContext(tenantId, name));
}

/** A secret changes its version with its value. */
export const SECRET_VERSION = sql`(extract(epoch from created_at) * 1000000)::bigint::text`;

/** Names and ages only; nothing is opened. */
export async function listSecretNames(db: Sql): Promise<{ name: string; keyId: string; createdAt: Date }[]> {
  const rows = await db.query<{ name: string; key_id: string; created_at: Date }>(
    sql`select name, key_id, created_at from tenant_secrets where tenant_id = ${db.tenantId} order by name`,
  );
  return rows.map((row) => ({ name: row.name, keyId: row.key_id, createdAt: row.created_at }));
}

/** True where there was one. */
export async function deleteSecret(db: Sql, name: string): Promise<boolean> {
  const gone = await db.query(
    sql`delete from tenant_secrets where tenant_id = ${db.tenantId} and name = ${name} returning name`,
  );
  return gone.length > 0;
}
