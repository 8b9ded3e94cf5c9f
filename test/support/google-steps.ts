import { createActivities } from '../../src/activities/index.js';
import type { ActivityDeps } from '../../src/activities/deps.js';
import { createTenantReaders } from '../../src/database/tenants/tenant-readers.js';
import type { GoogleWalletClient } from '../../src/wallets/google/objects-client.js';
import type { TestDatabase } from './database.js';
import { updateOf, type TestGoogle } from './google.js';
import { accept } from './operations.js';
import type { SeededTenant } from './tenant.js';

/** Steps without an engine; `onGet` runs before each read of an object, while the lease is held. */
export function googleSteps(
  test: TestDatabase,
  google: TestGoogle,
  onGet: () => Promise<void> = async () => undefined,
  others: Partial<Pick<ActivityDeps, 'database' | 'now'>> = {},
) {
  const deps = {
    database: test.database,
    ...createTenantReaders(test.database),
    google: {
      async forTenant(tenantId: string) {
        const access = (await google.wallet.forTenant(tenantId))!;
        const client: GoogleWalletClient = {
          ...access.client,
          get: async (kind, id) => (await onGet(), access.client.get(kind, id)),
        };
        return { ...access, client };
      },
    },
    now: Date.now,
    ...others,
  } as unknown as ActivityDeps;
  return createActivities(deps);
}

/** An update of the pass's data that Google has not been told of yet. */
export async function changeOf(test: TestDatabase, google: TestGoogle, tenant: SeededTenant, data: object) {
  const operationId = await accept(test, tenant, updateOf(tenant, data));
  const ref = { tenantId: tenant.tenantId, operationId, run: 1, passId: tenant.pass.id };
  await googleSteps(test, google)['apply-data'](ref);
  return ref;
}
