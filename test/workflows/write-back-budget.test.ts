import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ActivityDeps } from '../../src/activities/deps.js';
import { klaviyoCalls } from '../../src/activities/klaviyo-calls.js';
import { shareOf } from '../../src/klaviyo/rate-windows.js';
import { TransientError } from '../../src/common/errors.js';
import { startTestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { startTestKlaviyo, type TestKlaviyo } from '../support/klaviyo.js';
import { accept, ended } from '../support/operations.js';
import type { SeededTenant } from '../support/tenant.js';

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

  it('tenants with the same key, or with keys of one account, share its minute; another account has its own', async () => {
    const accounts = [
      // Without accounts:read nobody can ask which account it is: the key stands for it.
      { apiKey: 'pk_blind', scopes: ['custom-objects:write'] },
      { apiKey: 'pk_left', id: 'SHARED' },
      { apiKey: 'pk_right', id: 'SHARED' },
      { apiKey: 'pk_alone' },
    ];
    const shared = await startTestKlaviyo(test, { accounts });
    try {
      let now = 0;
      const deps = { database: test.database, klaviyo: shared.access, now: () => now } as unknown as ActivityDeps;
      const input = { identifiers: [], passType: null, data: {}, updateMetadata: false };
      const caller = async (tenant: SeededTenant) => {
        const operationId = await accept(test, tenant, { kind: 'push-update', input });
        return async (at: number): Promise<void> => {
          now = at;
          const account = (await shared.access.forTenant(tenant.tenantId))!;
          const step = { tenantId: tenant.tenantId, operationId, run: 1, step: 'backfill' } as const;
          await klaviyoCalls(deps, step, account)('record-bulk', async () => undefined);
        };
      };
      const { steady } = shareOf('record-bulk');
      const keys = [
        ['pk_blind', 'pk_blind'],
        ['pk_left', 'pk_right'],
      ] as const;
      const alone = await caller(await shared.tenant({}, 'pk_alone'));
      for (const [index, pair] of keys.entries()) {
        const callers = [
          await caller(await shared.tenant({}, pair[0])),
          await caller(await shared.tenant({}, pair[1])),
        ];
        // A minute that no call of the real clock falls into.
        const start = Math.ceil(Date.now() / 60_000) * 60_000 + (index + 1) * 3_600_000;
        // Three seconds between the calls keep the burst window out of it.
        for (let call = 0; call < steady; call++) await callers[call % 2]!(start + call * 3_000);
        const asked = start + steady * 3_000;
        for (const late of callers) {
          await assert.rejects(late(asked), (error) => {
            assert.ok(error instanceof TransientError && error.code === 'klaviyo-budget');
            const turn = asked + error.retryAfterMs!;
            assert.ok(turn >= start + 60_000 && turn <= start + 62_000, `${turn - start}`);
            return true;
          });
        }
        await alone(asked);
        for (const late of callers) await late(start + 62_000);
      }
      const asked = shared.simulator.requests().filter(({ path }) => path === '/api/accounts');
      assert.equal(asked.length, accounts.length, 'each key is asked for its account once');
    } finally {
      await shared.simulator.close();
    }
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
