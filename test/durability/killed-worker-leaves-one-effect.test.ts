import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { listSteps } from '../../src/database/operations/operations.js';
import { crash, createPushLog, loggedPushes } from '../support/crash.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { startTestGoogle, updateOf, type TestGoogle } from '../support/google.js';
import { startTestKlaviyo, type TestKlaviyo } from '../support/klaviyo.js';
import { accept, ended } from '../support/operations.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

const STEPS = ['find-pass', 'convert-type', 'apply-data', 'recompute-metadata', 'notify-devices'];
/** temporal.api.enums.v1.TimeoutType. */
const HEARTBEAT = 4;

/** Around the local step that tells everybody, and inside it: a provider has taken what was sent, and nobody here knows. */
const TELLING: [when: 'before' | 'after' | 'unanswered', step: string][] = [
  ['before', 'tell-everybody'],
  ['after', 'tell-everybody'],
  ['unanswered', 'notify-devices'],
  ['unanswered', 'update-google-object'],
  ['unanswered', 'write-back-event'],
];

interface Case {
  when: 'before' | 'after' | 'second attempt' | 'unanswered';
  step: string;
  tenant: SeededTenant;
  pushToken: string;
  operationId: string;
}

/** A tenant whose pass is on one phone, and an update of it. */
async function prepare(test: TestDatabase, when: Case['when'], step: string, passType: string | null): Promise<Case> {
  const tenant = await seedTenant(test, {});
  const pushToken = randomUUID().replaceAll('-', '');
  await test.owner(
    `with device as (insert into apple_devices (tenant_id, device_library_identifier, push_token) values ($1, $2, $2) returning device_id),
          typed as (update passes set apple_pass_type_identifier = 'pass.test' where pass_id = $3)
     insert into apple_registrations (tenant_id, device_id, pass_id, apple_pass_type_identifier) select $1, device_id, $3, 'pass.test' from device`,
    [tenant.tenantId, pushToken, tenant.pass.id],
  );
  const identifiers = [{ kind: 'email', value: tenant.email }];
  const input = { identifiers, passType, data: { points: 99 }, updateMetadata: passType !== null };
  return { when, step, tenant, pushToken, operationId: await accept(test, tenant, { kind: 'push-update', input }) };
}

/** A tenant with a phone, Google and Klaviyo, and an update of its pass. */
async function prepareTelling(
  test: TestDatabase,
  { google, klaviyo, klaviyoSettings }: { google: TestGoogle; klaviyo: TestKlaviyo; klaviyoSettings: object },
  [when, step]: (typeof TELLING)[number],
): Promise<Case> {
  const tenant = await google.seed();
  const { tenantId } = tenant;
  const pushToken = randomUUID().replaceAll('-', '');
  await test.owner('update apple_devices set push_token = $2 where tenant_id = $1', [tenantId, pushToken]);
  await test.owner(`update tenants set settings = settings || $2 where tenant_id = $1`, [
    tenantId,
    JSON.stringify({ klaviyo: klaviyoSettings }),
  ]);
  await klaviyo.setKey(tenantId, 'pk_test_write_back');
  return { when, step, tenant, pushToken, operationId: await accept(test, tenant, updateOf(tenant, { points: 99 })) };
}

