import assert from 'node:assert/strict';
import type { Statement } from '../../src/database/sql.js';
import { after, before, test } from 'node:test';
import { claimAccepted, releaseClaims, type Shares } from '../../src/database/operations/dispatch.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { seedTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

const ONE = '00000000-0000-4000-8000-000000000001';
const OTHER = '00000000-0000-4000-8000-000000000002';
const OPEN = { dispatcherId: ONE, perTenant: 16, giveWay: [], flooded: [] };

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
  const oldest = await rowsOf(db)
    .operations({ tenantId: loud }, 'operation_id')
    .then((all) => all.slice(0, 7));
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
  await db.owner(`update operations set status = 'running' where operation_id = any($1) and tenant_id = $2`, [
    ids,
    loud,
  ]);
  assert.ok((await claimAccepted(db.database.system, 100, 60_000, OPEN)).length > 0);

  // What was given back is due again.
  const stillWaiting = first.find((row) => row.tenant_id === late)!.operation_id;
  await releaseClaims(db.database.system, [stillWaiting], 0);
  const [back] = await db.owner<{ due: boolean }>(
    'select dispatch_after <= clock_timestamp() as due from operations where operation_id = $1',
    [stillWaiting],
  );
  assert.equal(back!.due, true);
});

test('a claim reads a few pages of the index, not the queue', async () => {
  const statements: Statement[] = [];
  const noting = async (statement: Statement | string) => (statements.push(statement as Statement), []);
  await claimAccepted({ tenantId: '*', query: noting }, 10, 1, OPEN);
  const { text, values } = statements[0]!;
  const [row] = await db.owner<{ 'QUERY PLAN': { Plan: Record<string, number> }[] }>(
    `explain (analyze, buffers, format json) ${text}`,
    values,
  );
  const { Plan: plan } = row!['QUERY PLAN'][0]!;
  const pages = plan['Shared Hit Blocks']! + plan['Shared Read Blocks']!;
  // Reading the 20,000 rows that wait takes more than 400 pages.
  assert.ok(pages < 300, `the claim touched ${pages} pages`);
});

/** What other tests left waiting would be small tenants, too. */
const clear = () => db.owner(`update operations set status = 'cancelled' where status in ('accepted', 'running')`);
const claim = async (shares: Partial<Shares>): Promise<string[]> => {
  const rows = await claimAccepted(db.database.system, 100, 60_000, { ...OPEN, perTenant: 6, ...shares });
  return rows.map((row) => row.tenant_id);
};
/** All that was started for a tenant has done its first step, or has ended. */
const become = (status: 'running' | 'succeeded', tenantId: string) =>
  db.owner(
    `update operations set status = $2
      where tenant_id = $1 and status = any($3) and (status = 'running' or dispatch_after > now())`,
    [tenantId, status, status === 'running' ? ['accepted'] : ['accepted', 'running']],
  );

test('a flood gives way as long as a single operation of another tenant is served, to its end', async () => {
  const loud = (await seedTenant(db)).tenantId;
  const quiet = (await seedTenant(db)).tenantId;
  await clear();
  await flood(loud, 50, 10);
  assert.deepEqual(await claim({}), Array<string>(6).fill(loud));
  await become('running', loud);
  await flood(quiet, 1, 1);
  assert.deepEqual(await claim({ giveWay: [loud] }), [quiet], 'the flood has just been served');
  await become('running', quiet);
  assert.deepEqual(await claim({ giveWay: [loud, quiet] }), [], 'the single operation is at work');
  assert.deepEqual(await claim({}), Array<string>(6).fill(loud), 'a flood that has waited long enough goes on');
  await become('running', loud);
  await become('succeeded', quiet);
  assert.deepEqual(await claim({ giveWay: [loud] }), Array<string>(6).fill(loud), 'nobody small is there any more');
  // Two floods hold nobody back but each other.
  await flood(quiet, 50, 1);
  await become('running', loud);
  const both = await claim({ giveWay: [loud, quiet] });
  assert.deepEqual([both.filter((one) => one === loud).length, both.length], [6, 12]);
});

test('what runs for long holds no flood back', async () => {
  const loud = (await seedTenant(db)).tenantId;
  const quiet = (await seedTenant(db)).tenantId;
  await clear();
  await flood(quiet, 1, 1);
  assert.deepEqual(await claim({}), [quiet]);
  await become('running', quiet);
  await flood(loud, 50, 10);
  assert.deepEqual(await claim({ giveWay: [loud] }), []);
  // As if it had been claimed a second earlier.
  await db.owner(`update operations set dispatch_after = dispatch_after - interval '1 second' where tenant_id = $1`, [
    quiet,
  ]);
  assert.deepEqual(await claim({ giveWay: [loud] }), Array<string>(6).fill(loud));
});

test('each dispatcher has a share of its own: more workers work a flood off faster', async () => {
  const loud = (await seedTenant(db)).tenantId;
  await clear();
  await flood(loud, 50, 10);
  assert.equal((await claim({ dispatcherId: ONE })).length, 6);
  assert.equal((await claim({ dispatcherId: ONE })).length, 0);
  assert.equal((await claim({ dispatcherId: OTHER })).length, 6);
});
