import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { createActivities } from '../../src/activities/index.js';
import { setKlaviyoProfile } from '../../src/database/customers/customer-identifiers.js';
import { claimSync } from '../../src/database/customers/sync-claim.js';
import { createEndpoint, rotateSecret } from '../../src/database/merchants/webhook-endpoints.js';
import { issuePass, type IssueOutcome } from '../../src/database/passes/create-pass.js';
import { findPassType } from '../../src/database/tenants/pass-types.js';
import { tenantSettings } from '../../src/passes/tenant-settings.js';
import type { Identifier } from '../../src/passes/operation-input.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { createTestDeps } from '../support/deps.js';
import { accept } from '../support/operations.js';
import { addCustomer } from '../support/profiles.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { testSecretBox } from '../support/secret-box.js';
import { rowsOf } from '../support/rows.js';

let db: TestDatabase;
let tenant: SeededTenant;

before(async () => {
  db = await createTestDatabase();
});
beforeEach(async () => {
  tenant = await seedTenant(db);
});
after(() => db.drop());

const sqlOf = () => db.database.tenant(tenant.tenantId);

/** `first` writes and holds its locks; `second` reads what was before and waits; then `first` commits. */
async function race<T>(
  first: (statement: (text: string, values?: unknown[]) => Promise<unknown>) => Promise<void>,
  second: () => Promise<T>,
): Promise<T> {
  let outcome: Promise<T> | undefined;
  await sqlOf().transaction(async (inside) => {
    await first((text, values) => inside.query(text, values));
    outcome = second();
    outcome.catch(() => undefined); // Awaited below.
    const waiting = async () =>
      (await db.owner(`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`))
        .length > 0;
    for (let tries = 0; !(await waiting()); tries++) {
      assert.ok(tries < 400, 'the second writer waits for nothing: it judges before any lock');
      await new Promise((go) => setTimeout(go, 10));
    }
  });
  return outcome!;
}

async function issue(identifiers: Identifier[]): Promise<IssueOutcome> {
  const type = (await findPassType(sqlOf(), tenant.passTypes.basic))!;
  return issuePass(sqlOf(), {
    operation: {
      operationId: randomUUID(),
      kind: 'issue-pass',
      origin: 'api',
      input: {
        passTypeId: type.passTypeId,
        serialNumber: randomUUID(),
        data: {},
        recipient: { email: null, phone: null, name: null },
        identifiers,
        externalId: null,
        customerId: null,
      },
    },
    type,
    data: {},
    visuals: {},
    settings: tenantSettings.parse({}),
    answer: (pass, created) => ({ status: created ? 201 : 200, body: { ...pass } }),
  });
}
const statusOf = (outcome: IssueOutcome): number | string =>
  outcome.outcome === 'answered' ? outcome.answer.status : outcome.outcome;
const identifiersOf = (customerId: string) =>
  db.owner<{ kind: string; value: string }>(
    'select kind, value from customer_identifiers where customer_id = $1 order by kind, value',
    [customerId],
  );

test('two people with one phone, issued at the same time, get a card each', async () => {
  const phone = '+15005551002';
  const { customerId } = await addCustomer(db, tenant, { phone });
  const outcome = await race(
    async (statement) => {
      await statement(`update customers set email = 'a@ex.com' where customer_id = $1`, [customerId]);
      await statement(
        `insert into customer_identifiers (tenant_id, kind, value, customer_id) values ($1, 'email', 'a@ex.com', $2)`,
        [tenant.tenantId, customerId],
      );
    },
    () =>
      issue([
        { kind: 'phone', value: phone },
        { kind: 'email', value: 'b@ex.com' },
      ]),
  );
  assert.equal(statusOf(outcome), 201);
  assert.deepEqual(await identifiersOf(customerId), [
    { kind: 'email', value: 'a@ex.com' },
    { kind: 'phone', value: phone },
  ]);
});

test('one address does not get two customer ids', async () => {
  const { customerId } = await addCustomer(db, tenant, { email: 'one@ex.com' });
  const outcome = await race(
    async (statement) => {
      await statement(`update customers set external_customer_id = 'A1' where customer_id = $1`, [customerId]);
      await statement(
        `insert into customer_identifiers (tenant_id, kind, value, customer_id) values ($1, 'customerId', 'A1', $2)`,
        [tenant.tenantId, customerId],
      );
    },
    () =>
      issue([
        { kind: 'email', value: 'one@ex.com' },
        { kind: 'customerId', value: 'A2' },
      ]),
  );
  assert.equal(statusOf(outcome), 'identifiers-clash');
});

