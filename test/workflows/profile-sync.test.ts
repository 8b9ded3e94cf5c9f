import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { putSecret, SECRET_NAMES } from '../../src/database/secrets.js';
import { retryOperation } from '../../src/database/operations/retries.js';
import { listSteps, type OperationRow } from '../../src/database/operations/operations.js';
import { startKlaviyoSimulator, type KlaviyoSimulator } from '../../src/simulators/klaviyo/klaviyo.js';
import { pino } from 'pino';
import { createTenantReaders } from '../../src/database/tenants/tenant-readers.js';
import { createKlaviyoConnections } from '../../src/worker/klaviyo-connections.js';
import type { FetchedProfile, ProfileSyncInput } from '../../src/passes/operation-input.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { accept, ended } from '../support/operations.js';
import { addCustomer, seedProfileTenant, type ProfileTenant } from '../support/profiles.js';
import { rowsOf } from '../support/rows.js';
import { testSecretBox } from '../support/secret-box.js';

describe('profile-sync on a real Temporal server', () => {
  let test: TestDatabase;
  let engine: TestEngine;
  let klaviyo: KlaviyoSimulator;
  let tenant: ProfileTenant;

  before(async () => {
    test = await createTestDatabase();
    klaviyo = await startKlaviyoSimulator();
    tenant = await seedProfileTenant(test, { pushWindowSeconds: 0 });
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
          timeoutMs: 300,
        }),
      },
    });
  });
  after(async () => {
    await engine.stop();
    await klaviyo.close();
    await test.drop();
  });

  async function sync(
    input: Partial<ProfileSyncInput>,
    origin: 'klaviyo' | 'merchant' = 'klaviyo',
  ): Promise<OperationRow> {
    const full = { identifiers: [], klaviyoProfileId: null, attributes: {}, properties: {}, consent: null, ...input };
    return ended(test, tenant.tenantId, await accept(test, tenant, { kind: 'profile-sync', origin, input: full }));
  }
  const byId = (customer: { customerId: string }) => rowsOf(test).customer(customer.customerId);
  const identifiers = (customer: { customerId: string }) => rowsOf(test).identifiers(customer.customerId);
  const passOf = (customer: { passId: string }) => rowsOf(test).pass(customer.passId);
  const events = async (row: OperationRow) =>
    (await rowsOf(test).events({ operationId: row.operation_id })).map(({ type }) => type).sort();
  const email = (value: string) => ({ kind: 'email', value });

  it('carries a new e-mail address to customer, identifiers, pass and merchant', async () => {
    const sarah = await addCustomer(test, tenant, { email: 'old@example.com', klaviyoProfileId: '01SARAH' });
    const row = await sync({
      identifiers: [email('new@example.com')],
      klaviyoProfileId: '01SARAH',
      attributes: { first_name: 'Sarah' },
      properties: { loyalty_tier: 'gold', secret_note: 'x' },
    });
    assert.deepEqual([row.status, row.outcome, row.customer_id], ['succeeded', 'synced', sarah.customerId]);
    assert.deepEqual(await identifiers(sarah), ['email:new@example.com']);
    const customer = await byId(sarah);
    assert.deepEqual(
      [customer['email'], customer['first_name'], customer['properties']],
      ['new@example.com', 'Sarah', { tier: 'gold' }],
    );
    const pass = await passOf(sarah);
    assert.deepEqual([pass?.data['mail'], pass?.data['tier'], pass?.revision], ['new@example.com', 'gold', 2]);
    assert.deepEqual(await events(row), ['customer.updated', 'pass.updated']);
    const steps = await listSteps(test.database.tenant(tenant.tenantId), row.operation_id);
    assert.deepEqual(steps.map(({ step, state }) => `${step} ${state}`).sort(), [
      'fetch-profile skipped',
      'find-customer succeeded',
      'notify-devices succeeded',
      'sync-merchant succeeded',
      'update-customer succeeded',
      'update-passes succeeded',
    ]);
    const again = await sync({ identifiers: [email('new@example.com')], klaviyoProfileId: '01SARAH' });
    assert.deepEqual([again.outcome, await events(again)], ['unchanged', []]);
  });

  it('never takes an address away from another customer, and lets addresses change hands once they are free', async () => {
    const a = await addCustomer(test, tenant, { email: 'a@example.com', klaviyoProfileId: '01A' });
    const b = await addCustomer(test, tenant, { email: 'b@example.com', klaviyoProfileId: '01B' });
    const both = async () => [...(await identifiers(a)), ...(await identifiers(b))];
    const [aToB, bToA] = await Promise.all([
      sync({ identifiers: [email('b@example.com')], klaviyoProfileId: '01A', attributes: { first_name: 'Ann' } }),
      sync({ identifiers: [email('a@example.com')], klaviyoProfileId: '01B' }),
    ]);
    assert.deepEqual([aToB.outcome, bToA.outcome], ['identifier-conflict', 'identifier-conflict']);
    assert.match(aToB.reason ?? '', new RegExp(`e-mail address .* customer ${b.customerId}`));
    assert.deepEqual(await both(), ['email:a@example.com', 'email:b@example.com']);
    assert.equal((await byId(a))['first_name'], null);
    assert.equal((await passOf(a)).revision, 1);

    // The way in which Klaviyo itself must do it: one steps aside first.
    for (const [address, profile] of [
      ['aside@example.com', '01A'],
      ['a@example.com', '01B'],
      ['b@example.com', '01A'],
    ]) {
      const row = await sync({ identifiers: [email(address!)], klaviyoProfileId: profile! });
      assert.equal(row.outcome, 'synced', address);
    }
    assert.deepEqual(await both(), ['email:b@example.com', 'email:a@example.com']);
  });

  it('does not guess', async () => {
    const a = await addCustomer(test, tenant, { email: 'c@example.com', phone: '+12125550101' });
    const b = await addCustomer(test, tenant, { email: 'd@example.com', klaviyoProfileId: '01D' });
    const ambiguous = await sync({ identifiers: [email('d@example.com'), { kind: 'phone', value: '+12125550101' }] });
    assert.match(ambiguous.reason ?? '', /Several people with one phone.*identifyBy/, 'the cure of a shared phone');
    const foreign = await sync({ identifiers: [email('d@example.com')], klaviyoProfileId: '01OTHER' });
    const nobody = await sync({ identifiers: [email('nobody@example.com')] });
    assert.deepEqual(
      [ambiguous.outcome, foreign.outcome, nobody.outcome],
      ['ambiguous-identifiers', 'identifier-conflict', 'customer-not-found'],
    );
    assert.deepEqual(
      [...(await identifiers(a)), ...(await identifiers(b))],
      ['email:c@example.com', 'phone:+12125550101', 'email:d@example.com'],
    );
  });

  it('keeps when and how consent was withdrawn, and each turn of it once', async () => {
    const sarah = await addCustomer(test, tenant, { email: 'consent@example.com' });
    const said = (consent: string, at: string) => ({
      sms: { marketing: { consent, consent_timestamp: at, method: 'PREFERENCE_PAGE' } },
    });
    const who = { identifiers: [email('consent@example.com')] };
    await sync({ ...who, consent: said('SUBSCRIBED', '2026-01-02T03:04:05Z') });
    const withdrawn = await sync({ ...who, consent: said('UNSUBSCRIBED', '2026-02-02T03:04:05+00:00') });
    assert.equal(withdrawn.outcome, 'synced');
    assert.equal((await sync({ ...who, consent: said('UNSUBSCRIBED', '2026-02-02T03:04:05Z') })).outcome, 'unchanged');
    assert.deepEqual((await byId(sarah))['consent'], {
      sms: { state: 'UNSUBSCRIBED', at: '2026-02-02T03:04:05.000Z', method: 'PREFERENCE_PAGE' },
    });
    const trail = await test.owner(
      `select channel, granted, method, given_at at time zone 'UTC' as at from consents where customer_id = $1 order by given_at`,
      [sarah.customerId],
    );
    assert.deepEqual(
      trail.map(({ channel, granted, method }) => [channel, granted, method]),
      [
        ['sms', true, 'PREFERENCE_PAGE'],
        ['sms', false, 'PREFERENCE_PAGE'],
      ],
    );
  });

  it('takes "never subscribed" for no word at all: what was agreed to elsewhere stays', async () => {
    const sarah = await addCustomer(test, tenant, { email: 'enrolled@example.com' });
    const enrolled = { email: { state: 'SUBSCRIBED', at: '2026-01-01T00:00:00.000Z', method: 'enrolment-page' } };
    await test.owner('update customers set consent = $2 where customer_id = $1', [
      sarah.customerId,
      JSON.stringify(enrolled),
    ]);
    const never = { marketing: { consent: 'NEVER_SUBSCRIBED' } };
    await sync({ identifiers: [email('enrolled@example.com')], consent: { email: never, sms: never } });
    const { consent } = await byId(sarah);
    assert.deepEqual(consent, { ...enrolled, sms: { state: 'NEVER_SUBSCRIBED', at: null, method: null } });
    assert.deepEqual(await test.owner('select from consents where customer_id = $1', [sarah.customerId]), []);
  });

  it('a shorter list of consents ends those that it leaves out, and no others', async () => {
    const sarah = await addCustomer(test, tenant, { email: 'list@example.com' });
    const who = { identifiers: [email('list@example.com')] };
    const states = async () =>
      Object.fromEntries(
        Object.entries((await byId(sarah))['consent'] as Record<string, { state: string }>).map(([name, { state }]) => [
          name,
          state,
        ]),
      );
    await sync({ ...who, consent: { terms: 'SUBSCRIBED', 'sms-transactional': 'SUBSCRIBED' } });
    await sync({ ...who, consent: ['email', 'sms'] });
    const kept = { terms: 'SUBSCRIBED', 'sms-transactional': 'SUBSCRIBED' };
    assert.deepEqual(await states(), { ...kept, email: 'SUBSCRIBED', sms: 'SUBSCRIBED' });
    assert.equal((await sync({ ...who, consent: ['email'] })).outcome, 'synced');
    assert.deepEqual(await states(), { ...kept, email: 'SUBSCRIBED', sms: 'UNSUBSCRIBED' });
    assert.equal((await sync({ ...who, consent: ['email'] })).outcome, 'unchanged');
    await sync({ ...who, consent: [] });
    assert.deepEqual(await states(), { ...kept, email: 'UNSUBSCRIBED', sms: 'UNSUBSCRIBED' });
    const trail = await test.owner(
      'select channel, granted from consents where customer_id = $1 and channel = $2 order by given_at',
      [sarah.customerId, 'sms'],
    );
    assert.deepEqual(trail, [
      { channel: 'sms', granted: true },
      { channel: 'sms', granted: false },
    ]);
  });

  it('an old delivery that Klaviyo repeats later does not undo newer data, where the flow sends its version', async () => {
    const sarah = await addCustomer(test, tenant, { email: 'version@example.com' });
    const say = (name: string, version: string) =>
      sync({ identifiers: [email('version@example.com')], attributes: { first_name: name }, version });
    await say('Newer', '2026-03-02T10:00:00.000Z');
    const repeated = await say('Older', '2026-03-01T10:00:00.000Z');
    assert.equal(repeated.outcome, 'superseded');
    assert.deepEqual([(await byId(sarah))['first_name'], (await passOf(sarah)).data['name']], ['Newer', 'Newer']);
  });

  it('does not send a change back to the merchant who made it', async () => {
    await addCustomer(test, tenant, { email: 'loop@example.com' });
    const change = { identifiers: [email('loop@example.com')], properties: { loyalty_tier: 'silver' } };
    const row = await sync(change, 'merchant');
    assert.equal(row.outcome, 'synced');
    assert.deepEqual(await events(row), ['pass.updated']);
    const told = await test.owner(`select from events where operation_id = $1 and origin <> 'merchant'`, [
      row.operation_id,
    ]);
    assert.equal(told.length, 0);
  });

  it('an older sync that comes later loses, field by field', async () => {
    const sarah = await addCustomer(test, tenant, { email: 'order@example.com' });
    const sql = test.database.tenant(tenant.tenantId);
    const [{ sequence } = { sequence: '' }] = await sql.query<{ sequence: string }>(
      `select nextval('acceptance_sequence')::text as sequence`,
    );
    const who = { identifiers: [email('order@example.com')] };
    await sync({ ...who, attributes: { first_name: 'Newer' } });
    const operationId = randomUUID();
    const input = {
      ...who,
      klaviyoProfileId: null,
      attributes: { first_name: 'Older', last_name: 'Mason' },
      properties: {},
      consent: null,
    };
    await sql.query(
      `insert into operations (operation_id, acceptance_sequence, tenant_id, kind, origin, input) values ($1, $2, $3, 'profile-sync', 'klaviyo', $4)`,
      [operationId, sequence, tenant.tenantId, JSON.stringify(input)],
    );
    assert.equal((await ended(test, tenant.tenantId, operationId)).outcome, 'synced');
    const customer = await byId(sarah);
    assert.deepEqual([customer['first_name'], customer['last_name']], ['Newer', 'Mason']);
    assert.equal((await passOf(sarah)).data['name'], 'Newer');
  });

  describe('with a Klaviyo key', () => {
    before(() =>
      putSecret(test.database.tenant(tenant.tenantId), SECRET_NAMES.klaviyoApiKey, klaviyo.apiKey, testSecretBox),
    );

    async function profile(attributes: Record<string, unknown>): Promise<string> {
      const answer = await fetch(`${klaviyo.url}/api/profile-import`, {
        method: 'POST',
        headers: {
          authorization: `Klaviyo-API-Key ${klaviyo.apiKey}`,
          revision: '2026-07-15',
          'content-type': 'application/vnd.api+json',
        },
        body: JSON.stringify({ data: { type: 'profile', attributes } }),
      });
      return ((await answer.json()) as { data: FetchedProfile }).data.id;
    }

    it('takes a profile with characters that no database takes: they are left out', async () => {
      const bo = await addCustomer(test, tenant, { email: 'odd@example.com' });
      const id = await profile({ email: 'odd@example.com', properties: { loyalty_tier: 'gold' } });
      const stored = klaviyo.profiles().find((one) => one.id === id)!;
      stored.attributes['first_name'] = 'B\u0000o\ud83d';
      stored.attributes.properties = {
        loyalty_tier: 'plat\u0000inum',
        'odd\u0000key': ['\ude00'],
        deep: { 'a\ud800': 1 },
      };
      const row = await sync({ identifiers: [email('odd@example.com')] });
      assert.equal(row.outcome, 'synced');
      assert.equal((await byId(bo))['first_name'], 'Bo');
      assert.equal((await passOf(bo)).data['tier'], 'platinum');
    });

    it('takes what Klaviyo says now over what the webhook said, through 429 and silence', async () => {
      const sarah = await addCustomer(test, tenant, { email: 'fetch@example.com' });
      const id = await profile({
        email: 'fetch@example.com',
        phone_number: '+33612345678',
        first_name: 'Fetched',
        properties: { loyalty_tier: 'platinum' },
      });
      const stored = klaviyo.profiles().find((one) => one.id === id)!;
      stored.subscriptions = {
        email: { marketing: { consent: 'SUBSCRIBED', method: 'API', timestamp: '2026-03-01' } },
      };
      klaviyo.setFault({ path: '/api/profiles', status: 429, retryAfter: '1' });
      klaviyo.setFault({ path: '/api/profiles', hang: true });
      const row = await sync({ identifiers: [email('fetch@example.com')], attributes: { first_name: 'Said' } });
      assert.equal(row.outcome, 'synced');
      const customer = await byId(sarah);
      assert.deepEqual(
        [customer['first_name'], customer['klaviyo_profile_id'], customer['phone'], customer['consent']],
        [
          'Fetched',
          id,
          '+33612345678',
          { email: { state: 'SUBSCRIBED', at: '2026-03-01T00:00:00.000Z', method: 'API' } },
        ],
      );
      assert.deepEqual(await identifiers(sarah), ['email:fetch@example.com', 'phone:+33612345678']);
      const steps = await listSteps(test.database.tenant(tenant.tenantId), row.operation_id);
      // Klaviyo's 429 is a turn that has not come: it counts as no attempt.
      const fetched = steps.find(({ step }) => step === 'fetch-profile')!;
      assert.deepEqual(
        [fetched.state, fetched.attempts, fetched.last_error?.code],
        ['succeeded', 2, 'klaviyo-timeout'],
      );
    });

    it('fails where Klaviyo refuses the key, and catches up by a retry once another one is set', async () => {
      const sarah = await addCustomer(test, tenant, { email: 'key@example.com' });
      const setKey = (key: string) =>
        putSecret(test.database.tenant(tenant.tenantId), SECRET_NAMES.klaviyoApiKey, key, testSecretBox);
      await setKey('pk_wrong');
      const row = await sync({ identifiers: [email('key@example.com')], attributes: { last_name: 'Said' } });
      assert.deepEqual([row.status, row.outcome], ['failed', 'provider-refused']);
      assert.equal((await byId(sarah))['last_name'], null);
      await setKey(klaviyo.apiKey);
      assert.equal(await retryOperation(test.database.tenant(tenant.tenantId), row.operation_id), 2);
      assert.equal((await ended(test, tenant.tenantId, row.operation_id)).outcome, 'synced');
      assert.equal((await byId(sarah))['last_name'], 'Said');
    });

    it('goes on with what the webhook said where Klaviyo knows no such profile', async () => {
      const sarah = await addCustomer(test, tenant, { email: 'gone@example.com', klaviyoProfileId: '01GONE' });
      const row = await sync({
        identifiers: [email('gone@example.com')],
        klaviyoProfileId: '01GONE',
        attributes: { first_name: 'Said' },
      });
      assert.deepEqual([row.outcome, (await byId(sarah))['first_name']], ['synced', 'Said']);
    });
  });
});
