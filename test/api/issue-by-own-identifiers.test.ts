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
let tenant: SeededTenant;
before(async () => {
  db = await createTestDatabase();
  api = await startTestApi({ database: db.database });
  engine = await startEngine(db);
  tenant = await seedTenant(db, { customIdentifiers: ['loyaltyId', 'memberNumber'] });
});
after(async () => {
  await engine.stop();
  await api.close();
  await db.drop();
});

const issue = (recipient: object, more: object = {}) =>
  api.fetch('/v1/passes', {
    method: 'POST',
    key: tenant.keys.all,
    body: JSON.stringify({ passTemplate: tenant.passTypes.premium, pass: {}, recipient, ...more }),
  });
const issued = async (response: Response) => {
  const text = await response.text();
  assert.ok(response.ok, text);
  return { status: response.status, ...(JSON.parse(text) as { id: string; operationId: string }) };
};
const identifiersOf = async (passId: string) =>
  (
    await db.owner<{ id: string }>(
      `select kind || ':' || value as id from customer_identifiers join passes using (customer_id) where pass_id = $1 order by 1`,
      [passId],
    )
  ).map(({ id }) => id);

test('an identifier of the tenant’s own is kept with a new recipient, and finds the pass from then on', async () => {
  const made = await issued(await issue({ email: 'ada@example.com', loyaltyId: 'L-1' }, { memberNumber: 7 }));
  assert.equal(made.status, 201);
  assert.deepEqual(await identifiersOf(made.id), ['email:ada@example.com', 'loyaltyId:L-1', 'memberNumber:7']);
  const row = await rowsOf(db).operation(made.operationId, 'repairs');
  assert.deepEqual(row.repairs, [], 'nothing was passed over');

  const update = { identifiers: { loyaltyId: 'L-1' }, additionalData: { points: 5 } };
  const accepted = await api.pushUpdate(tenant.tenantId, tenant.keys.all, update);
  const done = await ended(db, tenant.tenantId, accepted.headers.get('x-correlation-id')!);
  assert.deepEqual([done.outcome, done.pass_id, done.matched], ['updated', made.id, ['loyaltyId']]);
});

test('it finds the recipient alone, brings a new address with it, and joins one who was known without it', async () => {
  const first = await issued(await issue({ email: 'grace@example.com' }));
  const joined = await issued(await issue({ email: 'grace@example.com', loyaltyId: 'L-2' }));
  const alone = await issued(await issue({ loyaltyId: 'L-2' }));
  const moved = await issued(await issue({ email: 'grace.new@example.com', loyaltyId: 'L-2' }));
  assert.deepEqual(
    [joined, alone, moved].map(({ id, status }) => [id, status]),
    Array(3).fill([first.id, 200]),
  );
  assert.ok((await identifiersOf(first.id)).includes('email:grace.new@example.com'));
});

test('identifiers of two people, or ones that contradict what is known, make nothing', async () => {
  await issued(await issue({ email: 'one@example.com', loyaltyId: 'L-3' }));
  await issued(await issue({ email: 'two@example.com', loyaltyId: 'L-4' }));
  const before = await db.owner('select count(*)::int as n from passes');
  for (const recipient of [
    { email: 'one@example.com', loyaltyId: 'L-4' },
    { email: 'one@example.com', loyaltyId: 'L-new' },
  ]) {
    const response = await issue(recipient);
    assert.equal(response.status, 409);
    assert.match(((await response.json()) as { detail: string }).detail, /loyaltyId/);
  }
  const twice = await issue({ email: 'one@example.com', loyaltyId: 'L-3' }, { loyaltyId: 'L-4' });
  assert.equal(twice.status, 422);
  assert.match(((await twice.json()) as { detail: string }).detail, /loyaltyId contradicts/);
  assert.deepEqual(await db.owner('select count(*)::int as n from passes'), before);
});

test('the merchant’s customer id may give a person another one: each has one of a kind', async () => {
  const made = await issued(await issue({ loyaltyId: 'L-5' }, { customerId: 'C-5' }));
  const again = await issued(await issue({ loyaltyId: 'L-6' }, { customerId: 'C-5' }));
  assert.equal(again.id, made.id);
  assert.deepEqual(await identifiersOf(made.id), ['customerId:C-5', 'loyaltyId:L-6']);
});

test('ten simultaneous requests by one own identifier make one pass', async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, async () => issued(await issue({ loyaltyId: 'L-7' }))));
  assert.equal(new Set(answers.map(({ id }) => id)).size, 1);
});
