import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { after, before, test } from 'node:test';
import { createLogger } from '../../src/logging.js';
import { TransientError } from '../../src/common/errors.js';
import { startTracing, type Tracing } from '../../src/tracing/start-tracing.js';
import { workflowId } from '../../src/workflows/workflow-ids.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { ended, until } from '../support/operations.js';
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
  api = await startTestApi({ database: db.database });
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
