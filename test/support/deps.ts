import type { ActivityDeps } from '../../src/activities/deps.js';
import { openWebhookSecrets } from '../../src/database/merchants/webhook-endpoints.js';
import { createTenantReaders } from '../../src/database/tenants/tenant-readers.js';
import { createMerchantSender } from '../../src/merchants/send.js';
import type { PushResult } from '../../src/wallets/apple/apns-answers.js';
import type { TestDatabase } from './database.js';
import { testSecretBox } from './secret-box.js';

/** What the steps need, with providers that take everything and tell nobody. */
export function createTestDeps(test: TestDatabase, given: Partial<ActivityDeps> = {}): ActivityDeps {
  return {
    installation: 'development',
    database: test.database,
    ...createTenantReaders(test.database),
    apple: { push: async (): Promise<PushResult> => ({ kind: 'delivered', apnsId: 'test' }) },
    google: { forTenant: async () => null },
    klaviyo: {
      forTenant: async () => null,
      publicUrl: 'https://passes.example',
      linkToken: async () => null,
      linkTokens: async () => new Map(),
      keyRefused: () => undefined,
      keyAccepted: () => undefined,
    },
    merchants: createMerchantSender(),
    webhookSecrets: openWebhookSecrets(testSecretBox),
    now: Date.now,
    ...given,
  };
}
