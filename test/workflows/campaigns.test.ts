import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { until } from '../support/operations.js';
import { seedSegment } from '../support/segment.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

interface Campaign {
  campaignId: string;
  state: string;
  reason: string | null;
  operationId: string;
  reach: Record<string, number> | null;
  rows: Record<string, number>;
  expectedSeconds: number | null;
  progress: { ended: number; remaining: number; outcomes: Record<string, number>; pushed: number };
  errors?: { message: string; cure?: string; line?: number; pointer?: string }[];
}

describe('a campaign', () => {
  let test: TestDatabase;
  let engine: TestEngine;
  let api: TestApi;
  let shiftMs = 0;
  const now = () => Date.now() + shiftMs;
  before(async () => {
    test = await createTestDatabase();
    engine = await startEngine(test, { deps: { now } });
    api = await startTestApi({ database: test.database, now });
  });
  after(async () => {
    await api.close();
    await engine.stop();
    await test.drop();
  });

  async function call(tenant: SeededTenant, method: string, path: string, body?: object | string, headers = {}) {
    const response = await api.fetch(`/api/${tenant.tenantId}/campaigns${path}`, {
      method,
      key: tenant.keys.all,
      headers,
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Campaign };
  }
  const make = async (tenant: SeededTenant, body: object) => {
    const { status, body: made } = await call(tenant, 'POST', '', { name: 'Points', ...body });
    assert.equal(status, 202, JSON.stringify(made));
    return made.campaignId;
  };
  const look = async (tenant: SeededTenant, id: string) => (await call(tenant, 'GET', `/${id}`)).body;
  async function reaches(tenant: SeededTenant, id: string, state: string): Promise<Campaign> {
    await until(async () => [state, 'failed'].includes((await look(tenant, id)).state), `the campaign is ${state}`);
    const campaign = await look(tenant, id);
    assert.equal(campaign.state, state, campaign.reason ?? '');
    return campaign;
  }
  const children = (tenant: SeededTenant, id: string) =>
    test.owner<{ passes: number; operations: number }>(
      `select count(distinct pass_id)::int as passes, count(*)::int as operations
         from operations where tenant_id = $1 and starts_with(idempotency_key, 'campaign:' || $2)`,
      [tenant.tenantId, id],
    );
  const points = (tenant: SeededTenant, value: number) =>
    test.owner<{ n: number }>(
      `select count(*)::int as n from passes where tenant_id = $1 and data ->> 'points' = $2::text`,
      [tenant.tenantId, String(value)],
    );

  it('shows in a dry run whom it reaches, changes nothing before its start, and leaves the holdout alone', async () => {
    const tenant = await seedTenant(test);
    await seedSegment(test, tenant, 60);
    const id = await make(tenant, {
      audience: { filter: { installedOn: 'apple', fields: [{ field: 'points', is: 'less', value: 50 }] } },
      action: { type: 'update', fields: { points: 200 } },
      holdoutPercent: 30,
    });
    const dry = await reaches(tenant, id, 'ready');
    assert.equal(dry.rows['all'], 60, 'the pass that is on no phone is no part of it');
    const { holdout, waiting } = dry.rows as { holdout: number; waiting: number };
    assert.ok(holdout > 3 && holdout < 40, `${holdout} of 60 are held out`);
    assert.deepEqual(dry.reach, { apple: waiting, google: 0, both: 0, none: 0 });
    assert.ok(dry.expectedSeconds! > 0, 'it says how long it should take');
    assert.deepEqual(await children(tenant, id), [{ passes: 0, operations: 0 }]);

    assert.equal((await call(tenant, 'POST', `/${id}/start`)).status, 200);
    const done = await reaches(tenant, id, 'ended');
    assert.deepEqual(done.progress.outcomes, { updated: waiting });
    assert.deepEqual([done.progress.remaining, done.progress.pushed], [0, waiting]);
    assert.deepEqual(await children(tenant, id), [{ passes: waiting, operations: waiting }]);
    assert.deepEqual(await points(tenant, 200), [{ n: waiting }]);
    const again = await call(tenant, 'POST', `/${id}/start`);
    assert.equal(again.status, 409, 'what has ended does not start again');
    const events = await test.owner<{ type: string }>(
      `select type from events where tenant_id = $1 and type like 'campaign.%' order by sequence`,
      [tenant.tenantId],
    );
    assert.deepEqual(
      events.map(({ type }) => type),
      ['campaign.started', 'campaign.ended'],
    );
  });

  it('stands still for three days of a pause, and goes on exactly', async () => {
    const tenant = await seedTenant(test);
    await seedSegment(test, tenant, 40);
    const id = await make(tenant, {
      audience: { filter: {} },
      action: { type: 'update', fields: { points: { property: 'points' }, tier: 'gold' } },
      schedule: { perMinute: 300 },
      confirm: true,
    });
    await until(async () => (await look(tenant, id)).progress.ended > 2, 'the first rows');
    const paused = await call(tenant, 'POST', `/${id}/pause`);
    assert.equal(paused.body.state, 'paused');
    const [{ operations: before } = { operations: -1 }] = await children(tenant, id);
    const { operationId } = paused.body;
    await until(async () => {
      const [row] = await test.owner<{ outcome: string }>('select outcome from operations where operation_id = $1', [
        operationId,
      ]);
      return row?.outcome === 'paused';
    }, 'nothing of it is in flight');
    shiftMs += 3 * 86_400_000;
    assert.deepEqual((await children(tenant, id))[0]?.operations, before, 'nothing was accepted after the pause');

    assert.equal((await call(tenant, 'POST', `/${id}/resume`)).body.state, 'running');
    const done = await reaches(tenant, id, 'ended');
    assert.deepEqual(done.progress.outcomes, { updated: 41 });
    assert.deepEqual(await children(tenant, id), [{ passes: 41, operations: 41 }]);
  });

  it('leaves what was sent and begins nothing more when it is cancelled', async () => {
    const tenant = await seedTenant(test);
    await seedSegment(test, tenant, 40);
    const id = await make(tenant, {
      audience: { filter: {} },
      action: { type: 'void' },
      schedule: { perMinute: 120 },
      confirm: true,
    });
    await until(async () => (await look(tenant, id)).progress.ended > 0, 'the first row');
    assert.equal((await call(tenant, 'POST', `/${id}/cancel`)).body.state, 'cancelled');
    const [{ operations } = { operations: -1 }] = await children(tenant, id);
    await until(async () => (await look(tenant, id)).progress.ended === operations, 'what was begun ends');
    assert.ok(operations < 41, `${operations} of 41 were begun`);
    assert.equal((await call(tenant, 'POST', `/${id}/resume`)).status, 409);
  });

  it('refuses what cannot be meant, with its place and cure, and changes nothing', async () => {
    const tenant = await seedTenant(test);
    const filter = { filter: {} };
    const update = { type: 'update', fields: { points: 1 } };
    const cases: [object, RegExp][] = [
      [{ audience: filter, action: { type: 'convert', passType: 'premum' } }, /Did you mean ..premium/],
      [{ audience: { filter: { passTypes: ['gold'] } }, action: update }, /no pass type ..gold/],
      [{ audience: filter, action: { type: 'update', fields: { points: '{{ person.points }}' } } }, /template tag/],
      [{ audience: filter, action: { type: 'update', fields: { points: { column: 'p' } } } }, /need a CSV/],
      [{ audience: filter, action: update, schedule: { at: 'tomorrow' } }, /at/],
      [{ audience: filter, action: update, schedule: { hours: { from: '09:00', until: '09:00' } } }, /differ/],
    ];
    for (const [body, said] of cases) {
      const { status, body: answer } = await call(tenant, 'POST', '', { name: 'Wrong', ...body });
      assert.equal(status, 422, JSON.stringify(answer));
      assert.match(JSON.stringify(answer), said);
    }
    assert.deepEqual(await test.owner('select from campaigns where tenant_id = $1', [tenant.tenantId]), []);
  });
});
