import type { Sql } from '../database/connect.js';
import { findKlaviyoAccount, recordKlaviyoAccount } from '../database/klaviyo/klaviyo-accounts.js';
import { PermanentError, TransientError } from '../common/errors.js';
import type { KlaviyoAccount } from './deps.js';

/** A key without the scope `accounts:read` may be given it. */
const ASK_AGAIN_MS = 86_400_000;

/**
 * The name of the account behind a key, for tenants that share one: Klaviyo's id of the account, asked once for each
 * key, else the key's hash. Throws `klaviyo-unauthorized` where Klaviyo does not know the key at all.
 */
export async function accountName(
  sql: Sql,
  { client, keyHash, accountIds }: Pick<KlaviyoAccount, 'client' | 'keyHash' | 'accountIds'>,
  nowMs: number,
): Promise<string> {
  const byKey = `key:${keyHash}`;
  const remembered = accountIds?.get(keyHash);
  if (remembered) return `account:${remembered.value}`;
  const known = await findKlaviyoAccount(sql, keyHash, nowMs);
  if (known.accountId !== null) return `account:${accountIds?.set(keyHash, known.accountId) ?? known.accountId}`;
  if (!known.ask) return byKey;
  try {
    const [account] = await client.getAccounts();
    const accountId = account?.id ?? null;
    await recordKlaviyoAccount(sql, keyHash, accountId, nowMs + ASK_AGAIN_MS);
    if (accountId === null) return byKey;
    return `account:${accountIds?.set(keyHash, accountId) ?? accountId}`;
  } catch (error) {
    if (error instanceof TransientError) return byKey;
    if (!(error instanceof PermanentError) || error.details['status'] === 401) throw error;
    await recordKlaviyoAccount(sql, keyHash, null, nowMs + ASK_AGAIN_MS);
    return byKey;
  }
}
