import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { deleteOldBursts, readBurstFigures } from '../../src/database/bursts/burst-figures.js';
import { sliceSize } from '../../src/activities/bursts/burst-step.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { seedTenant } from '../support/tenant.js';

let db: TestDatabase;
let tenantId: string;
before(async () => {
  db = await createTestDatabase();
  tenantId = (await seedTenant(db)).tenantId;
});
after(() => db.drop());

const burst = (size: number, ago: string, state: 'running' | 'notified' | 'ended') =>
  db.owner(
    `insert into bursts (burst_id, tenant_id, operation_ids, dispatched_by, created_at, notified_at, ended_at)
     select gen_random_uuid(), $1, array(select gen_random_uuid() from generate_series(1, $2::int)), $3, now() - $4::interval,
            case when $5 <> 'running' then now() - $4::interval end, case when $5 = 'ended' then now() - $4::interval end`,
    [tenantId, size, randomUUID(), ago, state],
  );

test('figures are those of the last minute, and old bursts go once they have ended', async () => {
  await burst(100, '10 seconds', 'running');
  await burst(300, '20 seconds', 'notified');
  await burst(300, '30 seconds', 'ended');
  await burst(500, '5 minutes', 'ended');
  await burst(500, '8 days', 'ended');
  await burst(50, '8 days', 'running');
  const figures = await readBurstFigures(db.database.system);
  assert.deepEqual([figures.running, Math.round(figures.size), figures.perSecond], [3, 233, 10]);
  assert.equal(await deleteOldBursts(db.database.system, 7), 1);
  assert.equal(await deleteOldBursts(db.database.system, 7), 0, 'what runs for long stays');
});

test('a step that dies takes smaller and smaller slices, down to one, and then lets the first operation go', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7].map((attempt) => sliceSize(500, attempt)),
    [500, 125, 32, 8, 2, 1, 0],
  );
  assert.deepEqual(
    [1, 2].map((attempt) => sliceSize(1, attempt)),
    [1, 0],
  );
});
