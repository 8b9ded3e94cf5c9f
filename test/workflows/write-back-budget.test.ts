import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { takeAccountTurn } from '../../src/activities/klaviyo-calls.js';
import { shareOf } from '../../src/klaviyo/rate-windows.js';
import { TransientError } from '../../src/passes/errors.js';
import { startTestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { startTestKlaviyo, type TestKlaviyo } from '../support/klaviyo.js';
import { accept, ended } from '../support/operations.js';
import { seedTenant } from '../support/tenant.js';

const CROWD = 40;

describe('the budget of one account', () => {
  let test: TestDatabase;
  let klaviyo: TestKlaviyo;
  let workers: TestEngine[];
  before(async () => {
    test = await createTestDatabase();
    klaviyo = await startTestKlaviyo(test);
    const deps = { klaviyo: klaviyo.access };
    workers = [await startEngine(test, { deps })];
    workers.push(await startEngine(test, { deps, taskQueue: workers[0]!.taskQueue }));
  });
  after(async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    await klaviyo.simulator.close();
    await test.drop();
  });

  it('two workers with a crowd of operations keep to our half of the published rate: no call is throttled', async () => {
    const tenant = await klaviyo.tenant();
    const operations = await Promise.all(
      Array.from({ length: CROWD }, (_, points) =>
        accept(test, tenant, {
          kind: 'push-update',
          input: {
            identifiers: [{ kind: 'email', value: tenant.email }],
            passType: null,
            data: { [`custom-${points}`]: points },
            updateMetadata: false,
          },
        }),
      ),
    );
    const rows = await Promise.all(operations.map((id) => ended(test, tenant.tenantId, id)));
    assert.ok(rows.every(({ status }) => status === 'succeeded'));
    const statuses = klaviyo.simulator.requests().map(({ status }) => status);
    assert.ok(
      statuses.every((status) => status !== null && status < 300),
      'nothing was refused',
    );
    assert.equal(klaviyo.simulator.events().length, CROWD);
    const [profile] = klaviyo.simulator.profiles();
    assert.equal(profile!.attributes.properties['wallet_pass_serial'], tenant.pass.serialNumber);
  });

  it('what is beyond the minute waits, whoever asks, and is told how long', async () => {
    const { tenantId } = await seedTenant(test);
    const sql = test.database.tenant(tenantId);
    const { steady } = shareOf('record-bulk');
    // Three seconds between the calls keep the burst window out of it.
    const start = Math.ceil(Date.now() / 60_000) * 60_000;
    for (let call = 0; call < steady; call++) await takeAccountTurn(sql, tenantId, 'record-bulk', start + call * 3_000);
    const asked = start + steady * 3_000;
    const refusals = await Promise.allSettled(
      Array.from({ length: 3 }, () => takeAccountTurn(sql, tenantId, 'record-bulk', asked)),
    );
    for (const refusal of refusals) {
      assert.equal(refusal.status, 'rejected');
      assert.ok(refusal.reason instanceof TransientError && refusal.reason.code === 'klaviyo-budget');
      const until = asked + refusal.reason.retryAfterMs!;
      assert.ok(until >= start + 60_000 && until <= start + 61_000, `${until - start}`);
    }
    await takeAccountTurn(sql, tenantId, 'record-bulk', start + 60_000);
  });

  it('readiness says that a key is refused, without naming the tenant', async () => {
    const tenant = await klaviyo.tenant();
    await klaviyo.setKey(tenant.tenantId, 'pk_wrong');
    const input = {
      passId: tenant.pass.id,
      platform: 'apple',
      event: 'uninstalled',
      firstInstall: false,
      at: new Date().toISOString(),
    };
    await accept(test, tenant, { kind: 'device-event', input });
    const api = await startTestApi({ database: test.database });
    try {
      const look = async () =>
        (await (await api.fetch('/readyz')).json()) as {
          state: string;
          parts: { klaviyo: { state: string; detail?: string } };
        };
      let seen = await look();
      for (let tries = 0; seen.parts.klaviyo.state === 'ok' && tries < 200; tries++) seen = await look();
      assert.deepEqual([seen.state, seen.parts.klaviyo.state], ['degraded', 'degraded']);
      assert.match(seen.parts.klaviyo.detail!, /key of 1 tenant/);
      assert.ok(!JSON.stringify(seen).includes(tenant.tenantId));
    } finally {
      await api.close();
    }
  });
});
