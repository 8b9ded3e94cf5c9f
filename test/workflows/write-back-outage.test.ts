import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { findOperation, listSteps } from '../../src/database/operations/operations.js';
import { listRefusedConnections } from '../../src/database/klaviyo/klaviyo-connections.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { startTestKlaviyo, type TestKlaviyo } from '../support/klaviyo.js';
import { accept, until } from '../support/operations.js';
import type { SeededTenant } from '../support/tenant.js';
import { startTimeSkipping } from '../support/time-skipping.js';

const HOUR_MS = 3_600_000;
const OLD_KEY = 'pk_old';
const NEW_KEY = 'pk_new';

describe('write-back through long trouble, in simulated time', () => {
  let test: TestDatabase;
  let environment: TestWorkflowEnvironment;
  let klaviyo: TestKlaviyo;
  let engine: TestEngine;
  before(async () => {
    [test, environment] = await Promise.all([createTestDatabase(), startTimeSkipping()]);
    klaviyo = await startTestKlaviyo(test, { apiKeys: [OLD_KEY] });
    engine = await startEngine(test, {
      address: environment.address,
      dispatch: false,
      deps: { klaviyo: klaviyo.access },
    });
  });
  after(async () => {
    await engine.stop();
    await klaviyo.simulator.close();
    await environment.teardown();
    await test.drop();
  });

  async function pushUpdate(tenant: SeededTenant, points: number) {
    const operationId = await accept(test, tenant, {
      kind: 'push-update',
      input: {
        identifiers: [{ kind: 'email', value: tenant.email }],
        passType: null,
        data: { points },
        updateMetadata: false,
      },
    });
    const handle = await environment.client.workflow.start('pushUpdate', {
      workflowId: `push-update/${operationId}`,
      taskQueue: engine.taskQueue,
      args: [{ tenantId: tenant.tenantId, operationId }],
    });
    const sql = test.database.tenant(tenant.tenantId);
    return {
      operationId,
      handle,
      row: async () => (await findOperation(sql, operationId))!,
      step: async (name: string) => (await listSteps(sql, operationId)).find(({ step }) => step === name),
      async tookMs() {
        const { startTime, closeTime } = await handle.describe();
        return closeTime!.getTime() - startTime.getTime();
      },
    };
  }
  const eventsOf = (tenant: SeededTenant) =>
    klaviyo.simulator.events().filter(({ properties }) => properties['serial_number'] === tenant.pass.serialNumber);

  it('twenty hours without Klaviyo: the pass is changed at once, then everything lands, once', async () => {
    const tenant = await klaviyo.tenant({}, OLD_KEY);
    // At the longest pause of ten minutes, 130 refusals last more than twenty hours.
    klaviyo.simulator.setFault({ path: '/api/profile-import', status: 503, html: true, times: 60 });
    klaviyo.simulator.setFault({ path: '/api/profile-import', reset: true, times: 70 });
    const { handle, row, step, tookMs } = await pushUpdate(tenant, 50);
    await until(async () => {
      const [pass] = await test.owner(`select data ->> 'points' as points from passes where pass_id = $1`, [
        tenant.pass.id,
      ]);
      return pass!['points'] === '50';
    }, 'the pass to be changed');
    await handle.result();
    assert.ok((await tookMs()) > 20 * HOUR_MS, `${(await tookMs()) / HOUR_MS} hours`);
    assert.deepEqual([(await row()).status, (await row()).outcome], ['succeeded', 'updated']);
    const profile = (await step('write-back-profile'))!;
    assert.deepEqual([profile.state, profile.attempts], ['succeeded', 131]);
    assert.ok(['klaviyo-unreachable', 'klaviyo-unavailable'].includes(profile.last_error!.code));
    assert.deepEqual(
      eventsOf(tenant).map(({ metric }) => metric),
      ['Pass Updated'],
    );
    const [known] = klaviyo.simulator.profiles().filter(({ attributes }) => attributes['email'] === tenant.email);
    assert.equal(known!.attributes.properties['wallet_pass_serial'], tenant.pass.serialNumber);
    assert.equal(
      klaviyo.simulator.records().filter(({ record }) => record['id'] === tenant.pass.serialNumber).length,
      1,
    );
  });

  it('a refused key stops the tenant with one alarm; its operations wait, and go on with the next key', async () => {
    const tenant = await klaviyo.tenant({}, OLD_KEY);
    klaviyo.simulator.replaceKey(OLD_KEY, NEW_KEY);
    const calls = klaviyo.simulator.requests().length;
    const first = await pushUpdate(tenant, 60);
    const waiting = (operation: typeof first) =>
      until(
        async () => (await operation.step('write-back-profile'))?.last_error?.code === 'klaviyo-key-refused',
        'the step to wait for a key',
      );
    await waiting(first);
    const second = await pushUpdate(tenant, 61);
    await waiting(second);
    const refused = klaviyo.simulator.requests().slice(calls);
    assert.deepEqual(
      refused.map(({ status }) => status),
      [401],
      'nobody knocks again with the same key',
    );
    assert.equal((await first.row()).status, 'retrying');
    assert.equal((await second.step('write-back-profile'))!.state, 'retrying');
    const alarms = () => klaviyo.logged().filter(({ level }) => Number(level) >= 50);
    assert.deepEqual(
      alarms().map((line) => [line['tenantId'], line['code']]),
      [[tenant.tenantId, 'klaviyo-key-refused']],
    );
    assert.ok(!JSON.stringify(klaviyo.logged()).includes(OLD_KEY));
    assert.deepEqual(
      (await listRefusedConnections(test.database.system)).map((row) => row.tenant_id),
      [tenant.tenantId],
    );

    await klaviyo.setKey(tenant.tenantId, NEW_KEY);
    await first.handle.result();
    await second.handle.result();
    assert.deepEqual([(await first.row()).status, (await second.row()).status], ['succeeded', 'succeeded']);
    assert.equal(eventsOf(tenant).length, 2);
    assert.deepEqual(await listRefusedConnections(test.database.system), []);
    assert.equal(alarms().length, 1);
  });
});
