import type { SecretBox } from '../../src/database/secret-box.js';
import { putSecret, SECRET_NAMES } from '../../src/database/secrets.js';
import { createTenantReaders } from '../../src/database/tenants/tenant-readers.js';
import type { KlaviyoAccess } from '../../src/activities/deps.js';
import {
  startKlaviyoSimulator,
  type AccountOptions,
  type KlaviyoSimulator,
} from '../../src/simulators/klaviyo/klaviyo.js';
import { createKlaviyoConnections } from '../../src/worker/klaviyo-connections.js';
import { pino, type Logger } from 'pino';
import type { TestDatabase } from './database.js';
import { seedTenant, type SeededTenant } from './tenant.js';
import { testSecretBox } from './secret-box.js';

export interface TestKlaviyo {
  simulator: KlaviyoSimulator;
  access: KlaviyoAccess;
  secretBox: SecretBox;
  /** Everything that was logged, one JSON object a line. */
  logged(): Record<string, unknown>[];
  /** A tenant that writes back to the simulator, with a custom object set up unless told otherwise. */
  tenant(settings?: { klaviyo?: object; [name: string]: unknown }, apiKey?: string): Promise<SeededTenant>;
  setKey(tenantId: string, apiKey: string): Promise<void>;
}

/** Our own access to Klaviyo's stand-in, as a worker has it. */
export const klaviyoAccessTo = (
  test: Pick<TestDatabase, 'database'>,
  { url }: { url: string },
  options: { now?: () => number; timeoutMs?: number; log?: Logger } = {},
): KlaviyoAccess =>
  createKlaviyoConnections({
    database: test.database,
    secretBox: testSecretBox,
    tenantSettings: createTenantReaders(test.database).tenantSettings,
    apiUrl: url,
    publicUrl: 'https://passes.example',
    log: options.log ?? pino({ level: 'silent' }),
    now: options.now ?? Date.now,
    timeoutMs: options.timeoutMs ?? 2_000,
  });

/** A simulated account, and write-back's way to it as production composes it. */
export async function startTestKlaviyo(
  test: TestDatabase,
  options: { apiKeys?: string[]; accounts?: AccountOptions[]; now?: () => number; timeoutMs?: number } = {},
): Promise<TestKlaviyo> {
  const accounts = options.accounts ?? (options.apiKeys ?? ['pk_test_write_back']).map((apiKey) => ({ apiKey }));
  const simulator = await startKlaviyoSimulator({ accounts });
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const access = klaviyoAccessTo(test, simulator, { ...options, log });
  // One data source an account: the simulator, like Klaviyo, takes three new ones a second.
  const sources = new Map<string, Promise<string>>();
  const dataSource = (apiKey: string): Promise<string> => {
    let made = sources.get(apiKey);
    if (!made) sources.set(apiKey, (made = makeDataSource(simulator.url, apiKey)));
    return made;
  };
  const setKey = async (tenantId: string, apiKey: string): Promise<void> => {
    await putSecret(test.database.tenant(tenantId), SECRET_NAMES.klaviyoApiKey, apiKey, testSecretBox);
  };
  return {
    simulator,
    access,
    secretBox: testSecretBox,
    logged: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    setKey,
    async tenant(settings = {}, apiKey = accounts[0]!.apiKey) {
      const given = settings.klaviyo && 'dataSourceId' in settings.klaviyo;
      const dataSourceId = given ? null : await dataSource(apiKey);
      const tenant = await seedTenant(test, {
        ...settings,
        klaviyo: { writeBack: true, dataSourceId, ...settings.klaviyo },
      });
      await setKey(tenant.tenantId, apiKey);
      return tenant;
    },
  };
}

async function makeDataSource(url: string, apiKey: string): Promise<string> {
  const response = await fetch(`${url}/api/data-sources`, {
    method: 'POST',
    headers: {
      authorization: `Klaviyo-API-Key ${apiKey}`,
      revision: '2026-07-15',
      'content-type': 'application/vnd.api+json',
    },
    body: JSON.stringify({
      data: {
        type: 'data-source',
        // Not the title that set-up makes: titles are unique.
        attributes: { title: 'Records of tests', visibility: 'private', namespace: 'custom-objects' },
      },
    }),
  });
  const { data } = (await response.json()) as { data: { id: string } };
  return data.id;
}
