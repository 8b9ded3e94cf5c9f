import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { Sql } from '../../../src/database/connect.js';
import { fanOutEvents, listEvents, recordCustomerEvent } from '../../../src/database/merchants/events.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { accept } from '../../support/operations.js';
import { seedTenant, type SeededTenant } from '../../support/tenant.js';
import { rowsOf } from '../../support/rows.js';

let db: TestDatabase;
let tenant: SeededTenant;
before(async () => {
  db = await createTestDatabase();
  tenant = await seedTenant(db);
});
after(() => db.drop());

const write = async (sql: Sql): Promise<string> => {
  const id = randomUUID();
  await sql.query(`insert into events (event_id, tenant_id, type, payload) values ($1, $2, 'pass.updated', '{}')`, [
    id,
    tenant.tenantId,
  ]);
  return id;
};

test('an event that commits late is behind the cursor of nobody: it gets its place when it can be seen', async () => {
  const sql = db.database.tenant(tenant.tenantId);
  const seen: string[] = [];
  let after = '0';
  const pull = async () => {
    await fanOutEvents(db.database.system, 100);
    for (const row of await listEvents(sql, { after, types: null, limit: 100 })) {
      seen.push(row.event_id);
      after = row.position!;
    }
  };
  let early = '';
  const late = await sql.transaction(async (tx) => {
    // Written first, and so with the lower sequence; visible last.
    const id = await write(tx);
    early = await write(sql);
    await pull();
    return id;
  });
  assert.deepEqual(seen, [early]);
  await pull();
  assert.deepEqual(seen, [early, late]);
});

test('two processes that fan out at once give no place twice and skip none', async () => {
  const sql = db.database.tenant(tenant.tenantId);
  const written = [];
  for (let n = 0; n < 60; n++) written.push(await write(sql));
  let placed = 0;
  while (placed < written.length) {
    const counts = await Promise.all([1, 2, 3].map(() => fanOutEvents(db.database.system, 7)));
    placed += counts.reduce((a, b) => a + b, 0);
  }
  const rows = await listEvents(sql, { after: '0', types: null, limit: 1_000 });
  assert.deepEqual(rows.map(({ event_id: id }) => id).slice(-written.length), written);
  assert.equal(new Set(rows.map(({ position }) => position)).size, rows.length);
});

test('what is older than the retention is not pulled any more', async () => {
  const sql = db.database.tenant(tenant.tenantId);
  const [old, young] = [await write(sql), await write(sql)];
  await fanOutEvents(db.database.system, 100);
  const age = `update events set created_at = now() - $2 * interval '1 day' where event_id = $1`;
  await db.owner(age, [old, 30.1]);
  await db.owner(age, [young, 29.9]);
  const rows = await listEvents(sql, { after: '0', types: null, limit: 1_000 });
  const ids = rows.map(({ event_id: id }) => id);
  assert.deepEqual([ids.includes(old), ids.includes(young)], [false, true]);
});

test('after a restored backup, whose counter is behind, places go on above all that merchants have seen', async () => {
  const sql = db.database.tenant(tenant.tenantId);
  const before = await write(sql);
  await fanOutEvents(db.database.system, 100);
  await db.owner(`select setval('event_positions', 1)`);
  const later = await write(sql);
  await fanOutEvents(db.database.system, 100);
  const rows = await listEvents(sql, { after: '0', types: null, limit: 1_000 });
  const positions = [before, later].map((id) => BigInt(rows.find(({ event_id: one }) => one === id)!.position!));
  assert.ok(positions[0]! < positions[1]!, `${positions[0]} is not below ${positions[1]}`);
});

test('what is told again, after a lost answer or a restored backup, is the same event', async () => {
  const sql = db.database.tenant(tenant.tenantId);
  const operationId = await accept(db, tenant, { kind: 'profile-sync', input: {} });
  const tell = async (run = 1) => {
    await recordCustomerEvent(sql, { tenantId: tenant.tenantId, operationId, run }, tenant.customerId);
    const rows = await rowsOf(db).events({ operationId }, 'event_id');
    return rows.map(({ event_id: id }) => id);
  };
  const first = await tell();
  assert.equal(first.length, 1);
  assert.match(first[0]!, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(await tell(), first);
  await db.owner('delete from events where operation_id = $1', [operationId]);
  await db.owner('update operations set run = 2 where operation_id = $1', [operationId]);
  assert.deepEqual(await tell(2), first);
});
