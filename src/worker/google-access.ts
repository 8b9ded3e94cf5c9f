import type { GoogleAccess, GoogleWallet } from '../activities/deps.js';
import type { Database } from '../database/connect.js';
import { changeBudget } from '../database/rate-budgets.js';
import type { SecretBox } from '../database/secret-box.js';
import { getSecret, SECRET_NAMES } from '../database/secrets.js';
import { PermanentError, WaitForTurn } from '../common/errors.js';
import { keepRecent, rememberFor } from '../common/remember.js';
import type { TenantSettings } from '../passes/tenant-settings.js';
import { createAccessTokens, type ServiceAccount } from '../wallets/google/access-token.js';
import { createGoogleWalletClient } from '../wallets/google/objects-client.js';
import { googleFetch } from '../wallets/google/outbound.js';
import { fullBucket, GOOGLE_RATE, takeToken } from '../wallets/google/rate-budget.js';
import { createSpacedTurns } from '../wallets/google/spaced-turns.js';

export interface GoogleAccessOptions {
  database: Database;
  secretBox: SecretBox;
  tenantSettings(tenantId: string): Promise<TenantSettings>;
  /** Base of the Wallet REST API, up to `/walletobjects/v1`. */
  apiUrl: string;
  /** Instead of the service account's own `token_uri`. */
  tokenUrl?: string | null;
  /** Origin of our API, without a slash at the end: Google calls back there. */
  publicUrl: string;
  now: () => number;
  timeoutMs?: number;
}

/** A service account that was replaced counts after this time. */
const ACCOUNT_MS = 60_000;
const MOST_ACCOUNTS = 10_000;
/** Google's own 20 a second: a little closer than the slots lie, so that a delay is made up for. */
const GAP_MS = 50;

/**
 * Google Wallet for the tenants that have an issuer. All workers together send an issuer's requests at Google's pace:
 * a request waits for its slot, or fails with `google-budget` and the delay where the queue is long.
 */
export function createGoogleAccess(options: GoogleAccessOptions): GoogleWallet {
  const { database, secretBox, now, timeoutMs = 8_000 } = options;
  const send = googleFetch([options.apiUrl, options.tokenUrl]);
  const turns = new Map<string, ReturnType<typeof createSpacedTurns>>();
  const turnsOf = (issuerId: string) => {
    const known = turns.get(issuerId) ?? createSpacedTurns(GAP_MS);
    turns.set(issuerId, known);
    return known;
  };

  /** The budget belongs to the issuer, whichever tenant asks; the tenant's own connections ask for it. */
  const turnAt =
    (issuerId: string, tenantId: string): (() => Promise<void>) =>
    async () => {
      let takenAtMs = 0;
      const { waitMs, taken } = await changeBudget(
        database.tenant(tenantId),
        `google/${issuerId}`,
        fullBucket(now(), GOOGLE_RATE),
        (bucket) => {
          takenAtMs = performance.now();
          const { bucket: state, ...result } = takeToken(bucket, now(), GOOGLE_RATE);
          return { state, result };
        },
      );
      if (!taken) {
        throw new WaitForTurn('google-budget', "The issuer's requests to Google are queueing up.", waitMs);
      }
      await turnsOf(issuerId).take(takenAtMs + waitMs - performance.now());
    };

  function compose(issuerId: string, tenantId: string, accountText: string): GoogleAccess {
    const tokens = createAccessTokens({
      serviceAccount: parseAccount(accountText),
      tokenUrl: options.tokenUrl ?? undefined,
      timeoutMs,
      now,
      fetch: send,
    });
    const client = createGoogleWalletClient({
      apiUrl: options.apiUrl,
      tokens,
      timeoutMs,
      fetch: send,
      takeTurn: turnAt(issuerId, tenantId),
    });
    return { issuerId, client, callbackUrl: callbackUrl(options.publicUrl, tenantId), publicUrl: options.publicUrl };
  }

  // A new issuer reads its account at once: the old one's may not write for it.
  const accounts = rememberFor({ ttlMs: ACCOUNT_MS, now }, async (name): Promise<string> => {
    const [tenantId] = JSON.parse(name) as [string, string];
    const secret = await getSecret(database.tenant(tenantId), SECRET_NAMES.googleServiceAccount, secretBox);
    if (secret) return secret.toString('utf8');
    throw new PermanentError(
      'google-service-account-missing',
      'The tenant has a Google issuer but no service account: set googleServiceAccountFile in tenant.json and apply the folder.',
    );
  });
  // The same account keeps its access token.
  const composed = keepRecent<GoogleAccess>(MOST_ACCOUNTS, () => 1);

  return {
    async forTenant(tenantId) {
      const { issuerId } = (await options.tenantSettings(tenantId)).google;
      if (issuerId === null) return null;
      const name = JSON.stringify([tenantId, issuerId]);
      const account = await accounts(name);
      return composed(`${name}\n${account}`, async () => compose(issuerId, tenantId, account));
    },
  };
}

function parseAccount(text: string): ServiceAccount {
  try {
    const account = JSON.parse(text) as Partial<ServiceAccount>;
    if (typeof account.client_email === 'string' && typeof account.private_key === 'string') {
      return account as ServiceAccount;
    }
  } catch {
    // Falls through: the text itself must not show up in a message.
  }
  throw new PermanentError(
    'google-service-account-key',
    "The tenant's Google service account is not the JSON file that Google gave; apply the folder with that file.",
  );
}

/** Where Google reports saves and deletions; it calls https only, a simulator on this machine http as well. */
function callbackUrl(publicUrl: string, tenantId: string): string | undefined {
  const { protocol, hostname } = new URL(publicUrl);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return protocol === 'https:' || isLocal ? `${publicUrl}/google/callbacks/${tenantId}` : undefined;
}
