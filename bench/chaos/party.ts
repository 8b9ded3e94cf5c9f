import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { MerchantSimulator } from '../../src/simulators/merchant/merchant.js';
import { demoTenantFolder, type DemoTenant } from '../../src/tenants/demo-tenant.js';
import type { Customer } from './customers.js';
import type { Journal } from './journal.js';
import type { Subject } from './load.js';
import type { TenantAccess } from './requests.js';

/** A tenant of the drill. Both have customers with the same addresses, so that what gets to the other one is seen. */
export interface Party {
  readonly tenant: DemoTenant;
  readonly access: TenantAccess;
  readonly merchant: MerchantSimulator;
  /** Has a Klaviyo account. Without one a profile sync takes what the webhook says, which the judge knows. */
  readonly hasKlaviyo: boolean;
}

/** A party with what was sent for it, and who holds its passes. */
export interface Side {
  readonly party: Party;
  readonly journal: Journal;
  readonly subjects: Subject[];
  readonly customers: Customer[];
}

type Json = Record<string, unknown>;
const change = (file: string, how: (content: Json) => void): void => {
  const content = JSON.parse(readFileSync(file, 'utf8')) as Json;
  delete content['$schema'];
  how(content);
  writeFileSync(file, JSON.stringify(content));
};

/** The demo's folder as that of a neighbour with the same certificates, without Klaviyo and Google. */
export function writeNeighbourFolder(under: string): string {
  const folder = path.join(under, 'neighbour');
  cpSync(demoTenantFolder(), folder, { recursive: true });
  change(path.join(folder, 'tenant.json'), (file) => {
    const settings = file['settings'] as Json;
    delete settings['google'];
    Object.assign(file, { tenantId: 'neighbour', accountId: 'aid_0x9e16', name: 'Neighbour' });
    settings['klaviyo'] = { writeBack: false };
  });
  const types = path.join(folder, 'pass-types');
  for (const name of readdirSync(types).filter((one) => one.endsWith('.json'))) {
    change(path.join(types, name), (file) => void delete file['google']);
  }
  return folder;
}
