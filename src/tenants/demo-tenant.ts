import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createApiKey, listApiKeys } from '../database/tenants/api-keys.js';
import type { Database, TenantSql } from '../database/connect.js';
import type { SecretBox } from '../database/secret-box.js';
import { getSecret, putSecret } from '../database/secrets.js';
import { getTenant, lockTenant } from '../database/tenants/tenants.js';
import { applyTenantFolder, type AppliedTenant } from './apply-folder.js';
import { ensureDemoCertificates, type DemoCertificates } from './demo-certificates.js';
import { SCOPES } from '../common/scopes.js';
import { ensureDemoPass, type DemoPass } from './demo-customer.js';

/** The demo's keys and what each may do. */
const KEY_SCOPES = {
  klaviyo: ['KlaviyoListener.Write'],
  passes: ['Pass.Read', 'Pass.Write'],
  operations: ['Operation.Read', 'Operation.Write'],
  admin: SCOPES,
} as const;
export type DemoKeys = Record<keyof typeof KEY_SCOPES, string>;

const DEMO_KEYS_SECRET = 'demo-api-keys';

export interface DemoTenant {
  tenantId: string;
  accountId: string;
  apiKeys: DemoKeys;
  pass: DemoPass;
  certificates: DemoCertificates;
  versions: AppliedTenant['versions'];
}

/** `tenants/demo` of this repository, from the sources as from the build. */
export function demoTenantFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'tenants', 'demo', 'tenant.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('tenants/demo is missing: start from a complete clone');
    folder = parent;
  }
  return join(folder, 'tenants', 'demo');
}

/**
 * Makes the demo tenant, or finds it as the last start left it: throw-away certificates under `dataDir`, the folder
 * applied, four API keys, one customer with one pass.
 */
export async function ensureDemoTenant(input: {
  database: Database;
  secretBox: SecretBox;
  /** `.data` */
  dataDir: string;
  now: () => number;
  /** What Klaviyo's simulator, or a real account, expects of us. */
  klaviyoApiKey?: string;
  folder?: string;
}): Promise<DemoTenant> {
  const certificates = await ensureDemoCertificates(join(input.dataDir, 'demo-certificates'), input.now);
  const { tenantId, versions } = await applyTenantFolder(
    input.database,
    input.secretBox,
    input.folder ?? demoTenantFolder(),
    {
      now: input.now,
      certificates: [certificates.files],
      googleServiceAccountFile: certificates.googleServiceAccountFile,
      ...(input.klaviyoApiKey === undefined ? {} : { klaviyoApiKey: input.klaviyoApiKey }),
    },
  );
  const sql = input.database.tenant(tenantId);
  const tenant = await getTenant(sql);
  return {
    tenantId,
    accountId: tenant!.accountId,
    apiKeys: await ensureDemoKeys(sql, tenantId, input.secretBox),
    pass: await ensureDemoPass(sql),
    certificates,
    versions,
  };
}

/** The four keys; their texts are kept sealed, so that a second start can show them again. Only the demo does that. */
async function ensureDemoKeys(database: TenantSql, tenantId: string, box: SecretBox): Promise<DemoKeys> {
  return database.transaction(async (sql) => {
    await lockTenant(sql);
    const kept = await getSecret(sql, DEMO_KEYS_SECRET, box);
    const known = kept
      ? (JSON.parse(kept.toString('utf8')) as Record<string, { keyId: string; key: string } | undefined>)
      : {};
    const live = new Set((await listApiKeys(sql)).filter((row) => row.revoked_at === null).map((row) => row.key_id));
    const keys: Record<string, { keyId: string; key: string }> = {};
    for (const [name, scopes] of Object.entries(KEY_SCOPES)) {
      const before = known[name];
      keys[name] =
        before && live.has(before.keyId)
          ? before
          : await createApiKey(sql, { tenantId, name: `demo ${name}`, scopes: [...scopes] });
    }
    await putSecret(sql, DEMO_KEYS_SECRET, JSON.stringify(keys), box);
    return Object.fromEntries(Object.entries(keys).map(([name, { key }]) => [name, key])) as DemoKeys;
  });
}
