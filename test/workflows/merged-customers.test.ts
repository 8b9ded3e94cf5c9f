import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { main } from '../../src/cli/main.js';
import { createKlaviyoClient } from '../../src/klaviyo/client.js';
import { startKlaviyoSimulator } from '../../src/simulators/klaviyo/klaviyo.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { accept, ended, until } from '../support/operations.js';
import { addCustomer, seedProfileTenant, type ProfileTenant } from '../support/profiles.js';
import { rowsOf } from '../support/rows.js';

const KEY = 'pk_merges';
let db: TestDatabase;
let api: TestApi;
let engine: TestEngine;
let klaviyo: Awaited<ReturnType<typeof startKlaviyoSimulator>>;
let tenant: ProfileTenant;
let count = 0;

before(async () => {
  db = await createTestDatabase();
  api = await startTestApi({ database: db.database });
  klaviyo = await startKlaviyoSimulator({ accounts: [{ apiKey: KEY, rateLimits: false }] });
  tenant = await seedProfileTenant(db, { pushWindowSeconds: 0 });
  const client = createKlaviyoClient({ apiUrl: klaviyo.url, apiKey: KEY });
  engine = await startEngine(db, {
    deps: {
      klaviyo: {
        forTenant: async () => ({ client, keyVersion: '1', keyHash: 'test' }),
        publicUrl: 'https://passes.example',
        linkToken: async () => null,
        linkTokens: async () => new Map(),
        keyRefused: () => undefined,
        keyAccepted: () => undefined,
      },
    },
  });
});
after(async () => {
  await engine.stop();
  await api.close();
  await klaviyo.close();
  await db.drop();
});

const profile = async (attributes: Record<string, string>): Promise<string> => {
  const client = createKlaviyoClient({ apiUrl: klaviyo.url, apiKey: KEY });
  return (await client.importProfile({ data: { type: 'profile', attributes } })).profile.id;
};

/** A person whom the merchant knows by e-mail once and by phone once, each with a pass. */
async function twoOfOne(known: 'known at Klaviyo' | 'unknown' = 'known at Klaviyo') {
  const email = `omni${++count}@example.com`;
  const phone = `+1415558${String(count).padStart(4, '0')}`;
  const [byMail, byPhone] = [await profile({ email }), await profile({ phone_number: phone })];
  const ids = known === 'unknown' ? [undefined, undefined] : [byMail, byPhone];
  const live = async (one: { customerId: string; passId: string }) =>
    db.owner(`update passes set live_key = $2 || ':' || pass_type_id where pass_id = $1`, [one.passId, one.customerId]);
  const a = await addCustomer(db, tenant, { email, ...(ids[0] && { klaviyoProfileId: ids[0] }) });
  const b = await addCustomer(db, tenant, { phone, ...(ids[1] && { klaviyoProfileId: ids[1] }) });
  await live(a);
  await live(b);
  return { email, phone, byMail, byPhone, a, b };
}
const sync = async (identifiers: object[], klaviyoProfileId: string | null) => {
  const input = { identifiers, klaviyoProfileId, attributes: {}, properties: {}, consent: null };
  return ended(db, tenant.tenantId, await accept(db, tenant, { kind: 'profile-sync', input }));
};
const both = ({ email, phone }: { email: string; phone: string }) => [
  { kind: 'email', value: email },
  { kind: 'phone', value: phone },
];
const holders = async (...passIds: string[]) => {
  const rows = await db.owner<{ customer_id: string }>(
    'select distinct customer_id from passes where pass_id = any($1::uuid[])',
    [passIds],
  );
  return rows.map((row) => row.customer_id);
};

test('what Klaviyo has merged is merged here: both cards are one person’s, and one of a type stays', async () => {
  const person = await twoOfOne();
  const { a, b, byMail, byPhone } = person;
  await db.owner(
    `with device as (insert into apple_devices (tenant_id, device_library_identifier, push_token) values ($1, 'm1', 'x') returning device_id)
     insert into apple_registrations (tenant_id, device_id, pass_id, apple_pass_type_identifier) select $1, device_id, $2, 'p' from device`,
    [tenant.tenantId, b.passId],
  );
  klaviyo.mergeProfiles(byMail, byPhone);
  const row = await sync(both(person), byPhone);
  assert.notEqual(row.outcome, 'identifier-conflict');
  assert.notEqual(row.outcome, 'ambiguous-identifiers');
  assert.deepEqual(await holders(a.passId, b.passId), [b.customerId]);
  // The one on a phone stays; the other is voided by an operation of its own.
  const state = async (passId: string) => (await rowsOf(db).pass(passId, 'state')).state;
  await until(async () => (await state(a.passId)) === 'voided', 'the other card to be voided');
  assert.equal(await state(b.passId), 'active');
  // Either address finds the person from now on, and so does the former id.
  const update = await api.pushUpdate(tenant.tenantId, tenant.keys.all, {
    identifiers: { email: person.email, phone: person.phone },
    additionalData: { points: 77 },
  });
  const updated = await ended(db, tenant.tenantId, update.headers.get('x-correlation-id')!);
  assert.deepEqual([updated.outcome, updated.pass_id], ['updated', b.passId]);
  const former = await api.fetch(`/api/${tenant.tenantId}/customers/${a.customerId}`, { key: tenant.keys.all });
  assert.equal(((await former.json()) as { id: string }).id, b.customerId);
});

