import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

let db: TestDatabase;
let api: TestApi;
let tenant: SeededTenant;
let other: SeededTenant;
before(async () => {
  db = await createTestDatabase();
  api = await startTestApi({ database: db.database });
  tenant = await seedTenant(db);
  other = await seedTenant(db);
});
after(async () => {
  await api.close();
  await db.drop();
});

const call = (method: string, path: string, key: string, headers: Record<string, string> = {}) =>
  api.fetch(`/v1/passes/${tenant.pass.serialNumber}${path}`, { method, key, headers });

test('each call is an operation, durable before its 202, with the way to its status', async () => {
  const calls: [method: string, path: string, kind: string][] = [
    ['POST', '/void', 'void-pass'],
    ['POST', '/expire', 'expire-pass'],
    ['POST', '/restore', 'restore-pass'],
    ['POST', '/notify', 'notify-pass'],
    ['DELETE', '', 'delete-pass'],
  ];
  for (const [method, path, kind] of calls) {
    const nudges = api.nudges();
    const response = await call(method, path, tenant.keys.all);
    assert.equal(response.status, 202, kind);
    const body = (await response.json()) as { operationId: string; statusUrl: string };
    assert.equal(response.headers.get('X-Correlation-Id'), body.operationId);
    assert.equal(response.headers.get('Location'), body.statusUrl);
    assert.equal(api.nudges(), nudges + 1);
    const [row] = await db.owner('select kind, status, input, origin from operations where operation_id = $1', [
      body.operationId,
    ]);
    assert.deepEqual(row, { kind, status: 'accepted', input: { passId: tenant.pass.id }, origin: 'api' });
    const status = await api.fetch(new URL(body.statusUrl).pathname, { key: tenant.keys.all });
    assert.equal(((await status.json()) as { kind: string }).kind, kind);
  }
});

test('the same key leads to the same operation, and to 422 for another call', async () => {
  const headers = { 'Idempotency-Key': 'void once' };
  const first = await call('POST', '/void', tenant.keys.all, headers);
  const second = await call('POST', '/void', tenant.keys.all, headers);
  assert.equal(second.status, 202);
  assert.equal(second.headers.get('X-Correlation-Id'), first.headers.get('X-Correlation-Id'));
  assert.equal((await call('POST', '/restore', tenant.keys.all, headers)).status, 422);
});

test('nobody reaches a pass of another tenant, or one without the scope', async () => {
  for (const [method, path] of [
    ['POST', '/void'],
    ['DELETE', ''],
  ] as const) {
    assert.equal((await call(method, path, other.keys.all)).status, 404);
    assert.equal((await call(method, path, tenant.keys.listener)).status, 403);
  }
  const rows = await db.owner('select from operations where tenant_id = $1', [other.tenantId]);
  assert.equal(rows.length, 0);
});
