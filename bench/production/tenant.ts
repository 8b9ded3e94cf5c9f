import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SIMULATED_KLAVIYO_KEY } from '../../src/demo/simulators.js';
import type { DemoCertificates } from '../../src/tenants/demo-certificates.js';

export const TENANT = 'kestrel';
const SCOPES = [
  'KlaviyoListener.Write',
  'Pass.Read',
  'Pass.Write',
  'Operation.Read',
  'Operation.Write',
  'Tenant.Admin',
];

/** A tenant's folder as an operator keeps it: the demo's designs, an id, certificates and a service account of its own. */
export function writeTenantFolder(repository: string, folder: string, certificates: DemoCertificates): string {
  const to = path.join(folder, 'tenants', TENANT);
  cpSync(path.join(repository, 'tenants/demo'), to, { recursive: true });
  const file = path.join(to, 'tenant.json');
  const tenant = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  const { $schema: _, ...rest } = tenant;
  const own = {
    ...rest,
    tenantId: TENANT,
    environment: 'production',
    certificates: [certificates.files],
    googleServiceAccountFile: certificates.googleServiceAccountFile,
    klaviyoApiKeyEnv: 'KLAVIYO_API_KEY',
  };
  writeFileSync(file, JSON.stringify(own, null, 2));
  // Their $schema leads to the repository, which an operator's folder is not beside.
  for (const name of readdirSync(path.join(to, 'pass-types')).filter((each) => each.endsWith('.json'))) {
    const one = path.join(to, 'pass-types', name);
    writeFileSync(one, readFileSync(one, 'utf8').replace(/^ {2}"\$schema".*\n/m, ''));
  }
  return to;
}

/** The commands of the guide; returns the key that may do everything. */
export async function applyTenant(
  passrelay: (args: string[], env?: Record<string, string>) => Promise<string>,
  folder: string,
): Promise<string> {
  await passrelay(['tenant', 'apply', folder], { KLAVIYO_API_KEY: SIMULATED_KLAVIYO_KEY });
  await passrelay(['klaviyo', 'setup', TENANT]);
  const made = await passrelay(['keys', 'create', TENANT, 'drill', '--scope', ...SCOPES]);
  const key = /pr_live_\S+/.exec(made)?.[0];
  if (!key) throw new Error(`keys create printed no key: ${made}`);
  return key;
}