test('customers whose profiles nobody knew are merged by what Klaviyo says of their addresses', async () => {
  const person = await twoOfOne('unknown');
  klaviyo.mergeProfiles(person.byPhone, person.byMail);
  // The webhook names the e-mail alone; the phone comes from Klaviyo.
  const row = await sync([{ kind: 'email', value: person.email }], null);
  assert.equal(row.outcome, 'synced');
  assert.deepEqual(await holders(person.a.passId, person.b.passId), [person.a.customerId]);
});

test('nobody is merged whom Klaviyo does not call one person, and a retry asks again', async () => {
  const person = await twoOfOne();
  const { a, b, byMail, byPhone } = person;
  const row = await sync(both(person), byMail);
  assert.equal(row.outcome, 'identifier-conflict');
  assert.equal((await holders(a.passId, b.passId)).length, 2);

  klaviyo.mergeProfiles(byPhone, byMail);
  const retry = await api.fetch(`/api/${tenant.tenantId}/operations/${row.operation_id}/retry`, {
    method: 'POST',
    key: tenant.keys.all,
  });
  assert.equal(retry.status, 202);
  await until(async () => (await holders(a.passId, b.passId)).length === 1, 'the merge by the retry');

  // Other ids of the merchant say that these are two people, whatever Klaviyo has merged.
  const two = await twoOfOne();
  for (const [id, one] of Object.entries({ M1: two.a, M2: two.b })) {
    await db.owner('update customers set external_customer_id = $2 where customer_id = $1', [one.customerId, id]);
  }
  klaviyo.mergeProfiles(two.byPhone, two.byMail);
  assert.equal((await sync(both(two), two.byMail)).outcome, 'identifier-conflict');
});

test('a Klaviyo id that is gone gives way, one that is there does not', async () => {
  const email = `gone${++count}@example.com`;
  const old = await profile({ external_id: `x${count}` });
  const { customerId } = await addCustomer(db, tenant, { email, klaviyoProfileId: old });
  const present = await profile({ email });
  const refused = await sync([{ kind: 'email', value: email }], present);
  assert.equal(refused.outcome, 'identifier-conflict');
  klaviyo.mergeProfiles(old, await profile({ email: `else${count}@example.com` }));
  const row = await sync([{ kind: 'email', value: email }], present);
  assert.notEqual(row.outcome, 'identifier-conflict');
  const known = await rowsOf(db).customer(customerId, 'klaviyo_profile_id');
  assert.deepEqual(known, { klaviyo_profile_id: present });
});

test('a person merges two customers, and sees before what will happen', async () => {
  const { a, b } = await twoOfOne();
  const call = async (body: object) => {
    const response = await api.fetch(`/api/${tenant.tenantId}/customers/${a.customerId}/merge`, {
      method: 'POST',
      key: tenant.keys.all,
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const preview = await call({ customerId: b.customerId, preview: true });
  assert.equal(preview.status, 200);
  assert.deepEqual(preview.body['identifiers'], ['phone']);
  assert.deepEqual(preview.body['passes'], [b.passId]);
  assert.equal((preview.body['voided'] as string[]).length, 1);
  assert.equal((await holders(a.passId, b.passId)).length, 2, 'a preview changes nothing');

  const merged = await call({ customerId: b.customerId });
  assert.equal(merged.status, 202);
  const row = await ended(db, tenant.tenantId, String(merged.body['correlationId']));
  assert.deepEqual([row.status, row.outcome], ['succeeded', 'merged']);
  assert.deepEqual(await holders(a.passId, b.passId), [a.customerId]);
  assert.equal((await call({ customerId: b.customerId })).status, 409);
  assert.equal((await call({ customerId: '00000000-0000-4000-8000-000000000000' })).status, 404);
});

test('the command line shows a merge, and does it with --yes; the erasure of one takes both', async () => {
  const { a, b, email, phone } = await twoOfOne();
  const cli = async (...args: string[]) => {
    const lines: string[] = [];
    const io = {
      out: (line: string) => lines.push(line),
      err: (line: string) => lines.push(line),
      dataDir: '/nowhere',
    };
    const code = await main(args, { DATABASE_URL: db.url }, io as unknown as Parameters<typeof main>[2]);
    return { code, out: lines.join('\n') };
  };
  const preview = await cli('customer', 'merge', tenant.tenantId, email, phone);
  assert.equal(preview.code, 0, preview.out);
  assert.match(preview.out, /Nothing was changed/);
  assert.equal((await holders(a.passId, b.passId)).length, 2);
  const merge = await cli('customer', 'merge', tenant.tenantId, email, phone, '--yes');
  const merged = /[0-9a-f-]{36}$/.exec(merge.out)![0];
  assert.equal((await ended(db, tenant.tenantId, merged)).outcome, 'merged');
  assert.deepEqual(await holders(a.passId, b.passId), [a.customerId]);
  assert.match((await cli('customer', 'merge', tenant.tenantId, email, phone)).out, /lead to one customer/);

  await db.owner(
    `insert into events (event_id, tenant_id, type, customer_id, payload) values (gen_random_uuid(), $1, 'customer.updated', $2, $3)`,
    [tenant.tenantId, b.customerId, JSON.stringify({ phone })],
  );
  const erase = await cli('customer', 'erase', tenant.tenantId, phone, '--yes');
  const erasure = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(erase.out)![0];
  assert.equal((await ended(db, tenant.tenantId, erasure)).outcome, 'erased');
  const left = await db.owner('select 1 from events where payload::text like $1', [`%${phone}%`]);
  assert.deepEqual(left, []);
});
