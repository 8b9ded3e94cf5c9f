import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { runRetention } from '../../src/database/bulk/retention.js';
import { passesOf, startBackfillDrill, type BackfillDrill } from '../support/backfill.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const JOBS = '/api/profile-bulk-import-jobs';

let db: TestDatabase;
before(async () => void (db = await createTestDatabase()));
after(() => db.drop());

/** What Klaviyo shows of each pass is what the pass is now; the others are named. */
async function wrongIn({ simulator, tenant }: BackfillDrill): Promise<string[]> {
  const shown = new Map(
    simulator
      .profiles()
      .map(({ id, attributes: { properties: told } }) => [
        told['wallet_pass_serial'],
        { id, state: told['wallet_pass_state'] },
      ]),
  );
  const wrong: string[] = [];
  for (const { serial_number: serial, state, email, klaviyo_profile_id: known } of await passesOf(db, tenant)) {
    const profile = shown.get(serial);
    if (profile?.state !== state || profile.id !== known) {
      wrong.push(`${email}: ${state}, Klaviyo shows ${JSON.stringify(profile ?? null)}, known ${known}`);
    }
  }
  return wrong;
}
const callsOf = ({ simulator }: BackfillDrill) => {
  const calls = simulator.requests().map(({ method, path }) => `${method} ${path.replace(/[0-9A-Z]{26}/, 'ID')}`);
  const counts: Record<string, number> = {};
  for (const call of calls) counts[call] = (counts[call] ?? 0) + 1;
  return counts;
};
async function drilled(
  count: number,
  given: Parameters<typeof startBackfillDrill>[2],
  work: (drill: BackfillDrill) => Promise<void>,
): Promise<void> {
  const drill = await startBackfillDrill(db, count, given);
  try {
    await work(drill);
  } finally {
    await drill.close();
  }
}

test('whatever is killed, changed or refused meanwhile: every profile shows its pass as it is, and the others are counted', async () => {
  const COUNT = 45;
  const cases = fc.record({
    deaths: fc.uniqueArray(fc.integer({ min: 5, max: 260 }), { maxLength: 5 }),
    changes: fc.array(fc.tuple(fc.integer({ min: 5, max: 260 }), fc.nat(COUNT - 1)), { maxLength: 8 }),
    refused: fc.uniqueArray(fc.nat(COUNT - 1), { maxLength: 4 }),
    merged: fc.uniqueArray(fc.nat(COUNT - 1), { maxLength: 4 }),
    refusedJobs: fc.nat(3),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ deaths, changes, refused, merged, refusedJobs }) => {
      const meanwhile = new Map<number, () => Promise<void>>();
      await drilled(COUNT, { deaths, meanwhile }, async (drill) => {
        const passes = await passesOf(db, drill.tenant);
        const bad = refused.map((place) => passes[place]!.email);
        for (const [place, pass] of changes) meanwhile.set(place, () => drill.change(passes[pass]!.pass_id));
        await db.owner(
          `update customers set klaviyo_profile_id = '01M1PAAWG9ZV3P6AA4RTJZWYAK' where tenant_id = $1 and email = any($2)`,
          [drill.tenant.tenantId, merged.map((place) => passes[place]!.email).filter((email) => !bad.includes(email))],
        );
        await db.owner(
          `update customers set email = 'no-address-' || md5(email) where tenant_id = $1 and email = any($2)`,
          [drill.tenant.tenantId, bad],
        );
        if (refusedJobs > 0) {
          drill.simulator.setFault({ path: JOBS, method: 'POST', status: 400, times: refusedJobs });
        }
        await drill.run();
        const wrong = await wrongIn(drill);
        assert.deepEqual(
          wrong.filter((one) => !one.startsWith('no-address-')),
          [],
        );
        const { done, failed } = (await drill.progress()) as { done: number; failed: number };
        assert.equal(done, COUNT);
        assert.equal(wrong.length, bad.length);
        // A death between a refusal and its note may count it once more.
        if (deaths.length === 0) assert.equal(failed, bad.length);
        else assert.ok(failed >= bad.length, `${failed} of ${bad.length}`);
        const left = await db.owner('select from backfill_jobs where tenant_id = $1', [drill.tenant.tenantId]);
        assert.equal(left.length, 0);
      });
    }),
    { numRuns: 12, endOnFailure: true },
  );
});

test('2,000 passes are one job, a few looks and twenty look-ups, and none is written alone', async () => {
  await drilled(2_000, {}, async (drill) => {
    await drill.run();
    assert.deepEqual(await wrongIn(drill), []);
    const { 'GET /api/accounts': _, [`GET ${JOBS}/ID`]: looks, ...others } = callsOf(drill);
    assert.ok(looks! <= 4, `${looks} looks`);
    assert.deepEqual(others, { [`GET ${JOBS}`]: 1, [`POST ${JOBS}`]: 1, 'GET /api/profiles': 20 });
  });
});

