import type { Logger } from 'pino';
import type { KlaviyoAccess, KlaviyoAccount } from '../activities/deps.js';
import type { Database } from '../database/connect.js';
import { mintLink, mintLinks } from '../database/customers/links.js';
import { openKlaviyoKey } from '../database/klaviyo/klaviyo-connections.js';
import type { SecretBox } from '../database/secret-box.js';
import { createRecent } from '../common/remember.js';
import { createKlaviyoClient } from '../klaviyo/client.js';
import { keyHash } from '../klaviyo/key-hash.js';
import type { TenantSettings } from '../passes/tenant-settings.js';

export interface KlaviyoConnectionsOptions {
  database: Database;
  secretBox: SecretBox;
  tenantSettings(tenantId: string): Promise<TenantSettings>;
  apiUrl: string;
  publicUrl: string;
  log: Logger;
  now: () => number;
  timeoutMs?: number;
}

const MOST_ACCOUNTS = 10_000;

/** Each tenant's Klaviyo account by its own key, which is read for every step: a replaced one works at the next. */
export function createKlaviyoConnections(options: KlaviyoConnectionsOptions): KlaviyoAccess {
  const { database, secretBox, apiUrl, publicUrl, log, now, timeoutMs } = options;
  const accountIds = createRecent<string>(MOST_ACCOUNTS, () => 1);
  return {
    publicUrl,
    async forTenant(tenantId): Promise<KlaviyoAccount | null> {
      const key = await openKlaviyoKey(database.tenant(tenantId), secretBox);
      if (!key) return null;
      const apiKey = key.value.toString('utf8').trim();
      return {
        keyVersion: key.version,
        refused: key.refused,
        accountIds,
        keyHash: keyHash(apiKey),
        client: createKlaviyoClient({ apiUrl, apiKey, now, ...(timeoutMs !== undefined && { timeoutMs }) }),
      };
    },
    async linkToken(tenantId, customerId) {
      const { links } = await options.tenantSettings(tenantId);
      const order = { tenantId, customerId, purpose: 'mail', settings: links, now } as const;
      return mintLink(database.tenant(tenantId), secretBox, order);
    },
    async linkTokens(tenantId, customerIds) {
      const { links } = await options.tenantSettings(tenantId);
      const order = { tenantId, customerIds, purpose: 'mail', settings: links, now } as const;
      return mintLinks(database.tenant(tenantId), secretBox, order);
    },
    keyRefused(tenantId, reason) {
      log.error(
        { tenantId, code: 'klaviyo-key-refused', reason },
        'Klaviyo refuses the key of this tenant: its write-back waits until another key is set',
      );
    },
    keyAccepted(tenantId) {
      log.info({ tenantId, code: 'klaviyo-key-accepted' }, 'Klaviyo takes the key of this tenant again');
    },
  };
}
