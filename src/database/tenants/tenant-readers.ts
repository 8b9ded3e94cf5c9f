import type { PassTypeVersion } from '../../passes/pass-type.js';
import type { TenantSettings } from '../../passes/tenant-settings.js';
import { PermanentError } from '../../common/errors.js';
import type { Database } from '../connect.js';
import { findPassType, getPassTypeVersion, listPassTypes } from './pass-types.js';
import { getTenant } from './tenants.js';

interface Cached<T> {
  value: Promise<T>;
  until: number;
}

/** Keeps results for a while, one query at a time for each key; a failed read is not kept. */
function cached<T>(
  ttlMs: number,
  now: () => number,
  read: (...key: string[]) => Promise<T>,
): (...key: string[]) => Promise<T> {
  const entries = new Map<string, Cached<T>>();
  return (...key) => {
    const name = key.join('\n');
    const known = entries.get(name);
    if (known && known.until > now()) return known.value;
    if (entries.size > 10_000) entries.clear();
    const value = read(...key);
    entries.set(name, { value, until: now() + ttlMs });
    value.catch(() => entries.delete(name));
    return value;
  };
}

/** What settings and pointers to current versions may lag behind a change, milliseconds. */
const LAG_MS = 2_000;

/** Readers of what seldom changes. Published versions never change and are kept for good. */
export function createTenantReaders(database: Database, now: () => number = Date.now) {
  const settings = cached<TenantSettings>(LAG_MS, now, async (tenantId) => {
    const tenant = await getTenant(database.tenant(tenantId!), tenantId!);
    if (!tenant) throw new PermanentError('tenant-unknown', 'The tenant of this operation no longer exists.');
    return tenant.settings;
  });
  const version = cached<PassTypeVersion>(Infinity, now, async (tenantId, passTypeId, number) => {
    const found = await getPassTypeVersion(database.tenant(tenantId!), tenantId!, passTypeId!, Number(number));
    if (!found)
      throw new PermanentError('pass-type-vanished', 'A version of the pass type is missing in the database.');
    return found;
  });
  const current = cached(LAG_MS, now, (tenantId, nameOrId) =>
    findPassType(database.tenant(tenantId!), tenantId!, nameOrId!),
  );
  return {
    tenantSettings: (tenantId: string) => settings(tenantId),
    passTypes: {
      version: (tenantId: string, passTypeId: string, number: number) => version(tenantId, passTypeId, String(number)),
      current: (tenantId: string, nameOrId: string) => current(tenantId, nameOrId),
      names: async (tenantId: string) =>
        (await listPassTypes(database.tenant(tenantId), tenantId)).map(({ design }) => design.name),
    },
  };
}
