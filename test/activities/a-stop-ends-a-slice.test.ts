import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { updateManyGoogleObjectsActivity, writeBackManyActivity } from '../../src/activities/bursts/told-elsewhere.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { createTestDeps } from '../support/deps.js';
import { seedTenant } from '../support/tenant.js';

let db: TestDatabase;
let tenantId: string;
before(async () => {
  db = await createTestDatabase();
  tenantId = (await seedTenant(db)).tenantId;
});
after(() => db.drop());

test('a process that is told to stop begins nothing more of a slice, and says where another goes on', async () => {
  const burstId = randomUUID();
  await db.owner(
    `insert into bursts (burst_id, tenant_id, operation_ids, dispatched_by)
     select $1, $2, array(select gen_random_uuid() from generate_series(1, 50)), gen_random_uuid()`,
    [burstId, tenantId],
  );
  for (const activity of [updateManyGoogleObjectsActivity, writeBackManyActivity]) {
    const stopping = new AbortController();
    const work = activity(createTestDeps(db, { stopping: stopping.signal }));
    assert.deepEqual(await work({ tenantId, burstId, from: 30 }), { next: null });
    stopping.abort();
    assert.deepEqual(await work({ tenantId, burstId, from: 30 }), { next: 30 });
  }
});
