import { timingSafeEqual } from 'node:crypto';
import type { Sql } from './connect.js';
import { isSecretTrouble, secretContext, type SecretBox } from './secret-box.js';
import { sql } from './sql.js';

/** Names of the secrets of a tenant that the product itself reads. */
export const SECRET_NAMES = {
  klaviyoApiKey: 'klaviyo-api-key',
  googleServiceAccount: 'google-service-account',
  passTokenKey: 'pass-token-key',
  klaviyoWebhook: 'klaviyo-webhook-secret',
  /** Valid beside the current one until it is dropped. */
  formerKlaviyoWebhook: 'klaviyo-webhook-secret-former',
} as const;

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