describe('a worker killed between any two steps leaves exactly one visible effect', () => {
  let test: TestDatabase;
  let engine: TestEngine | undefined;
  let retried: Case;
  let google: TestGoogle;
  let klaviyo: TestKlaviyo;
  const telling: Case[] = [];
  const cases = new Map<string, Case>();

  before(async () => {
    test = await createTestDatabase();
    await createPushLog(test);
    for (const when of ['before', 'after'] as const) {
      for (const step of STEPS) cases.set(`${when} ${step}`, await prepare(test, when, step, 'premium'));
    }
    retried = await prepare(test, 'second attempt', 'notify-devices', null);
    google = await startTestGoogle(test);
    klaviyo = await startTestKlaviyo(test);
    const [model] = await test.owner<{ klaviyo: object }>(
      `select settings -> 'klaviyo' as klaviyo from tenants where tenant_id = $1`,
      [(await klaviyo.tenant()).tenantId],
    );
    const providers = { google, klaviyo, klaviyoSettings: model!.klaviyo };
    for (const place of TELLING) telling.push(await prepareTelling(test, providers, place));
    const taskQueue = `crash-${randomUUID()}`;
    const places = [...cases.values(), retried, ...telling].map(({ when, step, tenant: { tenantId } }) => ({
      tenantId,
      when,
      step,
    }));
    const { apiUrl, tokenUrl } = google.simulator;
    await crash(test, taskQueue, places, { google: { apiUrl, tokenUrl }, klaviyo: { url: klaviyo.simulator.url } });
    const deps = { ...loggedPushes(test), google: google.wallet, klaviyo: klaviyo.access };
    engine = await startEngine(test, { taskQueue, deps });
  });
  after(async () => {
    await engine?.stop();
    await google?.stop();
    await klaviyo?.simulator.close();
    await test?.drop();
  });
  const pushesOf = ({ tenant: { tenantId } }: Case): Promise<object[]> =>
    test.owner('select token from test_pushes where tenant_id = $1', [tenantId]);

  for (const when of ['before', 'after']) {
    for (const step of STEPS) {
      it(`killed ${when} ${step}`, async () => {
        const one = cases.get(`${when} ${step}`)!;
        const { tenant, operationId, pushToken } = one;
        const row = await ended(test, tenant.tenantId, operationId);
        assert.deepEqual([row.status, row.outcome], ['succeeded', 'converted']);
        const revisions = await rowsOf(test).revisions({ passId: tenant.pass.id }, 'change');
        assert.deepEqual(
          revisions.map(({ change }) => change),
          ['type', 'data'],
        );
        const pass = await rowsOf(test).pass(tenant.pass.id, 'data', 'pass_type_id', 'revision');
        assert.deepEqual(pass, {
          data: { points: 99, tier: 'bronze' },
          pass_type_id: tenant.passTypes.premium,
          revision: 3,
        });
        assert.deepEqual(await pushesOf(one), [{ token: pushToken }]);
        const events = await rowsOf(test).events({ operationId }, 'type');
        assert.deepEqual(events, [{ type: 'pass.updated' }]);
      });
    }
  }

  it('killed within an attempt for a wallet, which is missed by its heartbeat and not by its time limit', async () => {
    const { tenant, operationId, pushToken } = retried;
    const row = await ended(test, tenant.tenantId, operationId);
    assert.deepEqual([row.status, row.outcome], ['succeeded', 'updated']);
    const { events } = await engine!.client.workflow.getHandle(`push-update/${operationId}`).fetchHistory();
    const failures = events!.flatMap((event) => event.activityTaskStartedEventAttributes?.lastFailure ?? []);
    assert.deepEqual(
      failures.map(({ timeoutFailureInfo }) => timeoutFailureInfo?.timeoutType),
      [HEARTBEAT],
    );
    // In trouble, then cut off with its worker, then delivered: no evidence of the first two was taken for a delivery.
    assert.deepEqual(
      await pushesOf(retried),
      Array.from({ length: 3 }, () => ({ token: pushToken })),
    );
  });

  for (const [place, [when, step]] of TELLING.entries()) {
    it(`killed ${when === 'unanswered' ? 'inside tell-everybody, before the answer of' : when} ${step}`, async () => {
      const one = telling[place]!;
      const { tenant, operationId, pushToken } = one;
      const row = await ended(test, tenant.tenantId, operationId);
      assert.deepEqual([row.status, row.outcome, row.revision], ['succeeded', 'updated', 2]);
      assert.equal((await rowsOf(test).revisions({ passId: tenant.pass.id }, 'change')).length, 1);
      assert.deepEqual(await rowsOf(test).events({ operationId }, 'type'), [{ type: 'pass.updated' }]);
      const steps = await listSteps(test.database.tenant(tenant.tenantId), operationId);
      assert.deepEqual(
        steps.map(({ step: name, state }) => `${name} ${state}`).sort(),
        [
          ...['apply-data', 'find-pass', 'notify-devices', 'update-google-object'],
          ...['write-back-event', 'write-back-object', 'write-back-profile'],
        ].map((name) => `${name} succeeded`),
      );
      // Klaviyo knows an event by its id: sent again, it is the same one.
      const events = klaviyo.simulator.events().filter(({ uniqueId }) => uniqueId.startsWith(operationId));
      assert.deepEqual(
        events.map(({ metric }) => metric),
        ['Pass Updated'],
      );
      // One object, as the pass is now, however often it was written.
      const live = await google.live(tenant);
      assert.equal(live.synced_revision, 2);
      const points = google.simulator.object(live.object_id)?.['loyaltyPoints'];
      assert.deepEqual(points, { label: 'Points', balance: { string: '99' } });
      // A push carries nothing: one whose answer was lost is made once more. The others of this step have their evidence.
      const pushes = await pushesOf(one);
      assert.deepEqual([...new Set(pushes.map((push) => (push as { token: string }).token))], [pushToken]);
      const most = when === 'unanswered' ? 2 : 1;
      assert.ok(pushes.length <= most, `${pushes.length} pushes`);
    });
  }
});
