import type { Sql } from '../connect.js';

/** Until when nobody asks again which account a key opens, after an answer that did not come. */
const LOOK_AGAIN_MS = 10 * 60_000;

export interface KnownAccount {
  /** Klaviyo's id of the account; null where nobody has learnt it. */
  accountId: string | null;
  /** True for the one caller that shall ask Klaviyo now. */
  ask: boolean;
}

/** What is known of the account that a key opens. Without a tenant: two tenants may use the same account. */
export async function findKlaviyoAccount(sql: Sql, keyHash: string, nowMs: number): Promise<KnownAccount> {
  const [known] = await sql.query<{ account_id: string | null; look_after: Date }>(
    'select account_id, look_after from klaviyo_accounts where key_hash = $1',
    [keyHash],
  );
  const accountId = known?.account_id ?? null;
  if (known && (accountId !== null || known.look_after.getTime() > nowMs)) return { accountId, ask: false };
  const claimed = await sql.query(
    `insert into klaviyo_accounts as a (key_hash, look_after) values ($1, $2)
     on conflict (key_hash) do update set look_after = excluded.look_after
       where a.account_id is null and a.look_after <= $3 returning 1`,
    [keyHash, new Date(nowMs + LOOK_AGAIN_MS), new Date(nowMs)],
  );
  return { accountId, ask: claimed.length > 0 };
}

/** Keeps what Klaviyo said: the account's id, or null and when to ask again. */
export async function recordKlaviyoAccount(
  sql: Sql,
  keyHash: string,
  accountId: string | null,
  lookAfterMs: number,
): Promise<void> {
  await sql.query('update klaviyo_accounts set account_id = $2, look_after = $3 where key_hash = $1', [
    keyHash,
    accountId,
    new Date(lookAfterMs),
  ]);
}