test('a pass that is voided meanwhile is not updated: the recipient gets a new one', async () => {
  const known = [{ kind: 'email', value: 'live@ex.com' }];
  const first = await issue(known);
  assert.ok(first.outcome === 'answered');
  const serialNumber = first.answer.body['serialNumber'];
  const outcome = await race(
    async (statement) => {
      await statement(
        `update passes set state = 'voided', live_key = null, lock_version = lock_version + 1 where serial_number = $1`,
        [serialNumber],
      );
    },
    () => issue(known),
  );
  assert.equal(statusOf(outcome), 201);
});

test("a customer who is erased meanwhile gets nothing more: the pass is a new customer's", async () => {
  const { customerId, passId } = await addCustomer(db, tenant, { email: 'gone@ex.com' });
  const outcome = await race(
    async (statement) => {
      await statement('select from customers where customer_id = $1 for update', [customerId]);
      await statement('delete from passes where pass_id = $1', [passId]);
      await statement('delete from customer_identifiers where customer_id = $1', [customerId]);
      await statement('delete from customers where customer_id = $1', [customerId]);
    },
    () => issue([{ kind: 'email', value: 'gone@ex.com' }]),
  );
  assert.equal(statusOf(outcome), 201);
});

test('a sync knows of an address that its customer lost while it waited', async () => {
  const { customerId } = await addCustomer(db, tenant, { email: 'mine@ex.com', klaviyoProfileId: 'P1' });
  const input = {
    identifiers: [],
    klaviyoProfileId: 'P1',
    attributes: { first_name: 'Ann' },
    properties: {},
    consent: null,
  };
  const operationId = await accept(db, tenant, { kind: 'profile-sync', input });
  const activities = createActivities(createTestDeps(db));
  await race(
    async (statement) => {
      await statement('select from customers where customer_id = $1 for update', [customerId]);
      await statement(`update operations set input = input || '{"handedOver": ["email"]}' where operation_id = $1`, [
        operationId,
      ]);
    },
    () => activities['update-customer']({ tenantId: tenant.tenantId, operationId, run: 1, customerId }),
  );
  const row = await rowsOf(db).customer(customerId, 'email');
  assert.equal(row.email, null);
});

test('one Klaviyo profile is given to one customer', async () => {
  const one = await addCustomer(db, tenant, { email: 'p1@ex.com' });
  const two = await addCustomer(db, tenant, { email: 'p2@ex.com' });
  await race(
    async (statement) => {
      await statement('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
        `klaviyo-profile/${tenant.tenantId}/P9`,
      ]);
      await statement(`update customers set klaviyo_profile_id = 'P9' where customer_id = $1`, [one.customerId]);
    },
    () => setKlaviyoProfile(sqlOf(), two.customerId, 'P9'),
  );
  const rows = await db.owner(`select customer_id from customers where klaviyo_profile_id = 'P9'`);
  assert.deepEqual(rows, [{ customer_id: one.customerId }]);
});

test('the window of a customer is claimed by one sync', async () => {
  const { customerId } = await addCustomer(db, tenant, { email: 'window@ex.com' });
  const input = {
    identifiers: [{ kind: 'email', value: 'window@ex.com' }],
    klaviyoProfileId: null,
    attributes: {},
    properties: {},
    consent: null,
  };
  const operationId = await accept(db, tenant, { kind: 'profile-sync', input });
  const claim = await race(
    async (statement) => {
      await statement('update customers set sync_started_at = now(), sync_started_by = $2 where customer_id = $1', [
        customerId,
        randomUUID(),
      ]);
    },
    () => claimSync(sqlOf(), { tenantId: tenant.tenantId, operationId, customerId, windowMs: 10_000 }),
  );
  assert.equal(claim.claim, 'wait');
});

test('of two rotations of a secret the later ends the earlier', async () => {
  const { tenantId } = tenant;
  const { endpoint_id: endpointId } = (await createEndpoint(
    sqlOf(),
    { tenantId, url: 'https://shop.example', eventTypes: [], secret: 's0', atMost: 20 },
    testSecretBox,
  ))!;
  const oldUntil = new Date(Date.now() + 3_600_000);
  await race(
    async (statement) => {
      await statement('select from webhook_endpoints where endpoint_id = $1 for update', [endpointId]);
      await statement('update webhook_secrets set expires_at = $2 where endpoint_id = $1', [endpointId, oldUntil]);
      await statement(
        `insert into webhook_secrets (tenant_id, endpoint_id, key_id, ciphertext) values ($1, $2, 'test', 'x')`,
        [tenantId, endpointId],
      );
    },
    () => rotateSecret(sqlOf(), { tenantId, endpointId, secret: 's2', oldUntil }, testSecretBox),
  );
  const rows = await db.owner('select 1 from webhook_secrets where endpoint_id = $1 and expires_at is null', [
    endpointId,
  ]);
  assert.equal(rows.length, 1);
});
