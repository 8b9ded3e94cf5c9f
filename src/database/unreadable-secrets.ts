import type { SystemSql } from './connect.js';
import { secretContext, type SecretBox } from './secret-box.js';
import { sql } from './sql.js';

/** Secrets that were sealed under a key which SECRETS_KEY does not hold, or holds with another value. */
export interface UnreadableSecrets {
  tenantId: string;
  keyId: string;
  problem: 'missing' | 'altered';
}

/** One row that somebody altered does not condemn its key. */
const SAMPLES = 3;
const TENANTS_NAMED = 100;

/** Tenants whose secrets cannot be opened: keys by their id, and by a few samples whether each has its value. */
export async function listUnreadableSecrets(system: SystemSql, box: SecretBox): Promise<UnreadableSecrets[]> {
  const altered = await alteredKeys(system, box);
  const readable = box.keyIds.filter((id) => !altered.includes(id));
  const rows = await system.query<{ tenant_id: string; key_id: string }>(sql`
    select tenant_id, key_id from tenant_secrets where key_id <> all(${readable}::text[])
    union
    select tenant_id, key_id from webhook_secrets where key_id <> all(${readable}::text[])
    order by tenant_id, key_id
    limit ${TENANTS_NAMED}`);
  return rows.map(({ tenant_id: tenantId, key_id: keyId }) => ({
    tenantId,
    keyId,
    problem: altered.includes(keyId) ? 'altered' : 'missing',
  }));
}

/** Ids of keys that open none of the newest secrets sealed under them. */
async function alteredKeys(system: SystemSql, box: SecretBox): Promise<string[]> {
  const rows = await system.query<{ tenant_id: string; name: string; key_id: string; ciphertext: Buffer }>(sql`
    select s.tenant_id, s.name, s.key_id, s.ciphertext
      from unnest(${[...box.keyIds]}::text[]) as known (key_id)
     cross join lateral (
       select tenant_id, name, key_id, ciphertext from tenant_secrets
        where key_id = known.key_id
        order by created_at desc
        limit ${SAMPLES}) s`);
  const opens = ({ key_id: keyId, ciphertext, tenant_id, name }: (typeof rows)[number]): boolean => {
    try {
      box.open({ keyId, ciphertext }, secretContext(tenant_id, name));
      return true;
    } catch {
      return false;
    }
  };
  const ids = [...new Set(rows.map((row) => row.key_id))];
  return ids.filter((id) => !rows.some((row) => row.key_id === id && opens(row)));
}

/** What is wrong with SECRETS_KEY in one sentence, by the ids of the keys alone; null where nothing is. */
export function describeUnreadable(found: readonly UnreadableSecrets[]): string | null {
  const of = (problem: UnreadableSecrets['problem']): string =>
    [...new Set(found.filter((one) => one.problem === problem).map(({ keyId }) => `"${keyId}"`))].join(', ');
  const [missing, altered] = [of('missing'), of('altered')];
  const parts = [
    missing && `lacks the key ${missing} under which secrets are sealed: add it after the current one`,
    altered && `holds the key ${altered} with another value than the one that sealed secrets: restore that value`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? null : `SECRETS_KEY ${parts.join('; it ')}`;
}
