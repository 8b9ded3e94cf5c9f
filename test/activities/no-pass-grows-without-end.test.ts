import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createActivities } from '../../src/activities/index.js';
import type { ActivityDeps } from '../../src/activities/deps.js';
import { createTenantReaders } from '../../src/database/tenants/tenant-readers.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { accept } from '../support/operations.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

let db: TestDatabase;
let tenant: SeededTenant;
let steps: ReturnType<typeof createActivities>;
before(async () => {
  db = await createTestDatabase();
  tenant = await seedTenant(db);
  steps = createActivities({
    database: db.database,
    ...createTenantReaders(db.database, Date.now),
    now: Date.now,
  } as ActivityDeps);
});
after(() => db.drop());

const bulky = (key: string) => ({ [key]: 'x'.repeat(250_000) });

async function push(data: object): Promise<unknown> {
  const operationId = await accept(db, tenant, {
    kind: 'push-update',
    input: { identifiers: [{ kind: 'email', value: tenant.email }], passType: null, data, updateMetadata: false },
  });
  return steps['apply-data']({ tenantId: tenant.tenantId, operationId, run: 1, passId: tenant.pass.id });
}

test('a key that differs in every delivery fills a pass up to a bound, and no further', async () => {
  for (const key of ['a', 'b', 'c', 'd']) await push(bulky(key));
  await assert.rejects(push(bulky('e')), { code: 'invalid-data', message: /more than 1 MB/ });
  await push({ a: null, b: 'short' });
  await push(bulky('e'));
});
