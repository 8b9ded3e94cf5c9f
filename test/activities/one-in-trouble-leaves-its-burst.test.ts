import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createActivities } from '../../src/activities/index.js';
import { claimBurst } from '../../src/database/bursts/dispatch.js';
import { claimAccepted } from '../../src/database/operations/dispatch.js';
import { BURST_SHARES } from '../../src/dispatch/bursts.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { createTestDeps } from '../support/deps.js';
import { acceptMany, formBurst, messageTo, seedSegment, segmentPasses, update } from '../support/segment.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

const COUNT = 9;

let db: TestDatabase;
before(async () => void (db = await createTestDatabase()));
after(() => db.drop());

/** Updates of a segment in one burst, as the dispatcher leaves them. */
async function burstOf(tenant: SeededTenant): Promise<{ ids: string[]; ref: { tenantId: string; burstId: string } }> {
  const inputs = Array.from({ length: COUNT }, (_, i) => update(i + 1, { points: 50 + i }));
  const ids = await acceptMany(db, tenant, inputs);
  return { ids, ref: await formBurst(db, tenant.tenantId, ids) };
}

/** The places of those that left the burst, with what was said of them, and how often passes have the new points. */
async function left(ids: readonly string[], step: string) {
  const rows = await db.owner<{ place: number; burst_id: string | null; status: string; code: string | null }>(
    `select array_position($1::uuid[], o.operation_id) - 1 as place, o.burst_id, o.status, s.last_error ->> 'code' as code
       from operations o left join operation_steps s on s.operation_id = o.operation_id and s.step = $2
      where o.operation_id = any($1) order by 1`,
    [ids, step],
  );
  const changed = await db.owner(`select from pass_revisions where operation_id = any($1) and change = 'data'`, [ids]);
  const gone = rows.filter(({ burst_id: burstId }) => burstId === null);
  return { gone: gone.map(({ place, status, code }) => [place, status, code]), changed: changed.length };
}

test('an operation that kills its worker each time is found by smaller slices; it leaves, all others are done once', async () => {
  for (const poisonous of [0, 4, COUNT - 1]) {
    const tenant = await seedTenant(db, {});
    await seedSegment(db, tenant, COUNT);
    const passId = (await segmentPasses(db, tenant))[poisonous];
    await db.owner('update passes set pass_type_id = $2 where pass_id = $1', [passId, tenant.passTypes.premium]);
    const deps = createTestDeps(db);
    const { version } = deps.passTypes;
    let die: () => void = () => undefined;
    deps.passTypes.version = async (tenantId, passTypeId, number) => {
      if (passTypeId !== tenant.passTypes.premium) return version(tenantId, passTypeId, number);
      // As a process that is gone: nothing after this happens any more.
      die();
      return new Promise(() => undefined);
    };
    const steps = createActivities(deps);
    const { ids, ref } = await burstOf(tenant);
    await steps['burst-find-pass'](ref);
    let deaths = 0;
    for (let done = false; !done;) {
      const died = new Promise<false>((resolve) => (die = () => resolve(false)));
      done = await Promise.race([steps['burst-apply-data'](ref).then(() => true), died]);
      if (!done) deaths++;
      assert.ok(deaths < 6, 'the poisonous one was not found');
    }
    const { gone, changed } = await left(ids, 'apply-data');
    assert.deepEqual(gone, [[poisonous, 'accepted', 'burst-died']]);
    assert.equal(changed, COUNT - 1);
  }
});

test('an operation whose pass is erased meanwhile leaves, and holds nobody', async () => {
  const tenant = await seedTenant(db, {});
  await seedSegment(db, tenant, COUNT);
  const steps = createActivities(createTestDeps(db));
  const { ids, ref } = await burstOf(tenant);
  await steps['burst-find-pass'](ref);
  await db.owner('delete from passes where pass_id = $1', [(await segmentPasses(db, tenant))[3]]);
  await steps['burst-apply-data'](ref);
  assert.deepEqual(await left(ids, 'apply-data'), { gone: [[3, 'accepted', null]], changed: COUNT - 1 });
});

