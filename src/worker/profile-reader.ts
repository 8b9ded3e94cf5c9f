import type { ProfileReader } from '../activities/deps.js';
import type { Database } from '../database/connect.js';
import { getSecret, listSecretNames, SECRET_NAMES, type SecretBox } from '../database/secrets.js';
import { createKlaviyoClient } from '../klaviyo/client.js';
import { PermanentError } from '../passes/errors.js';
import type { FetchedProfile } from '../passes/operation-input.js';

export interface ProfileReaderOptions {
  database: Database;
  secretBox: SecretBox;
  apiUrl: string;
  /** Waits for, or refuses by a TransientError until, the account's turn. */
  takeTurn?(tenantId: string): Promise<void>;
  timeoutMs?: number;
}

/** Reads profiles with each tenant's own key, straight from the secret store: a replaced key works at the next call. */
export function createProfileReader(options: ProfileReaderOptions): ProfileReader {
  const { database, secretBox, apiUrl, timeoutMs } = options;
  return {
    async isConfigured(tenantId) {
      const names = await listSecretNames(database.tenant(tenantId), tenantId);
      return names.some(({ name }) => name === SECRET_NAMES.klaviyoApiKey);
    },
    async fetch(tenantId, lookups) {
      const key = await getSecret(database.tenant(tenantId), tenantId, SECRET_NAMES.klaviyoApiKey, secretBox);
      if (!key) return 'no-key';
      const client = createKlaviyoClient({
        apiUrl,
        apiKey: key.toString('utf8').trim(),
        ...(timeoutMs !== undefined && { timeoutMs }),
      });
      for (const { attribute, value } of lookups) {
        await options.takeTurn?.(tenantId);
        if (attribute === 'id') {
          const found = await client.getProfile(value).catch((error: unknown) => {
            if (error instanceof PermanentError && error.code === 'klaviyo-not-found') return null;
            throw error;
          });
          if (found) return found satisfies FetchedProfile;
          continue;
        }
        const found = await client.findProfiles(attribute, [value]);
        // An external id may stand on several profiles in Klaviyo: then it names none.
        if (found.length === 1) return found[0]! satisfies FetchedProfile;
      }
      return null;
    },
  };
}