test('without the scopes of bulk imports every profile is written alone, and no job is sent that could not be seen', async () => {
  for (const scopes of [
    ['accounts:read', 'profiles:read', 'profiles:write', 'lists:write'],
    ['accounts:read', 'profiles:read', 'profiles:write', 'lists:read'],
  ]) {
    await drilled(40, { account: { scopes } }, async (drill) => {
      await drill.run();
      assert.deepEqual(await wrongIn(drill), []);
      assert.equal(callsOf(drill)['POST /api/profile-import'], 40);
      assert.equal(
        drill.simulator.requests().filter(({ path, status }) => path === JOBS && status! < 300).length,
        scopes.includes('lists:read') ? 1 : 0,
      );
    });
  }
});

test('a pause settles the job that was sent: what changed meanwhile is written again, all else waits', async () => {
  await drilled(60, {}, async (drill) => {
    const passes = await passesOf(db, drill.tenant);
    await db.owner(`update customers set email = 'no-address' where tenant_id = $1 and email = $2`, [
      drill.tenant.tenantId,
      passes[7]!.email,
    ]);
    await drill.visit();
    await drill.pause(true);
    await drill.change(passes[3]!.pass_id);
    const stateOf = (serial: string) =>
      drill.simulator.profiles().find(({ attributes: { properties } }) => properties['wallet_pass_serial'] === serial)
        ?.attributes.properties['wallet_pass_state'];
    assert.equal(stateOf(passes[3]!.serial_number), 'voided');
    await drill.run('paused');
    assert.equal(stateOf(passes[4]!.serial_number), 'active', 'the job was imported');
    assert.equal(stateOf(passes[3]!.serial_number), 'voided', 'and did not keep its older state');
    assert.deepEqual(callsOf(drill)['GET /api/profiles'], undefined);
    const before = drill.simulator.requests().length;
    await drill.visit();
    assert.equal(drill.simulator.requests().length, before, 'a paused backfill asks nothing more');
    await drill.pause(false);
    await drill.run();
    assert.deepEqual(
      (await wrongIn(drill)).map((one) => one.split(':')[0]),
      ['no-address'],
    );
    assert.equal(callsOf(drill)[`POST ${JOBS}`], 1);
  });
});

test('a pause that comes while a slice runs is not lost, also after an earlier one', async () => {
  await drilled(60, {}, async (drill) => {
    await drill.pause(true);
    await drill.run('paused');
    await drill.pause(false);
    const slice = drill.visit();
    await drill.pause(true);
    await slice;
    assert.equal((await drill.progress())['paused'], true);
    await drill.run('paused');
  });
});

test('a cancelled backfill settles what was sent and sends nothing more', async () => {
  await drilled(60, {}, async (drill) => {
    const passes = await passesOf(db, drill.tenant);
    await drill.visit();
    await drill.change(passes[3]!.pass_id);
    await drill.run('settled', true);
    const found = drill.simulator
      .profiles()
      .filter(({ attributes: { properties } }) => properties['wallet_pass_state'] === 'voided');
    assert.deepEqual(
      found.map(({ attributes }) => attributes['email']),
      [passes[3]!.email],
    );
    assert.equal(callsOf(drill)[`POST ${JOBS}`], 1);
  });
});

test('an unanswered job is not sent again while Klaviyo may still work on it', async () => {
  await drilled(300, {}, async (drill) => {
    drill.simulator.setFault({ path: JOBS, method: 'POST', dropResponse: true });
    const passes = await passesOf(db, drill.tenant);
    await assert.rejects(drill.visit(), { code: 'klaviyo-unreachable' });
    await drill.change(passes[3]!.pass_id);
    const { waitMs } = await drill.visit();
    assert.ok(waitMs > 0);
    assert.equal(callsOf(drill)[`POST ${JOBS}`], 1);
    await drill.run();
    assert.equal(callsOf(drill)[`POST ${JOBS}`], 3, 'then in halves: it may have been too large');
    assert.deepEqual(await wrongIn(drill), []);
  });
});

test('the job of a backfill that failed is waited for by the next one, which writes everything', async () => {
  await drilled(60, {}, async (drill) => {
    const passes = await passesOf(db, drill.tenant);
    await db.owner(
      `insert into backfill_jobs (tenant_id, operation_id, sent_at, up_to, passes, pass_ids) values ($1, gen_random_uuid(), date_trunc('milliseconds', now()), $2, 1, array[$2::uuid])`,
      [drill.tenant.tenantId, passes[0]!.pass_id],
    );
    assert.ok((await drill.visit()).waitMs > 1_000);
    assert.equal(callsOf(drill)[`POST ${JOBS}`], undefined);
    await drill.run();
    assert.deepEqual(await wrongIn(drill), []);
  });
});

test('a job that nobody settles is removed after a week; one of a backfill that is under way stays', async () => {
  await drilled(2, {}, async ({ tenant, operationId }) => {
    await db.owner(
      `insert into backfill_jobs (tenant_id, operation_id, sent_at, up_to, passes, pass_ids)
       values ($1, $2, now() - interval '8 days', $2, 1, '{}')`,
      [tenant.tenantId, operationId],
    );
    const left = async () =>
      (await db.owner('select from backfill_jobs where tenant_id = $1', [tenant.tenantId])).length;
    await runRetention(db.database);
    assert.equal(await left(), 1);
    await db.owner(`update operations set status = 'failed', ended_at = now() where operation_id = $1`, [operationId]);
    await runRetention(db.database);
    assert.equal(await left(), 0);
  });
});