test('many that have left are claimed one by one, behind a flood that goes in bursts, and join no other burst', async () => {
  await db.owner(`update operations set status = 'cancelled' where status in ('accepted', 'running')`);
  const tenant = await seedTenant(db, {});
  await seedSegment(db, tenant, COUNT);
  const steps = createActivities(createTestDeps(db));
  const { ids, ref } = await burstOf(tenant);
  await steps['burst-find-pass'](ref);
  await db.owner('delete from passes where pass_id = any($1)', [await segmentPasses(db, tenant)]);
  await steps['burst-apply-data'](ref);
  assert.equal((await left(ids, 'apply-data')).gone.length, COUNT, 'all have left');
  const { system } = db.database;
  const shares = { ...BURST_SHARES, atLeast: 3, dispatcherId: randomUUID() };
  assert.deepEqual(await claimBurst(system, 15_000, shares), { burst: null, flooded: [] });
  const flood = await acceptMany(
    db,
    tenant,
    Array.from({ length: 5 }, () => update(1, { points: 1 })),
  );
  const { burst, flooded } = await claimBurst(system, 15_000, { ...shares, most: 4 });
  assert.deepEqual([burst?.operationIds.length, flooded.length], [4, 1]);
  assert.ok(
    burst!.operationIds.every((id) => flood.includes(id)),
    'only those that have left none',
  );
  const singly = await claimAccepted(system, 100, 15_000, { ...shares, perTenant: 100, giveWay: [], flooded });
  assert.deepEqual(singly.map((row) => row.operation_id).sort(), ids.toSorted());
});

test('an operation whose pass is on its way stays in its burst, which looks again', async () => {
  const tenant = await seedTenant(db, { waitForUnknownPassSeconds: 60 });
  await seedSegment(db, tenant, COUNT - 1);
  const steps = createActivities(createTestDeps(db));
  const { ids, ref } = await burstOf(tenant);
  const first = await steps['burst-find-pass'](ref);
  assert.notEqual(first.lookAgainAfterMs, null);
  await steps['burst-apply-data'](ref);
  assert.deepEqual(await left(ids, 'apply-data'), { gone: [], changed: COUNT - 1 });
  await seedSegment(db, tenant, COUNT, COUNT);
  assert.equal((await steps['burst-find-pass'](ref)).lookAgainAfterMs, null);
  await steps['burst-apply-data'](ref);
  assert.deepEqual(await left(ids, 'apply-data'), { gone: [], changed: COUNT });
});

test('whatever step keeps dying, the first operation leaves that is not through with it', async () => {
  const tenant = await seedTenant(db, {});
  await seedSegment(db, tenant, COUNT);
  const steps = createActivities(createTestDeps(db));
  const inputs = Array.from({ length: COUNT }, (_, i) => messageTo(i + 1));
  const ids = await acceptMany(db, tenant, inputs, { kinds: inputs.map(() => 'send-message') });
  const ref = await formBurst(db, tenant.tenantId, ids, 'send-message');
  /** As if it had died with slices of one. */
  const diedIn = (step: string) =>
    db.owner(`update bursts set attempts = jsonb_build_object($2::text, 9) where burst_id = $1`, [ref.burstId, step]);
  const gone = async (step: string) => (await left(ids, step)).gone.map(([place]) => place);
  await db.owner(`update operations set status = 'cancelled', ended_at = now() where operation_id = $1`, [ids[0]]);
  await diedIn('find-pass');
  await steps['burst-find-pass'](ref);
  assert.deepEqual(await gone('find-pass'), [1]);
  await db.owner(
    `insert into operation_steps (tenant_id, operation_id, step, state, ended_at) values ($1, $2, 'claim-message', 'succeeded', now())`,
    [ref.tenantId, ids[2]],
  );
  await diedIn('claim-message');
  await steps['burst-claim-message'](ref);
  assert.deepEqual(await gone('claim-message'), [1, 3]);
});
