import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { countPushes, createStepMeter, measureSteps } from '../../src/worker/step-metrics.js';
import { createTestDatabase } from '../support/database.js';
import { startEngine } from '../support/engine.js';
import { startTestKlaviyo } from '../support/klaviyo.js';
import { accept, ended } from '../support/operations.js';
import type { SeededTenant } from '../support/tenant.js';

test('what concerns a test pass or a test key counts in no metric, and in Klaviyo stands apart', async () => {
  const db = await createTestDatabase();
  const klaviyo = await startTestKlaviyo(db);
  const registry = new Registry();
  let pushes = 0;
  const apple = countPushes(registry, {
    push: async () => {
      pushes++;
      return { kind: 'delivered', apnsId: 'test' };
    },
  });
  const measureStep = createStepMeter(registry);
  const engine = await startEngine(db, {
    deps: { klaviyo: klaviyo.access, apple, measureStep },
    stepInterceptors: [measureSteps(registry, measureStep)],
  });
  try {
    const live = await klaviyo.tenant({ pushWindowSeconds: 0 });
    const trial = await klaviyo.tenant({ pushWindowSeconds: 0, klaviyo: { externalId: 'serialNumber' } });
    await db.owner('update passes set test = true where pass_id = $1', [trial.pass.id]);
    for (const { tenantId, pass } of [live, trial]) {
      await db.owner(`update passes set apple_pass_type_identifier = 'pass.example' where pass_id = $1`, [pass.id]);
      const [device] = await db.owner<{ device_id: string }>(
        `insert into apple_devices (tenant_id, device_library_identifier, push_token) values ($1, $1, 'ab') returning device_id`,
        [tenantId],
      );
      await db.owner(
        `insert into apple_registrations (tenant_id, device_id, pass_id, apple_pass_type_identifier) values ($1, $2, $3, 'pass.example')`,
        [tenantId, device!.device_id, pass.id],
      );
    }
    const update = async (tenant: SeededTenant, points: number, byTestKey: boolean) => {
      const identifiers = [{ kind: 'email', value: tenant.email }];
      const input = { identifiers, passType: null, data: { points }, updateMetadata: false };
      const id = await accept(db, tenant, { kind: 'push-update', input, test: byTestKey });
      assert.equal((await ended(db, tenant.tenantId, id)).outcome, 'updated');
    };
    const counted = async () => {
      const all = (await registry.getMetricsAsJSON()).flatMap(({ name, values }) =>
        values
          .map((value) => ({ ...value, series: (value as { metricName?: string }).metricName ?? name }))
          .filter(({ series }) => /(?:_count|_total)$/.test(series)),
      );
      return all.reduce((sum, { value }) => sum + value, 0);
    };

    await update(trial, 20, false);
    await update(live, 20, true);
    assert.equal(pushes, 2);
    assert.equal(await counted(), 0);
    await update(live, 30, false);
    assert.ok((await counted()) >= 5, 'what is live is counted: steps and the push');

    const { simulator } = klaviyo;
    const events = (serial: string) =>
      simulator.events().filter(({ properties }) => properties['serial_number'] === serial);
    assert.deepEqual(
      events(trial.pass.serialNumber).map(({ metric, properties }) => [metric, properties['test']]),
      [['Test Pass Updated', true]],
    );
    assert.ok(events(live.pass.serialNumber).every(({ metric }) => metric === 'Pass Updated'));
    const profile = (email: string) => simulator.profiles().find(({ attributes }) => attributes['email'] === email)!;
    const properties = profile(trial.email).attributes['properties'] as Record<string, unknown>;
    assert.deepEqual(Object.keys(properties).sort(), [
      'wallet_pass_test_serial',
      'wallet_pass_test_state',
      'wallet_pass_test_url',
    ]);
    assert.notEqual(profile(trial.email).attributes['external_id'], trial.pass.serialNumber);
    assert.deepEqual([...new Set(simulator.records().map(({ record }) => record['id']))], [live.pass.serialNumber]);
  } finally {
    await engine.stop();
    await klaviyo.simulator.close();
    await db.drop();
  }
});
