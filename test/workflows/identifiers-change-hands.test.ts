import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { pino } from 'pino';
import { listSteps, type OperationRow } from '../../src/database/operations/operations.js';
import { retryOperation } from '../../src/database/operations/retries.js';
import { putSecret, SECRET_NAMES } from '../../src/database/secrets.js';
import { createTenantReaders } from '../../src/database/tenants/tenant-readers.js';
import type { ProfileSyncInput } from '../../src/passes/operation-input.js';
import { startKlaviyoSimulator, type KlaviyoSimulator } from '../../src/simulators/klaviyo/klaviyo.js';
import { createKlaviyoConnections } from '../../src/worker/klaviyo-connections.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { accept, ended, until } from '../support/operations.js';
import { addCustomer, seedProfileTenant, type ProfileTenant } from '../support/profiles.js';
import { testSecretBox } from '../support/secret-box.js';
import { rowsOf } from '../support/rows.js';

type Known = { customerId: string; passId: string };

describe('identifiers that change hands', () => {
  let test: TestDatabase;
  let engine: TestEngine;
  let klaviyo: KlaviyoSimulator;
  let keyless: ProfileTenant;
  let keyed: ProfileTenant;

  before(async () => {
    test = await createTestDatabase();
    klaviyo = await startKlaviyoSimulator();
    keyless = await seedProfileTenant(test, {
      pushWindowSeconds: 0,
      customIdentifiers: ['loyaltyId', 'memberNumber'],
      klaviyo: { propertyMap: { loyalty_id: 'loyaltyId', loyalty_tier: 'tier' } },
    });
    keyed = await seedProfileTenant(test, { pushWindowSeconds: 0 });
    await putSecret(test.database.tenant(keyed.tenantId), SECRET_NAMES.klaviyoApiKey, klaviyo.apiKey, testSecretBox);
    engine = await startEngine(test, {
      deps: {
        klaviyo: createKlaviyoConnections({
          database: test.database,
          secretBox: testSecretBox,
          tenantSettings: createTenantReaders(test.database).tenantSettings,
          apiUrl: klaviyo.url,
          publicUrl: 'https://passes.example',
          log: pino({ level: 'silent' }),
          now: Date.now,
        }),
      },
    });
  });
  after(async () => {
    await engine.stop();
    await klaviyo.close();
    await test.drop();
  });

  async function sync(tenant: ProfileTenant, input: Partial<ProfileSyncInput>): Promise<OperationRow> {
    const full = { identifiers: [], klaviyoProfileId: null, attributes: {}, properties: {}, consent: null, ...input };
    return ended(
      test,
      tenant.tenantId,
      await accept(test, tenant, { kind: 'profile-sync', origin: 'klaviyo', input: full }),
    );
  }
  async function retry(tenant: ProfileTenant, row: OperationRow): Promise<OperationRow> {
    const run = await retryOperation(test.database.tenant(tenant.tenantId), row.operation_id);
    assert.equal(run, row.run + 1);
    return ended(test, tenant.tenantId, row.operation_id);
  }
  const email = (value: string) => ({ kind: 'email', value });
  /** What the customer is known by, and what stands in the row and on the pass. */
  async function seen(customer: Known) {
    const rows = await test.owner<{ value: string }>(
      'select value from customer_identifiers where customer_id = $1 order by kind, value',
      [customer.customerId],
    );
    const [row] = await test.owner<{ email: string | null; mail: string | null }>(
      `select c.email, p.data ->> 'mail' as mail from customers c join passes p using (customer_id) where customer_id = $1`,
      [customer.customerId],
    );
    return [rows.map(({ value }) => value).join(), row!.email, row!.mail];
  }
  const holds = (customer: Known, address: string) =>
    until(
      async () => (await seen(customer)).every((value) => value === address),
      `customer, identifiers and pass to have ${address}`,
    );
  const lastSyncOf = async (tenant: ProfileTenant, customer: Known) => {
    // The customer stands with an operation once it was found.
    const row = await until(async () => {
      const by = { customerId: customer.customerId, kind: 'profile-sync' };
      return (await rowsOf(test).operations(by, 'operation_id')).at(-1);
    }, 'a sync of the customer');
    return ended(test, tenant.tenantId, row.operation_id);
  };
  const toldOf = (customer: Known) =>
    test
      .owner<{ f: string }>(
        `select distinct jsonb_array_elements_text(payload -> 'changedFields') as f from events
          where customer_id = $1 and type = 'customer.updated'`,
        [customer.customerId],
      )
      .then((rows) => rows.map(({ f }) => f.replace(/^customer\./, '')));
  async function pair(tenant: ProfileTenant, name: string, profiles: { a?: string; b?: string } = {}) {
    const [a, b] = [`a.${name}@example.com`, `b.${name}@example.com`];
    const make = async (address: string, klaviyoProfileId: string) => {
      const customer = await addCustomer(test, tenant, { email: address, klaviyoProfileId });
      await test.owner(`update passes set data = data || jsonb_build_object('mail', $2::text) where pass_id = $1`, [
        customer.passId,
        address,
      ]);
      return customer;
    };
    const ids = { a: profiles.a ?? `01A${name}`, b: profiles.b ?? `01B${name}` };
    return { a, b, ids, ann: await make(a, ids.a), bob: await make(b, ids.b) };
  }

  it('two customers swap addresses in one go: a conflict on both sides, and one retry puts both right', async () => {
    const { a, b, ids, ann, bob } = await pair(keyless, 'swap');
    const [toB, toA] = await Promise.all([
      sync(keyless, { identifiers: [email(b)], klaviyoProfileId: ids.a }),
      sync(keyless, { identifiers: [email(a)], klaviyoProfileId: ids.b }),
    ]);
    assert.deepEqual([toB.outcome, toA.outcome], ['identifier-conflict', 'identifier-conflict']);
    assert.deepEqual([await seen(ann), await seen(bob)], [Array(3).fill(a), Array(3).fill(b)]);

    const done = await retry(keyless, toB);
    assert.deepEqual([done.outcome, done.acceptance_sequence], ['synced', toB.acceptance_sequence]);
    await holds(ann, b);
    await holds(bob, a);
    const other = await ended(test, keyless.tenantId, toA.operation_id);
    assert.deepEqual([other.outcome, other.run], ['synced', 2]);
    const steps = await listSteps(test.database.tenant(keyless.tenantId), other.operation_id);
    const updated = steps.find(({ step }) => step === 'update-customer')!;
    assert.deepEqual([updated.state, updated.detail['handedOverBy']], ['succeeded', toB.operation_id]);
    for (const customer of [ann, bob]) assert.ok((await toldOf(customer)).includes('email'));
  });

  it('retried both at once they end right too', async () => {
    const { a, b, ids, ann, bob } = await pair(keyless, 'both');
    const rows = await Promise.all([
      sync(keyless, { identifiers: [email(b)], klaviyoProfileId: ids.a }),
      sync(keyless, { identifiers: [email(a)], klaviyoProfileId: ids.b }),
    ]);
    assert.deepEqual(
      rows.map(({ outcome }) => outcome),
      ['identifier-conflict', 'identifier-conflict'],
    );
    const sql = test.database.tenant(keyless.tenantId);
    await Promise.all(rows.map((row) => retryOperation(sql, row.operation_id)));
    await holds(ann, b);
    await holds(bob, a);
    for (const row of rows) assert.equal((await ended(test, keyless.tenantId, row.operation_id)).outcome, 'synced');
  });

  it('a retry takes nothing from an owner who said nothing, and works once the owner moved on', async () => {
    const { a, b, ids, ann, bob } = await pair(keyless, 'kept');
    const wish = await sync(keyless, { identifiers: [email(b)], klaviyoProfileId: ids.a });
    const again = await retry(keyless, wish);
    assert.deepEqual([again.outcome, again.run], ['identifier-conflict', 2]);
    assert.deepEqual([await seen(ann), await seen(bob)], [Array(3).fill(a), Array(3).fill(b)]);

    const third = 'third.kept@example.com';
    assert.equal((await sync(keyless, { identifiers: [email(third)], klaviyoProfileId: ids.b })).outcome, 'synced');
    assert.equal((await retry(keyless, again)).outcome, 'synced');
    await holds(ann, b);
    await holds(bob, third);
    assert.equal((await sync(keyless, { identifiers: [email(a)], klaviyoProfileId: ids.b })).outcome, 'synced');
    await holds(bob, a);
  });

  describe('with a Klaviyo key', () => {
    async function send(method: string, path: string, data: object): Promise<string> {
      const answer = await fetch(klaviyo.url + path, {
        method,
        headers: {
          authorization: `Klaviyo-API-Key ${klaviyo.apiKey}`,
          revision: '2026-07-15',
          'content-type': 'application/vnd.api+json',
        },
        body: JSON.stringify({ data: { type: 'profile', ...data } }),
      });
      assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
      return ((await answer.json()) as { data: { id: string } }).data.id;
    }
    const profile = (attributes: object) => send('POST', '/api/profile-import', { attributes });
    const change = (id: string, attributes: object) => send('PATCH', `/api/profiles/${id}`, { id, attributes });

    it('the first run is a conflict; a retry asks Klaviyo, and the former owner follows what Klaviyo says', async () => {
      const name = 'truth';
      const profiles = {
        a: await profile({ email: `a.${name}@example.com` }),
        b: await profile({ email: `b.${name}@example.com` }),
      };
      const { a, b, ids, ann, bob } = await pair(keyed, name, profiles);
      await change(ids.a, { email: `aside.${name}@example.com` });
      await change(ids.b, { email: a });
      await change(ids.a, { email: b });
      // Only one of the two flows fired.
      const first = await sync(keyed, { identifiers: [email(b)], klaviyoProfileId: ids.a });
      assert.equal(first.outcome, 'identifier-conflict');
      assert.deepEqual([await seen(ann), await seen(bob)], [Array(3).fill(a), Array(3).fill(b)]);
      assert.equal((await retry(keyed, first)).outcome, 'synced');
      await holds(ann, b);
      await holds(bob, a);
      const follow = await lastSyncOf(keyed, bob);
      assert.deepEqual([follow.outcome, follow.origin], ['synced', 'system']);
      assert.ok((await toldOf(bob)).includes('email'));
    });

    it('an address that its former owner lost in Klaviyo leaves their pass, too', async () => {
      const name = 'lost';
      const profiles = {
        a: await profile({ email: `a.${name}@example.com` }),
        b: await profile({ email: `b.${name}@example.com`, phone_number: '+12125550177' }),
      };
      const { b, ids, ann, bob } = await pair(keyed, name, profiles);
      await change(ids.b, { email: null });
      await change(ids.a, { email: b });
      const first = await sync(keyed, { identifiers: [email(b)], klaviyoProfileId: ids.a });
      assert.equal(first.outcome, 'identifier-conflict');
      assert.equal((await retry(keyed, first)).outcome, 'synced');
      await holds(ann, b);
      assert.equal((await lastSyncOf(keyed, bob)).outcome, 'synced');
      assert.deepEqual(await seen(bob), ['+12125550177', null, null]);
    });

    it('frees nothing where Klaviyo says nothing of the owner', async () => {
      const name = 'silent';
      const profiles = { a: await profile({ email: `a.${name}@example.com` }) };
      const { a, b, ids, ann, bob } = await pair(keyed, name, profiles);
      await change(ids.a, { email: b });
      const first = await sync(keyed, { identifiers: [email(b)], klaviyoProfileId: ids.a });
      const again = await retry(keyed, first);
      assert.deepEqual([first.outcome, again.outcome], ['identifier-conflict', 'identifier-conflict']);
      assert.deepEqual([await seen(ann), await seen(bob)], [Array(3).fill(a), Array(3).fill(b)]);
    });
  });

  it('the tenant’s own identifiers move with a sync, and are never taken from another customer', async () => {
    const one = await addCustomer(test, keyless, { email: 'own1@example.com' });
    const two = await addCustomer(test, keyless, { email: 'own2@example.com' });
    const ids = (customer: Known) =>
      test
        .owner<{ id: string }>(
          `select kind || ':' || value as id from customer_identifiers where customer_id = $1 and kind <> 'email' order by 1`,
          [customer.customerId],
        )
        .then((rows) => rows.map(({ id }) => id));
    const say = (who: string, loyalty: string | null, member?: string) =>
      sync(keyless, {
        identifiers: [email(who), ...(member === undefined ? [] : [{ kind: 'memberNumber', value: member }])],
        properties: { loyalty_id: loyalty },
      });
    const first = await say('own1@example.com', 'L-1', 'M-1');
    assert.deepEqual([first.outcome, await ids(one)], ['synced', ['loyaltyId:L-1', 'memberNumber:M-1']]);
    assert.ok(first.changed_fields?.includes('customer.identifiers.loyaltyId'));
    assert.equal((await say('own1@example.com', 'L-1', 'M-1')).outcome, 'unchanged');

    const taken = await say('own2@example.com', 'L-1');
    assert.equal(taken.outcome, 'identifier-conflict');
    assert.match(taken.reason ?? '', new RegExp(`identifier "loyaltyId" .* customer ${one.customerId}`));
    assert.deepEqual([await ids(one), await ids(two)], [['loyaltyId:L-1', 'memberNumber:M-1'], []]);

    await say('own1@example.com', 'L-2');
    assert.deepEqual(await ids(one), ['loyaltyId:L-2', 'memberNumber:M-1']);
    assert.equal((await retry(keyless, taken)).outcome, 'synced');
    assert.deepEqual(await ids(two), ['loyaltyId:L-1']);
    // Found by it, too: the address is new.
    const moved = await sync(keyless, {
      identifiers: [email('new1@example.com'), { kind: 'memberNumber', value: 'M-1' }],
      properties: { loyalty_id: null },
    });
    assert.deepEqual(
      [moved.outcome, moved.customer_id, await ids(one)],
      ['synced', one.customerId, ['memberNumber:M-1']],
    );
  });
});
