import type { Database } from './connect.js';
import { keepPayloadKeys } from './payload-keys.js';
import {
  createSecretBox,
  secretContext,
  webhookSecretContext,
  type SealedSecret,
  type SecretKey,
} from './secret-box.js';
import type { SecretRow } from './secrets.js';
import { sql } from './sql.js';

/**
 * Seals every secret of every tenant again under the first key, in one transaction, and keeps what open runs in Temporal need of
 * the others: these can go afterwards.
 */
export async function rotateSecrets(
  system: Database['system'],
  keys: readonly SecretKey[],
): Promise<{ rotated: number; kept: number }> {
  const box = createSecretBox({ keys });
  return system.transaction(async (db) => {
    let rotated = 0;
    let kept = 0;
    const again = (row: SecretRow, context: string): SealedSecret =>
      box.seal(box.open({ keyId: row.key_id, ciphertext: row.ciphertext }, context), context);

    for (const row of await db.query<SecretRow & { tenant_id: string; name: string }>(
      sql`select tenant_id, name, key_id, ciphertext from tenant_secrets order by tenant_id, name for update`,
    )) {
      if (row.key_id === box.currentKeyId) kept++;
      else {
        const sealed = again(row, secretContext(row.tenant_id, row.name));
        await db.query(
          sql`
            update tenant_secrets
            set key_id = ${sealed.keyId}, ciphertext = ${sealed.ciphertext}
            where tenant_id = ${row.tenant_id} and name = ${row.name}`,
        );
        rotated++;
      }
    }
    for (const row of await db.query<SecretRow & { secret_id: string; tenant_id: string; endpoint_id: string }>(
      sql`
        select secret_id, tenant_id, endpoint_id, key_id, ciphertext
        from webhook_secrets
        order by secret_id
        for update`,
    )) {
      if (row.key_id === box.currentKeyId) kept++;
      else {
        const sealed = again(row, webhookSecretContext(row.tenant_id, row.endpoint_id));
        await db.query(
          sql`
            update webhook_secrets
            set key_id = ${sealed.keyId}, ciphertext = ${sealed.ciphertext}
            where secret_id = ${row.secret_id}`,
        );
        rotated++;
      }
    }
    await keepPayloadKeys(db, keys);
    return { rotated, kept };
  });
}
