import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createActivities } from '../../src/activities/index.js';
import type { ActivityDeps } from '../../src/activities/deps.js';
import { createTenantReaders } from '../../src/database/tenants/tenant-readers.js';
import { startAppleService } from '../support/apple-service.js';
import { accept } from '../support/operations.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

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
    const row = await rowsOf(db).operation(body.operationId, 'kind', 'status', 'input', 'origin');
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
  const rows = await rowsOf(db).operations({ tenantId: other.tenantId });
  assert.equal(rows.length, 0);
});

test('a phone that has a deleted pass goes on getting answers, and shows it void; nobody new gets one', async () => {
  const apple = await startAppleService(db);
  const phone = apple.phone();
  try {
    const demo = { tenantId: apple.demo.tenantId, passId: apple.demo.pass.passId };
    await phone.install(await apple.download());
    const deps = { database: db.database, ...createTenantReaders(db.database), now: Date.now };
    const steps = createActivities(deps as unknown as ActivityDeps);
    const change = async (kind: 'expire-pass' | 'delete-pass') => {
      const operationId = await accept(db, demo, { kind, origin: 'api', input: { passId: demo.passId } });
      await steps['change-state']({ ...demo, operationId, run: 1 });
      await apple.push(phone);
      const { passTypeIdentifier, serialNumber } = apple.demo.pass;
      const response = await fetch(`${apple.baseUrl}/apple/v1/passes/${passTypeIdentifier}/${serialNumber}`, {
        headers: { Authorization: `ApplePass ${apple.token}` },
      });
      assert.equal(response.status, 200);
      // The files of a pass are stored as they are, so that its JSON can be read in the archive.
      return Buffer.from(await response.arrayBuffer()).toString('latin1');
    };
    const expired = /"expirationDate":"([^"]+)"/.exec(await change('expire-pass'))?.[1];
    const row = await rowsOf(db).pass(demo.passId, 'modified_at');
    assert.equal(Date.parse(expired!), row.modified_at.getTime(), 'it ended at its last change');
    assert.match(await change('delete-pass'), /"voided":true/);
    assert.equal(phone.updates.length, 2);
    assert.deepEqual(phone.complaints, []);
    const fresh = await fetch(`${apple.baseUrl}/p/${apple.demo.pass.serialNumber}/pass.pkpass`);
    assert.equal(fresh.status, 404);
    await phone.remove(apple.demo.pass.serialNumber);
    assert.deepEqual(phone.complaints, []);
  } finally {
    await apple.close();
  }
});
