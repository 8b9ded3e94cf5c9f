import { isDatabaseUnavailable } from '../../database/unavailable.js';
import { knownScopes, type Scope } from '../../common/scopes.js';
import {
  API_KEY_FORMAT,
  findApiKeyByHash,
  findTenantAccess,
  hashApiKey,
  recordKeyUse,
  type TenantAccessRow,
} from '../../database/tenants/api-keys.js';
import type { Database } from '../../database/connect.js';
import { isTest, type Environment } from '../../common/environment.js';
import { keepRecent, rememberFor } from '../../common/remember.js';
import { tenantSettings, type TenantSettings } from '../../passes/tenant-settings.js';
import { createTokenVerifier, readUnverified, type TokenVerifier } from './oauth-tokens.js';
import type { Logger } from 'pino';
import { startLoop } from '../../common/loop.js';

export interface TenantAccess {
  tenantId: string;
  accountId: string;
  environment: Environment;
  settings: TenantSettings;
}

/** Who calls: one key or one token, bound to one tenant. */
export interface Caller {
  via: 'key' | 'token';
  /** Key id, or the subject of the token: what throttling counts. */
  id: string;
  scopes: readonly Scope[];
  test: boolean;
  tenant: TenantAccess;
}

export interface Credentials {
  /** The caller behind a key or token; null where it is not valid. Throws where that cannot be known now. */
  resolve(secret: string): Promise<Caller | null>;
  /** Writes down which keys were used since the last call; runs by a timer too. */
  recordUse(): Promise<void>;
  close(): Promise<void>;
}

/** A revoked key works this long at most; in its second half an answer is refreshed beside the request, not before it. */
const CACHE_MS = 5_000;
const REFRESH_MS = 2_500;
/** Each holds the published keys of one issuer. */
const MOST_ISSUERS = 1_000;
const RECORD_USE_MS = 60_000;

const toTenant = (row: TenantAccessRow): TenantAccess => ({
  tenantId: row.tenant_id,
  accountId: row.account_id,
  environment: row.environment,
  settings: tenantSettings.parse(row.settings),
});

/** Looks keys and tokens up, with their tenant, and remembers valid ones for five seconds. */
export function createCredentials(deps: {
  database: Database;
  now: () => number;
  log: Logger;
  tokens: TokenVerifier | null;
}): Credentials {
  const { database, now, tokens } = deps;
  const used = new Set<string>();

  const brief = { ttlMs: CACHE_MS, refreshMs: REFRESH_MS, now };
  type KnownKey = { caller: Caller; expiresAt: number } | null;
  const isKey = (found: KnownKey): boolean => found !== null;
  const byKeyHash = rememberFor({ ...brief, keeps: isKey }, async (hash): Promise<KnownKey> => {
    const row = await findApiKeyByHash(database.system, Buffer.from(hash, 'hex'));
    if (!row) return null;
    const { key_id: id } = row;
    const tenant = toTenant(row);
    const caller: Caller = {
      via: 'key',
      id,
      test: isTest(tenant.environment, row),
      scopes: knownScopes(row.scopes),
      tenant,
    };
    return { caller, expiresAt: row.expires_at?.getTime() ?? Infinity };
  });
  // Tenants that do not exist are remembered, too: else the time of an answer tells which do.
  const byTenant = rememberFor(brief, async (tenantId) => {
    const row = await findTenantAccess(database.system, tenantId);
    return row ? toTenant(row) : null;
  });

  const ofTenants = keepRecent<TokenVerifier>(MOST_ISSUERS, () => 1);
  /** Who may vouch for a token: the issuer of the tenant that it names, where it claims to come from there, else ours. */
  async function verifierOf(token: string): Promise<TokenVerifier | null> {
    const named = readUnverified(token);
    const own = named && (await byTenant(named.tenantId))?.settings.oauth;
    if (!own || own.issuer !== named.issuer) return tokens;
    return ofTenants(JSON.stringify(own), async () => createTokenVerifier(own, now));
  }

  async function recordUse(): Promise<void> {
    const keyIds = [...used];
    used.clear();
    if (keyIds.length > 0) await recordKeyUse(database.system, keyIds);
  }
  const loop = startLoop({
    name: 'recording the last use of keys',
    firstMs: RECORD_USE_MS,
    everyMs: RECORD_USE_MS,
    log: deps.log,
    isExpected: isDatabaseUnavailable,
    look: () => recordUse().then(() => false),
  });

  return {
    async resolve(secret) {
      if (API_KEY_FORMAT.test(secret)) {
        const found = await byKeyHash(hashApiKey(secret).toString('hex'));
        if (!found || found.expiresAt <= now()) return null;
        used.add(found.caller.id);
        return found.caller;
      }
      const verifier = secret.split('.').length === 3 ? await verifierOf(secret) : null;
      const claims = verifier && (await verifier.verify(secret));
      const tenant = claims && (await byTenant(claims.tenantId));
      if (!tenant) return null;
      const test = isTest(tenant.environment, { test: false });
      return { via: 'token', id: claims.subject, scopes: knownScopes(claims.scopes), test, tenant };
    },
    recordUse,
    async close() {
      await loop.stop();
      // The time of a key's last use is no reason to fail a stop.
      await recordUse().catch(() => undefined);
    },
  };
}
