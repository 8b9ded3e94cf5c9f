import type { Sql } from '../connect.js';
import { sql } from '../sql.js';

/** How long the account of a key is not asked for again after a failed call. */
const LOOK_AGAIN_MS = 10 * 60_000;

export interface KnownAccount {
  /** Klaviyo's id of the account; null while it is unknown. */
  accountId: string | null;
  /** True for the one caller that shall ask Klaviyo now. */
  ask: boolean;
}

/** What is known of the account that a key opens. Without a tenant: two tenants may use the same account. */
export async function findKlaviyoAccount(db: Sql, keyHash: string, nowMs: number): Promise<KnownAccount> {
  const [known] = await db.query<{ account_id: string | null; look_after: Date }>(
    sql`select account_id, look_after from klaviyo_accounts where key_hash = ${keyHash}`,
  );
  const accountId = known?.account_id ?? null;
  if (known && (accountId !== null || known.look_after.getTime() > nowMs)) return { accountId, ask: false };
  const claimed = await db.query(
    sql`
      insert into klaviyo_accounts as a (key_hash, look_after)
      values (${keyHash}, ${new Date(nowMs + LOOK_AGAIN_MS)})
      on conflict (key_hash) do update
      set look_after = excluded.look_after
      where a.account_id is null and a.look_after <= ${new Date(nowMs)}
      returning 1`,
  );
  return { accountId, ask: claimed.length > 0 };
}

/** Keeps what Klaviyo said: the account's id, or null and when to ask again. */
export async function recordKlaviyoAccount(
  db: Sql,
  keyHash: string,
  accountId: string | null,
  lookAfterMs: number,
): Promise<void> {
  await db.query(
    sql`
      update klaviyo_accounts
      set account_id = ${accountId}, look_after = ${new Date(lookAfterMs)}
      where key_hash = ${keyHash}`,
  );
}
