import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { ended } from '../support/operations.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

let db: TestDatabase;
let api: TestApi;
let engine: TestEngine;
const pushed: string[] = [];

before(async () => {
  db = await createTestDatabase();
  api = await startTestApi({ database: db.database });
  engine = await startEngine(db, {
    deps: {
      apple: {
        async push({ pushToken }) {
          pushed.push(pushToken);
          return { kind: 'delivered', apnsId: 'test' };
        },
      },
    },
  });
});
after(async () => {
  await engine.stop();
  await api.close();
  await db.drop();
});

interface Issued {
  status: number;
  body: { serialNumber: string; operationId: string; state: string; detail?: string };
}

async function issue(tenant: SeededTenant, recipient: object, pass: object = {}): Promise<Issued> {
  const response = await api.fetch('/v1/passes', {
    method: 'POST',
    key: tenant.keys.all,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ passTemplate: 'basic', recipient, pass }),
  });
  return { status: response.status, body: (await response.json()) as Issued['body'] };
}
async function update(tenant: SeededTenant, identifiers: object) {
  const response = await api.pushUpdate(tenant.tenantId, tenant.keys.all, {
    identifiers,
    additionalData: { points: Math.round(Math.random() * 1e6) },
  });
  return ended(db, tenant.tenantId, response.headers.get('x-correlation-id')!);
}
const warningsOf = async (tenant: SeededTenant, { body }: Issued): Promise<string[]> => {
  const row = await ended(db, tenant.tenantId, body.operationId);
  return (row.repairs as { message?: string }[]).flatMap(({ message }) => message ?? []);
};

test('a phone that two people share goes to nobody else: the second gets a pass by e-mail, with a warning', async () => {
  const tenant = await seedTenant(db);
  const phone = '+14155559001';
  const mum = await issue(tenant, { email: 'mum@example.com', phone });
  const kid = await issue(tenant, { email: 'kid@example.com', phone });
  assert.deepEqual([mum.status, kid.status], [201, 201]);
  assert.notEqual(mum.body.serialNumber, kid.body.serialNumber);
  assert.match((await warningsOf(tenant, kid)).join(), /phone belongs to another customer/);
  const passOf = async ({ body }: Issued) => (await rowsOf(db).passBySerial(body.serialNumber, 'pass_id')).pass_id;
  assert.equal((await update(tenant, { phone })).pass_id, await passOf(mum));
  // What a flow sends for the kid names the phone as well: it is the kid's card that changes.
  const kids = await update(tenant, { email: 'kid@example.com', phone });
  assert.deepEqual([kids.outcome, kids.pass_id, kids.matched], ['updated', await passOf(kid), ['email']]);
  const again = await issue(tenant, { email: 'kid@example.com', phone });
  assert.deepEqual([again.status, again.body.serialNumber], [200, kid.body.serialNumber]);

  // Two cards of one person so far: the e-mail decides, and the phone stays where it is.
  const byMail = await issue(tenant, { email: 'omni@example.com' });
  const byPhone = await issue(tenant, { phone: '+14155580001' });
  const both = await issue(tenant, { email: 'omni@example.com', phone: '+14155580001' });
  assert.equal(byPhone.status, 201);
  assert.deepEqual([both.status, both.body.serialNumber], [200, byMail.body.serialNumber]);

  // An address that nobody has, and a phone whose owner has none, are one person.
  const grown = await issue(tenant, { email: 'new@example.com', phone: '+14155580001' });
  assert.deepEqual([grown.status, grown.body.serialNumber], [200, byPhone.body.serialNumber]);
  // Ids of the merchant never give way.
  const ids = { phone: '+14155580001', email: 'omni@example.com' };
  assert.equal((await issue(tenant, { ...ids, email: 'mum@example.com' })).status, 200);
});

test('where phones identify nobody, they are kept and lead to no pass', async () => {
  const tenant = await seedTenant(db, { identifyBy: ['email'] });
  const phone = '+14155559002';
  const one = await issue(tenant, { email: 'one@example.com', phone });
  const two = await issue(tenant, { email: 'two@example.com', phone });
  assert.deepEqual([one.status, two.status], [201, 201]);
  assert.deepEqual(await warningsOf(tenant, two), []);
  const alone = await issue(tenant, { phone });
  assert.equal(alone.status, 400);
  assert.match(alone.body.detail!, /identifyBy/);
  assert.equal((await update(tenant, { email: 'two@example.com', phone })).outcome, 'updated');
  const byPhone = await update(tenant, { phone });
  assert.deepEqual([byPhone.outcome, byPhone.reason?.includes('identifyBy')], ['pass-not-found', true]);
  const kept = await db.owner('select 1 from customers where tenant_id = $1 and phone = $2', [tenant.tenantId, phone]);
  assert.equal(kept.length, 2);
});

async function expired(tenant: SeededTenant, email: string): Promise<Issued> {
  const first = await issue(tenant, { email });
  await ended(db, tenant.tenantId, first.body.operationId);
  const response = await api.fetch(`/v1/passes/${first.body.serialNumber}/expire`, {
    method: 'POST',
    key: tenant.keys.all,
  });
  const { operationId } = (await response.json()) as { operationId: string };
  assert.equal((await ended(db, tenant.tenantId, operationId)).outcome, 'expired');
  return first;
}
const stateOf = async ({ body }: Issued) => (await rowsOf(db).passBySerial(body.serialNumber, 'state')).state;

test('issuing again after expiry makes the pass valid again, and its phones learn of it', async () => {
  const tenant = await seedTenant(db);
  const first = await expired(tenant, 'back@example.com');
  await db.owner(
    `with device as (
       insert into apple_devices (tenant_id, device_library_identifier, push_token) values ($1, 'd', 'renewed-token') returning device_id
     ), pass as (
       update passes set apple_pass_type_identifier = 'pass.example.x' where serial_number = $2 returning pass_id
     )
     insert into apple_registrations (tenant_id, device_id, pass_id, apple_pass_type_identifier)
     select $1, device_id, pass_id, 'pass.example.x' from device, pass`,
    [tenant.tenantId, first.body.serialNumber],
  );
  const again = await issue(tenant, { email: 'back@example.com' });
  assert.deepEqual([again.status, again.body.serialNumber, again.body.state], [200, first.body.serialNumber, 'active']);
  assert.equal(await stateOf(first), 'active');
  const row = await ended(db, tenant.tenantId, again.body.operationId);
  assert.deepEqual([row.outcome, row.changed_fields?.includes('state')], ['updated', true]);
  assert.ok(pushed.includes('renewed-token'));
  // A later expiry of the merchant's still wins, and a renewal after it again.
  const later = await expired(tenant, 'back@example.com');
  assert.deepEqual([later.body.serialNumber, await stateOf(first)], [first.body.serialNumber, 'expired']);
});

test('where the tenant wants a new pass after an expired one, it gets one', async () => {
  const tenant = await seedTenant(db, { issueAfterExpiry: 'new' });
  const first = await expired(tenant, 'fresh@example.com');
  const again = await issue(tenant, { email: 'fresh@example.com' });
  assert.deepEqual([again.status, again.body.state], [201, 'active']);
  assert.notEqual(again.body.serialNumber, first.body.serialNumber);
  assert.equal(await stateOf(first), 'expired');
});
