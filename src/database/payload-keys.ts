import { hkdfSync } from 'node:crypto';
import type { Sql, SystemSql } from './connect.js';
import { createSecretBox, type SecretBox, type SecretKey } from './secret-box.js';
import { sql } from './sql.js';

/** A key of payloads: derived, so that what leaks of one use of SECRETS_KEY is of no use for the other. */
export const payloadKeyOf = ({ id, key }: SecretKey): SecretKey => ({
  id,
  key: Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), 'passrelay temporal payloads', 32)),
});

interface PayloadKeyRow {
  key_id: string;
  sealed_by: string;
  ciphertext: Buffer;
}

const contextOf = (keyId: string): string => `payload-key\0${keyId}`;
const opened = (box: SecretBox, row: PayloadKeyRow): SecretKey => ({
  id: row.key_id,
  key: box.open({ keyId: row.sealed_by, ciphertext: row.ciphertext }, contextOf(row.key_id)),
});

/**
 * Seals the payload keys of all former keys under the current one, those of earlier rotations among them: open runs, whose
 * payloads are in Temporal and stay as they are, go on without the former keys.
 */
export async function keepPayloadKeys(system: Sql, keys: readonly SecretKey[]): Promise<void> {
  const box = createSecretBox({ keys });
  const kept = await system.query<PayloadKeyRow>(
    sql`select key_id, sealed_by, ciphertext from payload_keys where sealed_by <> ${box.currentKeyId} order by key_id`,
  );
  for (const { id, key } of [...kept.map((row) => opened(box, row)), ...keys.slice(1).map(payloadKeyOf)]) {
    const sealed = box.seal(key, contextOf(id));
    await system.query(sql`
      insert into payload_keys (key_id, sealed_by, ciphertext)
      values (${id}, ${sealed.keyId}, ${sealed.ciphertext})
      on conflict (key_id) do update
      set sealed_by = excluded.sealed_by, ciphertext = excluded.ciphertext`);
  }
}

/** A payload key that a rotation has kept; undefined where none has. */
export async function findPayloadKey(system: SystemSql, keyId: string, box: SecretBox): Promise<SecretKey | undefined> {
  const [row] = await system.query<PayloadKeyRow>(
    sql`select key_id, sealed_by, ciphertext from payload_keys where key_id = ${keyId}`,
  );
  return row && opened(box, row);
}
