import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { after, before, test } from 'node:test';
import { createLogger } from '../../src/logging.js';
import { TransientError } from '../../src/common/errors.js';
import { OPERATION_KINDS } from '../../src/passes/operation.js';
import { startTracing, type Tracing } from '../../src/tracing/start-tracing.js';
import { deliveryQueue } from '../../src/workflows/task-queues.js';
import { workflowId } from '../../src/workflows/workflow-ids.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { startTestKlaviyo, type TestKlaviyo } from '../support/klaviyo.js';
import { accept, ended, until } from '../support/operations.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { startTraceReceiver, type TraceReceiver } from '../support/trace-receiver.js';

/** Texts that no log, no span and no history may hold, each where such a thing comes in. */
const PLANTED = {
  email: 'planted.mason@example.com',
  phone: '+12125550147',
  value: 'planted-value-of-a-field',
  pushToken: 'facade00facade00',
  idempotencyKey: 'planted-key-4711',
  wrongKey: `pr_live_${'planted'.padEnd(43, 'x')}`,
};

let db: TestDatabase;
let api: TestApi;
let engine: TestEngine;
let tenant: SeededTenant;
let klaviyo: TestKlaviyo;
let receiver: TraceReceiver;
let tracing: Tracing;
const workerLog: string[] = [];
let pushes = 0;

before(async () => {
  receiver = await startTraceReceiver();
  Object.assign(process.env, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: '20' });
  const silent = createLogger({ level: 'silent', pretty: false });
  tracing = (await startTracing({ protocol: 'http/json' }, 'passrelay-test', silent))!;
  db = await createTestDatabase();
  tenant = await seedTenant(db, { waitForUnknownPassSeconds: 0, pushWindowSeconds: 0 });
  api = await startTestApi({ database: db.database, logLevel: 'trace' });
  klaviyo = await startTestKlaviyo(db);
  const destination = new Writable({
    write(chunk: Buffer, _, done) {
      workerLog.push(chunk.toString());
      done();
    },
  });
  engine = await startEngine(db, {
    tracing: tracing.engine,
    log: createLogger({ level: 'trace', pretty: false, destination }),
    deps: {
      klaviyo: klaviyo.access,
      apple: {
        async push() {
          pushes++;
          if (pushes === 1) throw new Error('the socket broke');
          if (pushes === 2) throw new TransientError('apns-unavailable', 'Apple did not take the push.', 50);
          return { kind: 'delivered', apnsId: 'test' };
        },
      },
    },
  });
  await db.owner('update customers set email = $2, phone = $3 where customer_id = $1', [
    tenant.customerId,
    PLANTED.email,
    PLANTED.phone,
  ]);
  await db.owner('update customer_identifiers set value = $2 where customer_id = $1', [
    tenant.customerId,
    PLANTED.email,
  ]);
  await db.owner(`update passes set apple_pass_type_identifier = 'pass.example.x' where pass_id = $1`, [
    tenant.pass.id,
  ]);
  const [device] = await db.owner<{ device_id: string }>(
    `insert into apple_devices (tenant_id, device_library_identifier, push_token) values ($1, 'd', $2) returning device_id`,
    [tenant.tenantId, PLANTED.pushToken],
  );
  await db.owner(
    `insert into apple_registrations (tenant_id, device_id, pass_id, apple_pass_type_identifier) values ($1, $2, $3, 'pass.example.x')`,
    [tenant.tenantId, device!.device_id, tenant.pass.id],
  );
});
after(async () => {
  await engine.stop();
  await api.close();
  await klaviyo.simulator.close();
  await tracing.stop();
  await receiver.stop();
  await db.drop();
});

