import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createEndpoint, createTestDelivery, rotateSecret } from '../../src/database/merchants/webhook-endpoints.js';
import { listDeliveries } from '../../src/database/merchants/delivery-log.js';
import { redeliver } from '../../src/database/merchants/redeliveries.js';
import { describeEvent, EVENT_TYPES, type EventType } from '../../src/merchants/events.js';
import { newWebhookSecret } from '../../src/merchants/sign.js';
import { startMerchantSimulator, type MerchantSimulator } from '../../src/simulators/merchant/merchant.js';
import { CORRELATION_ID, TENANT } from '../../src/workflows/search-attributes.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { accept, ended, until } from '../support/operations.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { testSecretBox } from '../support/secret-box.js';
import { rowsOf } from '../support/rows.js';

describe('webhooks to merchants', () => {
  let test: TestDatabase;
  let engine: TestEngine;
  let tenant: SeededTenant;
  let merchant: MerchantSimulator;
  let endpointId: string;
  const secret = newWebhookSecret();

  before(async () => {
    test = await createTestDatabase();
    tenant = await seedTenant(test, { waitForUnknownPassSeconds: 0 });
    merchant = await startMerchantSimulator({ secret });
    const endpoint = { tenantId: tenant.tenantId, url: merchant.url, eventTypes: EVENT_TYPES, secret };
    endpointId = (await createEndpoint(
      test.database.tenant(tenant.tenantId),
      { ...endpoint, atMost: 20 },
      testSecretBox,
    ))!.endpoint_id;
    engine = await startEngine(test);
  });
  after(async () => {
    await engine.stop();
    await merchant.stop();
    await test.drop();
  });

  const log = () => listDeliveries(test.database.tenant(tenant.tenantId), { endpointId, limit: 100 });
  const update = async (points: number): Promise<string> => {
    const input = {
      identifiers: [{ kind: 'email', value: tenant.email }],
      passType: null,
      data: { points },
      updateMetadata: false,
    };
    const operationId = await accept(test, tenant, { kind: 'push-update', input });
    await ended(test, tenant.tenantId, operationId);
    return operationId;
  };
  const deliveryOf = (operationId: string, status: string) =>
    until(async () => {
      const [event] = await rowsOf(test).events({ operationId }, 'event_id');
      return (await log()).find((one) => one.event_id === event?.event_id && one.status === status);
    }, `delivery of ${operationId} to be ${status}`);

  it('tells of a changed pass, signed, with names and order but no values', async () => {
    const operationId = await update(11);
    const delivery = await deliveryOf(operationId, 'delivered');
    const run = engine.client.workflow.getHandle(`deliver-webhook/${delivery.delivery_id}/1`);
    const { typedSearchAttributes: found } = await run.describe();
    assert.deepEqual([found.get(TENANT), found.get(CORRELATION_ID)], [tenant.tenantId, operationId]);
    const received = merchant.received.find(({ id }) => id === delivery.event_id);
    const { data, ...head } = structuredClone(received!.payload) as { data: Record<string, unknown> };
    assert.deepEqual(head, {
      id: delivery.event_id,
      type: 'pass.updated',
      timestamp: (head as { timestamp: string }).timestamp,
    });
    assert.match(String(data['orderKey']), /^\d+$/);
    assert.match(String(data['acceptanceSequence']), /^\d+$/);
    delete data['orderKey'];
    delete data['acceptanceSequence'];
    assert.deepEqual(data, {
      operationId,
      origin: 'klaviyo',
      serialNumber: tenant.pass.serialNumber,
      passTemplate: tenant.passTypes.basic,
      revision: 2,
      state: 'active',
      customerId: tenant.customerId,
      changedFields: ['points'],
    });
  });

  it('tells of a failed operation', async () => {
    const input = {
      identifiers: [{ kind: 'email', value: tenant.email }],
      passType: 'premum',
      data: {},
      updateMetadata: false,
    };
    const operationId = await accept(test, tenant, { kind: 'push-update', input });
    await ended(test, tenant.tenantId, operationId);
    const delivery = await deliveryOf(operationId, 'delivered');
    const { type, data } = merchant.received.find(({ id }) => id === delivery.event_id)!.payload as {
      type: string;
      data: Record<string, unknown>;
    };
    assert.deepEqual([type, data['kind'], data['outcome']], ['operation.failed', 'push-update', 'invalid-data']);
    assert.match(String(data['reason']), /Did you mean "premium"/);
  });

  it('tells of every change of state: who heard that a pass was voided hears that it is valid again', async () => {
    for (const [kind, type, state] of [
      ['void-pass', 'pass.voided', 'voided'],
      ['restore-pass', 'pass.restored', 'active'],
      ['expire-pass', 'pass.expired', 'expired'],
      ['restore-pass', 'pass.restored', 'active'],
    ] as const) {
      const id = await accept(test, tenant, { kind, origin: 'api', input: { passId: tenant.pass.id } });
      await ended(test, tenant.tenantId, id);
      const delivery = await deliveryOf(id, 'delivered');
      const { payload } = merchant.received.find((one) => one.id === delivery.event_id)!;
      const { data, ...head } = payload as { type: string; data: Record<string, unknown> };
      assert.deepEqual([head.type, data['state']], [type, state]);
    }
  });

  it('logs each attempt, follows no redirect, and delivers again on request under the same id', async () => {
    merchant.answerWith({
      status: 302,
      headers: { location: `${merchant.controlUrl}/elsewhere` },
      times: 1,
      body: 'over\u0000 there',
    });
    const operationId = await update(12);
    const waiting = await deliveryOf(operationId, 'retrying');
    assert.deepEqual(
      waiting.log.map(({ attempt, status, excerpt }) => [attempt, status, excerpt]),
      [[1, 302, 'over there']],
    );
    assert.ok(waiting.next_attempt_at! > waiting.created_at);
    assert.equal(await redeliver(test.database.tenant(tenant.tenantId), waiting.delivery_id), 'again');
    const done = await deliveryOf(operationId, 'delivered');
    assert.deepEqual([done.run, done.attempts, done.log.at(-1)?.status], [2, 2, 200]);
    await redeliver(test.database.tenant(tenant.tenantId), done.delivery_id);
    await until(
      async () =>
        (await log()).find(
          (one) => one.delivery_id === done.delivery_id && one.run === 3 && one.status === 'delivered',
        ),
      'the third run',
    );
    const attempts = merchant.deliveries.filter(({ id }) => id === done.event_id);
    assert.deepEqual(
      attempts.map(({ duplicate, path }) => [duplicate, path]),
      [
        [false, '/webhooks'],
        [false, '/webhooks'],
        [true, '/webhooks'],
      ],
    );
  });

  it('signs with both secrets while they rotate, and with the new one alone afterwards', async () => {
    const next = newWebhookSecret();
    const rotation = {
      tenantId: tenant.tenantId,
      endpointId,
      secret: next,
      oldUntil: new Date(Date.now() + 3_600_000),
    };
    await rotateSecret(test.database.tenant(tenant.tenantId), rotation, testSecretBox);
    await deliveryOf(await update(13), 'delivered');
    merchant.useSecrets(next);
    await deliveryOf(await update(14), 'delivered');
    await test.owner(`update webhook_secrets set expires_at = now() where expires_at is not null`);
    await deliveryOf(await update(15), 'delivered');
    merchant.useSecrets(secret);
    const refused = await deliveryOf(await update(16), 'retrying');
    assert.equal(refused.log[0]?.status, 401);
    merchant.useSecrets(next);
  });

  it('makes the first attempts of a crowd in one run; who is not taken goes on alone, and each has its own log', async () => {
    const crowd = async (): Promise<string[]> => {
      const rows = await test.owner<{ delivery_id: string }>(
        `with made as (
           insert into events (event_id, tenant_id, type, payload, fanned_out)
           select gen_random_uuid(), $1, 'pass.updated', payload, true
             from generate_series(1, 30),
                  (select payload from events where tenant_id = $1 and type = 'pass.updated' limit 1) told
           returning event_id
         )
         insert into deliveries (delivery_id, tenant_id, endpoint_id, event_id, dispatch_after)
         select gen_random_uuid(), $1, $2, event_id, now() from made returning delivery_id`,
        [tenant.tenantId, endpointId],
      );
      return rows.map(({ delivery_id }) => delivery_id);
    };
    const stateOf = async (ids: string[]) => {
      const rows = await test.owner<{ status: string; attempts: number; n: number }>(
        `select status, attempts, count(*)::int as n from deliveries where delivery_id = any($1) group by 1, 2 order by 3`,
        [ids],
      );
      return rows.map(({ status, attempts, n }) => `${n} ${status} after ${attempts}`);
    };
    const knows = (id: string) =>
      engine.client.workflow
        .getHandle(`deliver-webhook/${id}/1`)
        .describe()
        .then(
          () => true,
          () => false,
        );
    // One that fails gets few at a time, each alone.
    await test.owner('update webhook_endpoints set failing_since = null where endpoint_id = $1', [endpointId]);
    const fine = await crowd();
    await until(async () => (await stateOf(fine))[0] === '30 delivered after 1', 'all to be taken');
    assert.deepEqual(
      await Promise.all(fine.map(knows)),
      fine.map(() => false),
      'none needed a run of its own',
    );

    merchant.answerWith({ status: 503, times: 1 });
    const mixed = await crowd();
    await until(async () => (await stateOf(mixed)).join() === '1 retrying after 1,29 delivered after 1', 'one to wait');
    const [waiting] = await test.owner<{ delivery_id: string }>(
      `select delivery_id from deliveries where delivery_id = any($1) and status = 'retrying'`,
      [mixed],
    );
    assert.ok(await knows(waiting!.delivery_id), 'the one that was not taken has a run of its own');
  });

  it('switches an endpoint off that is gone, or that failed for five days, and says so', async () => {
    const state = () => rowsOf(test).endpoint(endpointId, 'state', 'disabled_reason');
    const enable = `update webhook_endpoints set state = 'enabled', disabled_reason = null, disabled_at = null, failing_since = $2 where endpoint_id = $1`;
    merchant.answerWith({ status: 410, times: 1 });
    const gone = await deliveryOf(await update(17), 'cancelled');
    assert.deepEqual(await state(), { state: 'disabled', disabled_reason: 'The endpoint answered 410 Gone.' });
    const since = () =>
      rowsOf(test)
        .endpoint(endpointId, 'disabled_at')
        .then((row) => row.disabled_at?.getTime());
    assert.equal(await redeliver(test.database.tenant(tenant.tenantId), gone.delivery_id), 'endpoint-off');
    const offSince = await since();
    assert.equal(offSince, gone.ended_at!.getTime());
    const unheard = await update(18);
    await until(
      async () => (await test.owner('select from events where operation_id = $1 and fanned_out', [unheard])).length > 0,
      'fan-out',
    );
    assert.ok(!(await log()).some(({ created_at }) => created_at > gone.ended_at!));

    await test.owner(enable, [endpointId, new Date(Date.now() - 4.9 * 86_400_000)]);
    merchant.answerWith({ status: 500, times: 1 });
    await deliveryOf(await update(19), 'retrying');
    assert.equal((await state())?.['state'], 'enabled');
    await test.owner(enable, [endpointId, new Date(Date.now() - 5.1 * 86_400_000)]);
    // Whichever delivery comes next, a retry of the last one or the first attempt of this one.
    merchant.answerWith({ status: 500, times: 1 });
    await update(20);
    await until(async () => (await state())?.['state'] === 'disabled', 'the endpoint to be switched off');
    assert.match(String((await state())?.['disabled_reason']), /5 days/);

    // Whether it is back can be tried before it is switched on again.
    const ids = { eventId: randomUUID(), deliveryId: randomUUID() };
    const sql = test.database.tenant(tenant.tenantId);
    const offAt = await since();
    merchant.answerWith({ status: 410, times: 1 });
    await createTestDelivery(sql, { tenantId: tenant.tenantId, endpointId, type: 'webhook.test', ...ids });
    await until(
      async () => (await log()).some((one) => one.delivery_id === ids.deliveryId && one.status === 'cancelled'),
      'the test of an endpoint that is off',
    );
    assert.equal(await since(), offAt, 'a failed test does not switch it off anew');
    ids.eventId = randomUUID();
    ids.deliveryId = randomUUID();
    await createTestDelivery(sql, { tenantId: tenant.tenantId, endpointId, type: 'webhook.test', ...ids });
    await until(
      async () => merchant.received.some(({ id }) => id === ids.eventId),
      'the test of an endpoint that is off',
    );
    await test.owner(enable, [endpointId, null]);
  });

  it('shows in the log that a secret cannot be opened, and goes on once it can', async () => {
    const [kept] = await test.owner<{ sealed: string }>(
      `select encode(ciphertext, 'base64') as sealed from webhook_secrets where endpoint_id = $1 and expires_at is null`,
      [endpointId],
    );
    const seal = `update webhook_secrets set ciphertext = decode($2, 'base64') where endpoint_id = $1 and expires_at is null`;
    await test.owner(seal, [endpointId, 'AAAA']);
    const delivery = await deliveryOf(await update(21), 'retrying');
    assert.deepEqual([delivery.log[0]?.status, delivery.log[0]?.error], [null, 'secret-unreadable']);
    await test.owner(seal, [endpointId, kept!.sealed]);
    await redeliver(test.database.tenant(tenant.tenantId), delivery.delivery_id);
    await until(async () => merchant.received.some(({ id }) => id === delivery.event_id), 'the delivery');
  });

  it('sends a delivery again that lost its workflow, and none that is under way', async () => {
    const { delivery_id: id, event_id: eventId } = await deliveryOf(await update(22), 'delivered');
    const sql = test.database.tenant(tenant.tenantId);
    const underWay = (minutes: number) =>
      test.owner(
        `update deliveries set status = 'delivering', dispatch_after = now() - $2 * interval '1 minute' where delivery_id = $1`,
        [id, minutes],
      );
    await underWay(1);
    assert.equal(await redeliver(sql, id), 'under-way');
    await underWay(16);
    assert.equal(await redeliver(sql, id), 'again');
    await until(
      async () => merchant.deliveries.some((one) => one.id === eventId && one.duplicate),
      'the delivery that was lost',
    );
  });

  it('sends what the description promises for each type', () => {
    const types = new Set<string>();
    for (const { payload } of merchant.received) {
      const { type } = payload as { type: string };
      if (type === 'webhook.test') continue;
      describeEvent(type as EventType).schema.parse(payload);
      types.add(type);
    }
    assert.deepEqual([...types].sort(), [
      'operation.failed',
      'pass.expired',
      'pass.restored',
      'pass.updated',
      'pass.voided',
    ]);
  });

  it('gives every event a place in the stream that only grows', async () => {
    const rows = await test.owner<{ position: string | null; fanned_out: boolean }>(
      'select position, fanned_out from events where tenant_id = $1 and position is not null order by sequence',
      [tenant.tenantId],
    );
    const positions = rows.map(({ position }) => Number(position));
    assert.ok(positions.length > 8);
    assert.deepEqual(
      positions,
      [...positions].sort((a, b) => a - b),
    );
    assert.equal(new Set(positions).size, positions.length);
  });
});
