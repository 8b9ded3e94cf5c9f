import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { createActivities } from '../../src/activities/index.js';
import type { ActivityDeps } from '../../src/activities/deps.js';
import { createTenantReaders } from '../../src/database/tenants/tenant-readers.js';
import type { PushResult } from '../../src/wallets/apple/apns-answers.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { accept } from '../support/operations.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

const DEVICES = 70;

let db: TestDatabase;
let tenant: SeededTenant;
let pushed: string[];
before(async () => {
  db = await createTestDatabase();
});
after(() => db?.drop());
beforeEach(async () => {
  pushed = [];
  tenant = await seedTenant(db);
  await db.owner(`update passes set apple_pass_type_identifier = 'pass.test' where pass_id = $1`, [tenant.pass.id]);
  await db.owner(
    `with device as (
       insert into apple_devices (tenant_id, device_library_identifier, push_token)
       select $1, 'device-' || i, 'token-' || i from generate_series(1, $3::int) i returning tenant_id, device_id
     )
     insert into apple_registrations (tenant_id, device_id, pass_id, apple_pass_type_identifier)
     select tenant_id, device_id, $2, 'pass.test' from device`,
    [tenant.tenantId, tenant.pass.id, DEVICES],
  );
});

type Answer = (pushToken: string) => PushResult | Promise<PushResult>;

async function notify(operationId: string, answer: Answer) {
  const push = async ({ pushToken }: { pushToken: string }) => {
    pushed.push(pushToken);
    return answer(pushToken);
  };
  const deps = { database: db.database, ...createTenantReaders(db.database), apple: { push }, now: Date.now };
  return createActivities(deps as unknown as ActivityDeps)['notify-devices']({
    tenantId: tenant.tenantId,
    operationId,
    run: 1,
    passId: tenant.pass.id,
    eventType: null,
    endsWith: 'notified',
  });
}

const operation = () => accept(db, tenant, { kind: 'notify-pass', input: { passId: tenant.pass.id } });
const delivered: Answer = () => ({ kind: 'delivered', apnsId: null });

async function evidence(operationId: string): Promise<Record<string, number>> {
  const tally: Record<string, number> = {};
  for (const { state } of await rowsOf(db).notifications({ operationId }, 'state'))
    tally[state] = (tally[state] ?? 0) + 1;
  return tally;
}

test('a worker that dies in the middle has told nobody twice after the retry', async () => {
  const operationId = await operation();
  // Dies with the pushes of one slice under way: no answer of theirs is ever written down.
  const dying: Answer = (token) => {
    if (pushed.length > 50) throw new Error(`the worker dies before ${token}`);
    return { kind: 'delivered', apnsId: null };
  };
  await assert.rejects(notify(operationId, dying));
  const before = await evidence(operationId);
  assert.ok(before['delivered']! >= 40, JSON.stringify(before));
  const known = new Set(pushed.slice(0, before['delivered']));
  pushed = [];
  const answer = await notify(operationId, delivered);
  assert.equal(answer.lookAgainAfterMs, null);
  assert.equal(pushed.length, DEVICES - before['delivered']!);
  assert.deepEqual(
    pushed.filter((token) => known.has(token)),
    [],
  );
  assert.deepEqual(await evidence(operationId), { delivered: DEVICES });
  const row = await rowsOf(db).operation(operationId, 'status');
  assert.equal(row.status, 'succeeded');
});

test('trouble with some devices keeps none of the others waiting', async () => {
  const operationId = await operation();
  let troubled = new Set<string>();
  const answer: Answer = (token) => {
    if (troubled.size < 25) troubled.add(token);
    return troubled.has(token) ? { kind: 'throttled', reason: 'TooManyRequests' } : { kind: 'delivered', apnsId: null };
  };
  await assert.rejects(notify(operationId, answer), /TooManyRequests/);
  assert.deepEqual(await evidence(operationId), { failed: 25, delivered: DEVICES - 25 });
  troubled = new Set();
  pushed = [];
  await notify(operationId, delivered);
  assert.equal(pushed.length, 25);
  assert.deepEqual(await evidence(operationId), { delivered: DEVICES });
  const [step] = await rowsOf(db).steps({ operationId, step: 'notify-devices' });
  const all = { devices: DEVICES, delivered: DEVICES, covered: 0, scheduled: 0 };
  assert.deepEqual(step!.detail, all, 'the step counts what earlier attempts delivered');
});

test('pushes that take long end in time, and the step comes back at once for the rest', async () => {
  const operationId = await operation();
  const slow: Answer = async () => {
    await new Promise((resolve) => setTimeout(resolve, 1_600));
    return { kind: 'delivered', apnsId: null };
  };
  const answer = await notify(operationId, slow);
  assert.equal(answer.lookAgainAfterMs, 1);
  assert.equal(pushed.length, 20);
  await notify(operationId, delivered);
  assert.equal(pushed.length, DEVICES);
  assert.equal(new Set(pushed).size, DEVICES);
});