/** Everything in a history as text, payloads opened. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (inner instanceof Uint8Array) return Buffer.from(inner).toString('utf8');
    const buffer = inner as { type?: string; data?: number[] } | null;
    if (buffer?.type === 'Buffer' && Array.isArray(buffer.data)) return Buffer.from(buffer.data).toString('utf8');
    return typeof inner === 'bigint' ? String(inner) : inner;
  });
}

test('a full run, with errors of every sort, leaves no personal data and no secret in logs, spans and histories', async () => {
  const body = (additionalData: object, email = PLANTED.email) => ({
    identifiers: { email, phone: PLANTED.phone },
    passType: 'premium',
    additionalData,
    updateMetadata: true,
  });
  const headers = { 'Idempotency-Key': PLANTED.idempotencyKey };
  await db.owner(
    `insert into customer_identifiers (tenant_id, kind, value, customer_id) values ($1, 'phone', $2, $3)`,
    [tenant.tenantId, PLANTED.phone, tenant.customerId],
  );
  const send = (sent: unknown, more: Record<string, string> = {}) =>
    api.pushUpdate(tenant.tenantId, tenant.keys.listener, sent, more);
  const changed = await send(body({ tier: PLANTED.value, points: 12 }), headers);
  assert.equal(changed.status, 200, await changed.text());
  assert.equal((await send(body({ tier: 'another' }), headers)).status, 422);
  const invalid = await send(body({ points: PLANTED.value }));
  // A key is the sender's as well: one that holds a rendered tag, and is too long for custom data.
  const strangeKey = await send(body({ [`${PLANTED.email} ${'x'.repeat(300)}`]: 1 }));
  const unknown = await send({ ...body({}, `x${PLANTED.email}`), passType: undefined });
  const broken = await send(`{"identifiers": {"email": "${PLANTED.email}" "phone"`);
  assert.equal(broken.status, 400);
  const stranger = await api.pushUpdate(tenant.tenantId, PLANTED.wrongKey, body({}));
  assert.equal(stranger.status, 401);

  const ids = [changed, invalid, strangeKey, unknown].map((response) => response.headers.get('x-correlation-id')!);
  const histories: string[] = [];
  for (const operationId of ids) {
    const row = await ended(db, tenant.tenantId, operationId);
    const handle = engine.client.workflow.getHandle(workflowId({ kind: 'push-update', operationId, run: row.run }));
    histories.push(textOf(await handle.fetchHistory()), textOf((await handle.describe()).raw));
  }
  assert.ok(pushes >= 3, 'the pushes of this test have to fail first');
  assert.ok(histories.every((history) => history.length > 500));
  assert.match(histories[0]!, new RegExp(ids[0]!), 'payloads are not opened: this test would see nothing');

  await until(
    async () => receiver.spans.filter(({ name }) => name === 'RunWorkflow:pushUpdate').length === ids.length,
    'the spans of all runs',
  );
  const failed = receiver.spans.filter(({ status }) => status.code === 2);
  assert.ok(failed.length >= 3, 'no span tells of a failure: this test would see nothing');
  const spans = receiver.raw.join('\n');
  const logs = workerLog.join('') + api.logged();
  assert.ok(workerLog.length > 0 && api.logged().length > 0);
  for (const [what, text] of Object.entries(PLANTED)) {
    assert.ok(!histories.some((history) => history.includes(text)), `a history holds the ${what}`);
    assert.ok(!logs.includes(text), `a log holds the ${what}: ${lineWith(logs, text)}`);
    assert.ok(!spans.includes(text), `a span holds the ${what}`);
  }
  for (const key of Object.values(tenant.keys)) assert.ok(!(logs + spans).includes(key), 'an API key is told');
});

const lineWith = (logs: string, text: string): string =>
  logs
    .split('\n')
    .find((line) => line.includes(text))
    ?.slice(0, 500) ?? '';

test('no kind of operation leaves more than ids in Temporal, logs and spans', async () => {
  const shop = await klaviyo.tenant({ waitForUnknownPassSeconds: 0, pushWindowSeconds: 0 });
  const { tenantId, pass, passTypes, customerId } = shop;
  const planted = {
    email: 'sown.mason@example.com',
    phone: '+12125550199',
    name: 'Sownfirst Sownlast',
    value: 'sown-value-of-a-field',
    message: 'sown-text-of-a-message',
    offer: 'sown-offer',
    campaign: 'sown-name-of-a-campaign',
    externalId: 'sown-customer-0815',
  };
  const call = async (method: string, path: string, body?: object | string): Promise<Record<string, string>> => {
    const type = typeof body === 'string' ? 'text/csv' : 'application/json';
    const response = await api.fetch(path, {
      method,
      key: shop.keys.all,
      ...(body !== undefined && {
        headers: { 'Content-Type': type },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    const id = response.headers.get('x-correlation-id');
    const answered = text === '' ? {} : (JSON.parse(text) as Record<string, string>);
    return { ...answered, ...(id !== null && { correlationId: id }) };
  };
  const done = async (answered: Promise<Record<string, string>>) =>
    ended(db, tenantId, (await answered)['correlationId']!);
  const listener = `/api/${tenantId}/webhooks/listeners/klaviyo`;
  const ours = `/v1/passes/${pass.serialNumber}`;
  const { secret } = await call('POST', `/api/${tenantId}/webhook-endpoints`, { url: `http://127.0.0.1:9/hook` });

  const issued = await call('POST', '/v1/passes', {
    passTemplate: passTypes.basic,
    customerId: planted.externalId,
    recipient: { email: planted.email, phone: planted.phone, name: planted.name },
    pass: { tier: planted.value },
  });
  await ended(db, tenantId, issued['correlationId']!);
  // Klaviyo repeats what it refuses.
  klaviyo.simulator.setFault({ path: '/api/profile-import', status: 400, times: 1 });
  await done(
    call('POST', `${listener}/profiles/sync`, {
      email: planted.email,
      phone_number: planted.phone,
      first_name: planted.name,
      properties: { tier: planted.value },
      consent: ['email'],
    }),
  );
  await done(call('PATCH', `/v1/passes/${issued['serialNumber']}`, { pass: { tier: `${planted.value} again` } }));
  const message = { message: planted.message, title: planted.message, class: 'service' };
  const sent = await call('POST', `${ours}/messages`, message);
  await ended(db, tenantId, sent['correlationId']!);
  await done(call('POST', `${listener}/passes/notify`, { identifiers: { email: planted.email }, ...message }));
  const messages = await db.owner<{ id: string }>('select message_id as id from messages where pass_id = $1', [
    pass.id,
  ]);
  await done(call('DELETE', `${ours}/messages/${messages[0]!.id}`));
  await done(call('POST', `${ours}/offers`, { fields: { tier: planted.offer }, until: '14 days' }));
  const offers = await db.owner<{ id: string }>('select offer_id as id from offers where pass_id = $1', [pass.id]);
  await done(call('DELETE', `${ours}/offers/${offers[0]!.id}`));
  for (const command of ['notify', 'void', 'restore', 'expire']) await done(call('POST', `${ours}/${command}`));
  const campaign = await call('POST', `/api/${tenantId}/campaigns`, {
    name: planted.campaign,
    audience: { csv: {} },
    action: { type: 'update', fields: { tier: { column: 'wish' } } },
    confirm: true,
  });
  const rows = `email,wish\n${planted.email},${planted.value}\n"x${planted.email}",${planted.value}\n`;
  await call('PUT', `/api/${tenantId}/campaigns/${campaign['campaignId']}/rows`, rows);
  await until(
    async () => (await call('GET', `/api/${tenantId}/campaigns/${campaign['campaignId']}`))['state'] === 'ended',
    'the campaign to end',
  );
  const accepted = async (kind: (typeof OPERATION_KINDS)[number], input: object) =>
    ended(db, tenantId, await accept(db, shop, { kind, input }));
  const at = new Date().toISOString();
  await accepted('device-event', { passId: pass.id, platform: 'apple', event: 'installed', firstInstall: true, at });
  await accepted('backfill', {});
  await accepted('migrate-passes', { passTypeId: passTypes.basic, perMinute: 600 });
  await accepted('retry-operations', { filter: { status: 'failed' }, perSecond: 10 });
  await done(call('DELETE', ours));
  const [recipient] = await db.owner<{ id: string }>(
    `select customer_id as id from customer_identifiers where tenant_id = $1 and value = $2`,
    [tenantId, planted.email],
  );
  await accepted('merge-customers', { into: recipient!.id, from: customerId });
  await accepted('erase-customer', { customerId: recipient!.id });

  const operations = await db.owner<{ kind: string; status: string; outcome: string; operation_id: string }>(
    'select kind, status, outcome, operation_id from operations where tenant_id = $1',
    [tenantId],
  );
  const had = new Set(operations.map(({ kind }) => kind));
  assert.deepEqual(
    OPERATION_KINDS.filter((kind) => !had.has(kind)),
    [],
    'every kind of operation is carried out here: add the new one',
  );
  const histories: string[] = [];
  const seen = new Set<string>();
  await until(async () => {
    for await (const { workflowId: id, runId } of engine.client.workflow.list({
      query: `TaskQueue = '${engine.taskQueue}' or TaskQueue = '${deliveryQueue(engine.taskQueue)}'`,
    })) {
      if (seen.has(runId)) continue;
      seen.add(runId);
      const handle = engine.client.workflow.getHandle(id, runId);
      histories.push(textOf(await handle.fetchHistory()), textOf((await handle.describe()).raw));
    }
    const text = histories.join('');
    return operations.every(({ operation_id: id }) => text.includes(id));
  }, 'a history of each operation');
  assert.ok(
    histories.some((history) => history.includes('deliverWebhook')),
    'the merchant is told, too',
  );
  const elsewhere = {
    history: histories.join('\n'),
    'worker’s log': workerLog.join(''),
    'API’s log': api.logged(),
    'log of Klaviyo’s calls': klaviyo
      .logged()
      .map((line) => JSON.stringify(line))
      .join('\n'),
    span: receiver.raw.join('\n'),
  };
  for (const [what, text] of Object.entries({ ...planted, secret: secret! })) {
    for (const [where, all] of Object.entries(elsewhere)) {
      assert.ok(!all.includes(text), `a ${where} holds the ${what}: ${lineWith(all, text)}`);
    }
  }
});
