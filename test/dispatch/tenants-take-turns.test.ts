import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { claimAccepted, releaseClaims } from '../../src/database/dispatch.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { seedTenant } from '../support/tenant.js';

const OPEN = { perTenant: 16, besideSmall: 16 };

let db: TestDatabase;
const tenants: string[] = [];
before(async () => {
  db = await createTestDatabase();
  for (let i = 0; i < 3; i++) tenants.push((await seedTenant(db)).tenantId);
});
after(() => db.drop());

const flood = (tenantId: string, count: number, agoSeconds: number) =>
  db.owner(
    `insert into operations (operation_id, tenant_id, kind, input, accepted_at, dispatch_after)
     select gen_random_uuid(), $1, 'push-update', '{}', now() - $3 * interval '1 second',
            now() - $3 * interval '1 second' + i * interval '1 microsecond'
       from generate_series(1, $2) i`,
    [tenantId, count, agoSeconds],
  );

test('a flood of one tenant, however old, holds back neither the next tenant nor its own order', async () => {
  const [loud, quiet, late] = tenants as [string, string, string];
  await flood(loud, 20_000, 100);
  await flood(quiet, 2, 5);
  await flood(late, 1, 1);
  await db.owner('analyze operations');

  const first = await claimAccepted(db.database.system, 10, 60_000, OPEN);
  const of = (tenantId: string) => first.filter((row) => row.tenant_id === tenantId).length;
  assert.deepEqual([of(loud), of(quiet), of(late)], [7, 2, 1]);
  const oldest = await db.owner<{ operation_id: string }>(
    'select operation_id from operations where tenant_id = $1 order by acceptance_sequence limit 7',
    [loud],
  );
  assert.deepEqual(
    first
      .filter((row) => row.tenant_id === loud)
      .map((row) => row.operation_id)
      .sort(),
    oldest.map((row) => row.operation_id).sort(),
  );

  // Nothing is claimed twice, by any number of dispatchers.
  const claims = await Promise.all(
    Array.from({ length: 8 }, () => claimAccepted(db.database.system, 25, 60_000, OPEN)),
  );
  const ids = [...first, ...claims.flat()].map((row) => row.operation_id);
  assert.equal(new Set(ids).size, ids.length);
  // What waits for a worker is bounded, until a first step is done.
  assert.deepEqual(await claimAccepted(db.database.system, 100, 60_000, OPEN), []);
  await db.owner(`update operations set status = 'running' where operation_id = any($1)`, [ids.slice(1, 4)]);
  assert.ok((await claimAccepted(db.database.system, 100, 60_000, OPEN)).length > 0);

  // What was given back is due again.
  await releaseClaims(db.database.system, [first[0]!.operation_id], 0);
  const [back] = await db.owner<{ due: boolean }>(
    'select dispatch_after <= clock_timestamp() as due from operations where operation_id = $1',
    [first[0]!.operation_id],
  );
  assert.equal(back!.due, true);
});

test('a claim reads a few pages of the index, not the queue', async () => {
  const statements: string[] = [];
  await claimAccepted({ query: async (text) => (statements.push(text), []) }, 10, 1, OPEN);
  const [row] = await db.owner<{ 'QUERY PLAN': { Plan: Record<string, number> }[] }>(
    `explain (analyze, buffers, format json) ${statements[0]!.replaceAll('$1', '10').replaceAll('$2', '1').replaceAll('$3', '16').replaceAll('$4', '16')}`,
  );
  const { Plan: plan } = row!['QUERY PLAN'][0]!;
  const pages = plan['Shared Hit Blocks']! + plan['Shared Read Blocks']!;
  // Reading the 20,000 rows that wait takes more than 400 pages.
  assert.ok(pages < 300, `the claim touched ${pages} pages`);
});

test('while a single operation of one tenant is served, a flood of another gets no more than its share', async () => {
  const loud = (await seedTenant(db)).tenantId;
  const quiet = (await seedTenant(db)).tenantId;
  // What other tests left waiting would be small tenants, too.
  await db.owner(`update operations set status = 'cancelled' where status = 'accepted'`);
  const claim = async (): Promise<string[]> => {
    const rows = await claimAccepted(db.database.system, 100, 60_000, { perTenant: 6, besideSmall: 2 });
    return rows.map((row) => row.tenant_id);
  };
  const done = (tenantId: string) =>
    db.owner(
      `update operations set status = 'running' where tenant_id = $1 and status = 'accepted' and dispatch_after > now()`,
      [tenantId],
    );
  await flood(loud, 50, 10);
  assert.deepEqual(await claim(), Array<string>(6).fill(loud));
  await flood(quiet, 1, 1);
  assert.deepEqual(await claim(), [quiet], 'the flood has what it may have');
  await done(loud);
  assert.deepEqual(await claim(), [loud, loud], 'a flood never stops altogether');
  await done(quiet);
  assert.deepEqual(await claim(), Array<string>(4).fill(loud), 'nobody small waits any more');
  // Two floods hold nobody back but each other.
  await flood(quiet, 50, 1);
  await done(loud);
  const both = await claim();
  assert.deepEqual([both.filter((one) => one === loud).length, both.length], [6, 12]);
});
