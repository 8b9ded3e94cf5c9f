import type { PassTypeVersion } from '../../passes/pass-type.js';
import type { TenantSettings } from '../../passes/tenant-settings.js';
import { PermanentError } from '../../common/errors.js';
import { rememberFor } from '../../common/remember.js';
import type { Database } from '../connect.js';
import { findPassType, getPassTypeVersion, listPassTypes } from './pass-types.js';
import { getTenant } from './tenants.js';

/** What settings and pointers to current versions may lag behind a change, milliseconds. */
const LAG_MS = 2_000;
/** A design is some ten kilobytes. */
const MOST_VERSIONS = 2_000;

const parts = (name: string): string[] => JSON.parse(name) as string[];

/** Readers of what seldom changes. Published versions never change and are kept for good. */
export function createTenantReaders(database: Database, now: () => number = Date.now) {
  const settings = rememberFor<TenantSettings>({ ttlMs: LAG_MS, now }, async (tenantId) => {
    const tenant = await getTenant(database.tenant(tenantId));
    if (!tenant) throw new PermanentError('tenant-unknown', 'The tenant of this operation no longer exists.');
    return tenant.settings;
  });
  const version = rememberFor<PassTypeVersion>({ ttlMs: Infinity, now, maxEntries: MOST_VERSIONS }, async (name) => {
    const [tenantId, passTypeId, number] = parts(name);
    const found = await getPassTypeVersion(database.tenant(tenantId!), passTypeId!, Number(number));
    if (!found)
      throw new PermanentError('pass-type-vanished', 'A version of the pass type is missing in the database.');
    return found;
  });
  const current = rememberFor({ ttlMs: LAG_MS, now }, (name) => {
    const [tenantId, nameOrId] = parts(name);
    return findPassType(database.tenant(tenantId!), nameOrId!);
  });
  return {
    tenantSettings: (tenantId: string) => settings(tenantId),
    passTypes: {
      version: (tenantId: string, passTypeId: string, number: number) =>
        version(JSON.stringify([tenantId, passTypeId, number])),
      current: (tenantId: string, nameOrId: string) => current(JSON.stringify([tenantId, nameOrId])),
      names: async (tenantId: string) =>
        (await listPassTypes(database.tenant(tenantId))).map(({ design }) => design.name),
    },
  };
}
