import { randomUUID } from 'node:crypto';
import type { GoogleWallet } from '../../src/activities/deps.js';
import type { SecretBox } from '../../src/database/secret-box.js';
import { putSecret, SECRET_NAMES } from '../../src/database/secrets.js';
import { createTenantReaders } from '../../src/database/tenants/tenant-readers.js';
import type { GoogleDesign } from '../../src/passes/pass-type.js';
import { startGoogleWalletSimulator, type GoogleWalletSimulator } from '../../src/simulators/google/wallet.js';
import { createGoogleAccess } from '../../src/worker/google-access.js';
import type { TestDatabase } from './database.js';
import { seedTenant, type SeededTenant } from './tenant.js';
import { testSecretBox } from './secret-box.js';

export const ISSUER = '3388000000012345678';
const text = (value: string) => ({ defaultValue: { language: 'en', value } });

const loyalty: GoogleDesign = {
  type: 'loyalty',
  classSuffix: 'club',
  class: {
    issuerName: 'Café Müller',
    programName: 'Stammgäste',
    programLogo: { sourceUri: { uri: 'https://images.example/logo.png' } },
    homepageUri: { uri: 'https://cafe.example/' },
  },
  object: {
    accountId: '{{pass.serialNumber}}',
    loyaltyPoints: { label: 'Points', balance: { string: '{{points}}' } },
    textModulesData: [
      { id: 'tier', header: 'Tier', body: '{{tier}}' },
      { id: 'hours', header: 'Opening hours', body: 'Daily' },
    ],
  },
  notifyOn: ['points'],
};

const generic: GoogleDesign = {
  type: 'generic',
  classSuffix: 'card',
  class: {},
  object: { cardTitle: text('Card'), header: text('{{tier}}'), subheader: text('{{points}}') },
  notifyOn: ['points'],
};

export interface TestGoogle {
  simulator: GoogleWalletSimulator;
  secretBox: SecretBox;
  wallet: GoogleWallet;
  /** The same with another origin of our API, for callbacks that shall arrive. */
  walletAt(publicUrl: string): GoogleWallet;
  /** A tenant with an issuer, whose type `basic` is a loyalty object and `premium` a generic one; its pass has a device. */
  seed(): Promise<SeededTenant>;
  /** The live object's id and row. */
  live(tenant: SeededTenant): Promise<{ object_id: string; object_type: string; synced_revision: number }>;
  stop(): Promise<void>;
}

/** Our own access to Google's stand-in, as a worker has it. */
export const googleAccessTo = (
  test: Pick<TestDatabase, 'database'>,
  at: { apiUrl: string; tokenUrl: string },
  { publicUrl = 'http://127.0.0.1:9', now = Date.now }: { publicUrl?: string; now?: () => number } = {},
): GoogleWallet =>
  createGoogleAccess({
    database: test.database,
    secretBox: testSecretBox,
    tenantSettings: createTenantReaders(test.database).tenantSettings,
    apiUrl: at.apiUrl,
    tokenUrl: at.tokenUrl,
    publicUrl,
    now,
  });

/** Google's stand-in and our own access to it, against the given database. */
export async function startTestGoogle(test: TestDatabase, options: { now?: () => number } = {}): Promise<TestGoogle> {
  const simulator = await startGoogleWalletSimulator();
  const walletAt = (publicUrl: string): GoogleWallet => googleAccessTo(test, simulator, { publicUrl, ...options });
  return {
    simulator,
    secretBox: testSecretBox,
    wallet: walletAt('http://127.0.0.1:9'),
    walletAt,
    async seed() {
      const tenant = await seedTenant(test, {
        google: { issuerId: ISSUER },
        waitForUnknownPassSeconds: 0,
        pushWindowSeconds: 0,
      });
      for (const [passTypeId, google] of [
        [tenant.passTypes.basic, loyalty],
        [tenant.passTypes.premium, generic],
      ] as const) {
        await test.owner(
          `update pass_type_versions set design = design || jsonb_build_object('google', $3::jsonb)
            where tenant_id = $1 and pass_type_id = $2`,
          [tenant.tenantId, passTypeId, JSON.stringify(google)],
        );
      }
      const account = JSON.stringify(simulator.serviceAccount());
      const { tenantId } = tenant;
      await putSecret(test.database.tenant(tenantId), SECRET_NAMES.googleServiceAccount, account, testSecretBox);
      const deviceId = randomUUID();
      await test.owner('update passes set apple_pass_type_identifier = $2 where pass_id = $1', [
        tenant.pass.id,
        'pass.example.card',
      ]);
      await test.owner(
        `insert into apple_devices (device_id, tenant_id, device_library_identifier, push_token) values ($1, $2, $3, $4)`,
        [deviceId, tenantId, randomUUID(), 'ab'.repeat(32)],
      );
      await test.owner(
        `insert into apple_registrations (tenant_id, device_id, pass_id, apple_pass_type_identifier) values ($1, $2, $3, $4)`,
        [tenantId, deviceId, tenant.pass.id, 'pass.example.card'],
      );
      return tenant;
    },
    async live(tenant) {
      const [row] = await test.owner<{ object_id: string; object_type: string; synced_revision: number }>(
        `select * from google_objects where pass_id = $1 and state = 'live'`,
        [tenant.pass.id],
      );
      if (!row) throw new Error('the pass has no live object at Google');
      return row;
    },
    stop: () => simulator.stop(),
  };
}

/** A push-update of the seeded customer's pass. */
export const updateOf = (tenant: SeededTenant, data: object, passType: string | null = null) => ({
  kind: 'push-update' as const,
  input: { identifiers: [{ kind: 'email', value: tenant.email }], passType, data, updateMetadata: false },
});
