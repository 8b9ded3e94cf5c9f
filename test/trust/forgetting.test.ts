import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { main } from '../../src/cli/main.js';
import { HELD } from '../../src/database/customers/customer-export.js';
import { runRetention } from '../../src/database/bulk/retention.js';
import { createKlaviyoClient } from '../../src/klaviyo/client.js';
import { OBJECT_TITLE, setUpCustomObject } from '../../src/klaviyo/set-up.js';
import { startKlaviyoSimulator } from '../../src/simulators/klaviyo/klaviyo.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { accept, ended, until } from '../support/operations.js';
import { tenantTables } from '../support/sample-rows.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

const KEY = 'pk_forgetting';
const PLANTED = {
  name: 'Zebulon',
  email: 'zebulon.quux@example.com',
  phone: '+14155550177',
  note: 'allergic-to-zinc',
  card: 'Z"eb\\177',
};

let db: TestDatabase;
let engine: TestEngine;
let klaviyo: Awaited<ReturnType<typeof startKlaviyoSimulator>>;
let tenant: SeededTenant;
const pushed: string[] = [];

before(async () => {
  db = await createTestDatabase();
  klaviyo = await startKlaviyoSimulator({ accounts: [{ apiKey: KEY, rateLimits: false }] });
  const client = createKlaviyoClient({ apiUrl: klaviyo.url, apiKey: KEY });
  const { dataSourceId } = await setUpCustomObject(client);
  tenant = await seedTenant(db, { klaviyo: { writeBack: true, dataSourceId } });
  engine = await startEngine(db, {
    deps: {
      apple: {
        async push({ pushToken }) {
          pushed.push(pushToken);
          return { kind: 'delivered', apnsId: 'test' };
        },
      },
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
  await klaviyo.close();
  await db.drop();
});

/** Tables whose rows, as text, hold one of the texts; quotes and backslashes do not count, as JSON and rows escape them. */
async function holding(texts: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const table of await tenantTables(db)) {
    const rows = await db.owner(
      `select 1 from ${table} t where exists (
         select from unnest($1::text[]) v where position(translate(v, '"\\', '') in translate(t::text, '"\\', '')) > 0
       ) limit 1`,
      [texts],
    );
    if (rows.length > 0) found.push(table);
  }
  return found;
}

async function cli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const lines: string[] = [];
  const errors: string[] = [];
  const io = { out: (line: string) => lines.push(line), err: (line: string) => errors.push(line), dataDir: '/nowhere' };
  const code = await main(args, { DATABASE_URL: db.url }, io as unknown as Parameters<typeof main>[2]);
  return { code, out: lines.join('\n'), err: errors.join('\n') };
}

/** The pass as Klaviyo's custom object has it. */
async function walletPassRecord(): Promise<Record<string, unknown>> {
  const client = createKlaviyoClient({ apiUrl: klaviyo.url, apiKey: KEY });
  const type = (await client.listObjectTypes()).find(({ attributes }) => attributes['title'] === OBJECT_TITLE);
  const record = await client.getObjectRecord(type!.id, tenant.pass.serialNumber);
  return record.attributes['properties'] as Record<string, unknown>;
}

/** Personal data in every place where the product keeps some. */
async function plant(): Promise<{ profileId: string; deviceId: string }> {
  const { tenantId, pass, customerId } = tenant;
  const client = createKlaviyoClient({ apiUrl: klaviyo.url, apiKey: KEY });
  const { profile } = await client.importProfile({
    data: {
      type: 'profile',
      attributes: { email: PLANTED.email, properties: { wallet_pass_url: 'https://p.example/x' } },
    },
  });
  await db.owner(
    `update customers set email = $2, phone = $3, first_name = $4, klaviyo_profile_id = $5 where customer_id = $1`,
    [customerId, PLANTED.email, PLANTED.phone, PLANTED.name, profile.id],
  );
  await db.owner(`update customer_identifiers set value = $2 where customer_id = $1`, [customerId, PLANTED.email]);
  await db.owner(`insert into customer_identifiers (tenant_id, customer_id, kind, value) values ($1, $2, 'card', $3)`, [
    tenantId,
    customerId,
    PLANTED.card,
  ]);
  const [device] = await db.owner<{ device_id: string }>(
    `insert into apple_devices (tenant_id, device_library_identifier, push_token) values ($1, 'zdevice', 'abcd') returning device_id`,
    [tenantId],
  );
  await db.owner(`update passes set apple_pass_type_identifier = 'pass.example.z', data = $2 where pass_id = $1`, [
    pass.id,
    JSON.stringify({ points: 10, tier: PLANTED.note }),
  ]);
  await db.owner(
    `insert into apple_registrations (tenant_id, device_id, pass_id, apple_pass_type_identifier) values ($1, $2, $3, 'pass.example.z')`,
    [tenantId, device!.device_id, pass.id],
  );
  await db.owner(
    `insert into events (event_id, tenant_id, type, pass_id, customer_id, payload) values ($1, $2, 'pass.updated', $3, $4, $5)`,
    [randomUUID(), tenantId, pass.id, customerId, JSON.stringify({ email: PLANTED.email })],
  );
  await db.owner(`insert into device_log (tenant_id, pass_id, message) values ($1, $2, $3)`, [
    tenantId,
    pass.id,
    `Wallet of ${PLANTED.name}`,
  ]);
  await db.owner(
    `insert into consents (tenant_id, customer_id, channel, granted, method) values ($1, $2, 'email', true, 'form')`,
    [tenantId, customerId],
  );
  const sent = await accept(db, tenant, {
    kind: 'send-message',
    input: {
      identifiers: [{ kind: 'email', value: PLANTED.email }],
      content: { text: { en: `Hi ${PLANTED.name}` }, title: PLANTED.name, link: null },
      class: 'service',
      validUntil: null,
      validForSeconds: null,
      notBefore: null,
      respectQuietHours: null,
    },
  });
  assert.equal((await ended(db, tenantId, sent)).outcome, 'message-sent');
  // One request that reached the pass, and one that never did but names the person.
  const data = { tier: PLANTED.note, points: 11 };
  const identifiers = [{ kind: 'email', value: PLANTED.email }];
  const reached = await accept(db, tenant, {
    kind: 'push-update',
    input: { identifiers, passType: null, data, updateMetadata: false },
    idempotencyKey: PLANTED.email,
    bodyHash: Buffer.alloc(32),
  });
  await ended(db, tenantId, reached);
  assert.equal((await walletPassRecord())['email'], PLANTED.email);
  await db.owner(
    `insert into operations (operation_id, tenant_id, kind, input, status, outcome, ended_at)
     values ($1, $2, 'push-update', $3, 'succeeded', 'ambiguous-identifiers', now())`,
    [randomUUID(), tenantId, JSON.stringify({ identifiers, data: { note: PLANTED.name, only: 'in-a-lost-request' } })],
  );
  await db.owner(
    `insert into operations (operation_id, tenant_id, kind, input, status, outcome, ended_at, idempotency_key)
     values ($1, $2, 'push-update', $3, 'succeeded', 'pass-not-found', now(), null),
            ($4, $2, 'push-update', '{}', 'succeeded', 'pass-not-found', now(), $5)`,
    [
      randomUUID(),
      tenantId,
      JSON.stringify({ identifiers: [{ kind: 'card', value: PLANTED.card }] }),
      randomUUID(),
      `update of ${PLANTED.email}`,
    ],
  );
  // A merchant's answer may repeat what it was told, here of the customer alone.
  const campaignId = randomUUID();
  await db.owner(
    `insert into campaigns (campaign_id, tenant_id, name, definition, state) values ($1, $2, 'sale', '{}', 'running')`,
    [campaignId, tenantId],
  );
  // One row that led to the pass, and one that leads to nobody yet and only names the person.
  await db.owner(
    `insert into campaign_rows (tenant_id, campaign_id, row_number, state, identifiers, given, pass_id, customer_id)
     values ($1, $2, 1, 'waiting', null, $3, $4, $5), ($1, $2, 2, 'read', $6, $3, null, null)`,
    [
      tenantId,
      campaignId,
      JSON.stringify({ note: PLANTED.note }),
      pass.id,
      customerId,
      JSON.stringify([{ kind: 'email', value: PLANTED.email }]),
    ],
  );
  const eventId = randomUUID();
  const [endpoint] = await db.owner<{ endpoint_id: string }>(
    `insert into webhook_endpoints (endpoint_id, tenant_id, url, event_types, state)
     values (gen_random_uuid(), $1, 'https://merchant.example', '{}', 'disabled') returning endpoint_id`,
    [tenantId],
  );
  await db.owner(
    `insert into events (event_id, tenant_id, type, customer_id, payload) values ($1, $2, 'customer.updated', $3, '{}')`,
    [eventId, tenantId, customerId],
  );
  const deliveryId = randomUUID();
  await db.owner(
    `insert into deliveries (delivery_id, tenant_id, endpoint_id, event_id, status) values ($1, $2, $3, $4, 'delivered')`,
    [deliveryId, tenantId, endpoint!.endpoint_id, eventId],
  );
  await db.owner(
    `insert into delivery_attempts (tenant_id, delivery_id, attempt, status, response_excerpt) values ($1, $2, 1, 200, $3)`,
    [tenantId, deliveryId, `hello ${PLANTED.email}`],
  );
  return { profileId: profile.id, deviceId: device!.device_id };
}

test('what is held of a person is handed out, and erased everywhere once the phones know', async () => {
  const { profileId, deviceId } = await plant();
  const { tenantId, customerId, pass } = tenant;
  const texts = Object.values(PLANTED);
  const tables = await holding(texts);
  assert.ok(
    tables.length >= 6 && tables.includes('messages') && tables.includes('campaign_rows'),
    'the test has planted too little',
  );
  pushed.length = 0;

  const exported = await cli('customer', 'export', tenantId, ' ZEBULON.Quux@example.com');
  assert.equal(exported.code, 0, exported.err);
  for (const text of [...texts, 'in-a-lost-request']) {
    assert.ok(exported.out.includes(JSON.stringify(text).slice(1, -1)), `the export lacks ${text}`);
  }
  assert.doesNotMatch(exported.out, /abcd|token_hash/, 'an export is no place for keys of devices');

  const asked = await cli('customer', 'erase', tenantId, PLANTED.phone, '--yes');
  assert.equal(asked.code, 0, asked.err);
  const operationId = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(asked.out)![0];
  assert.match((await cli('customer', 'erase', tenantId, PLANTED.email, '--yes')).out, /before/);

  // The phone learns first: its pass is voided and empty, and still there.
  await until(async () => pushed.includes('abcd'), 'the push of the voided pass');
  const voided = await rowsOf(db).pass(pass.id, 'state', 'data', 'revision');
  assert.deepEqual([voided.state, voided.data], ['voided', { tier: 'bronze' }]);
  // What a phone does while the erasure waits for it must not bring back to Klaviyo what was cleared there.
  await until(async () => (await walletPassRecord())['state'] === 'deleted', 'the emptied record');
  const removal = await accept(db, tenant, {
    kind: 'device-event',
    input: { passId: pass.id, platform: 'apple', event: 'uninstalled', at: new Date().toISOString() },
  });
  assert.equal((await ended(db, tenantId, removal)).status, 'succeeded');
  await db.owner('update apple_registrations set fetched_revision = $2 where pass_id = $1', [pass.id, voided.revision]);

  const row = await ended(db, tenantId, operationId);
  assert.deepEqual([row.status, row.outcome], ['succeeded', 'erased']);
  assert.deepEqual(await holding(texts), []);
  assert.deepEqual(await holding([deviceId]), []);
  for (const [table, rows] of Object.entries({ customers: customerId, passes: pass.id })) {
    assert.deepEqual(
      await db.owner(`select 1 from ${table} where ${table === 'passes' ? 'pass_id' : 'customer_id'} = $1`, [rows]),
      [],
    );
  }
  const receipt = await cli('customer', 'receipt', tenantId, operationId);
  const { removed } = JSON.parse(receipt.out) as { removed: Record<string, unknown> };
  assert.equal(removed['passes'], 1);
  assert.equal(removed['klaviyo'], 'cleared');
  assert.equal(removed['devicesThatNeverFetched'], 0);
  for (const text of texts) assert.ok(!receipt.out.includes(text));
  const profile = await createKlaviyoClient({ apiUrl: klaviyo.url, apiKey: KEY }).getProfile(profileId);
  assert.doesNotMatch(JSON.stringify(profile.attributes), /wallet_pass|neostore/);
  assert.equal(removed['klaviyoRecords'], 1);
  const { serial_number: serial, state, ...rest } = await walletPassRecord();
  assert.deepEqual([serial, state], [pass.serialNumber, 'deleted']);
  assert.ok(
    Object.values(rest).every((value) => value === null),
    JSON.stringify(rest),
  );
  assert.match((await cli('customer', 'export', tenantId, PLANTED.email)).err, /Nothing is held/);
});

test('an export leaves out no table that knows customers or passes', async () => {
  const tables = await db.owner<{ name: string }>(
    `select distinct table_name as name from information_schema.columns
      where table_schema = 'public' and column_name in ('customer_id', 'pass_id', 'device_id', 'operation_id') order by 1`,
  );
  // A campaign names the operation that runs it, and nobody of its audience.
  // A backfill's job names passes, which are in the export, for as long as Klaviyo works on it.
  const ofTheSystem = new Set(['campaigns', 'backfill_jobs']);
  assert.deepEqual(
    tables.map(({ name }) => name).filter((name) => !ofTheSystem.has(name)),
    Object.keys(HELD).sort(),
  );
});

test('operations are emptied and device logs removed after the time that the tenant set', async () => {
  const short = await seedTenant(db, { retention: { operationDays: 10, deviceLogDays: 5 } });
  const add = (days: number, status: string) =>
    db.owner(
      `insert into operations (operation_id, tenant_id, kind, input, status, accepted_at, idempotency_key)
       values ($1::uuid, $2, 'push-update', '{"email": "x"}', $3, now() - $4 * interval '1 day', $1::uuid::text)`,
      [randomUUID(), short.tenantId, status, days],
    );
  const campaignId = randomUUID();
  await db.owner(
    `insert into campaigns (campaign_id, tenant_id, name, definition, state, created_at, ended_at)
     values ($1, $2, 'old', '{}', 'cancelled', now() - interval '30 days', now() - interval '12 days')`,
    [campaignId, short.tenantId],
  );
  await db.owner(
    `insert into campaign_rows (tenant_id, campaign_id, row_number, state, identifiers) values ($1, $2, 1, 'read', $3)`,
    [short.tenantId, campaignId, '[{"kind":"email","value":"x"}]'],
  );
  await add(12, 'succeeded');
  await add(11, 'running');
  await add(9, 'succeeded');
  for (const days of [6, 4]) {
    await db.owner(
      `insert into device_log (tenant_id, message, received_at) values ($1, 'x', now() - $2 * interval '1 day')`,
      [short.tenantId, days],
    );
  }
  for (const [text, state, days] of [
    ['to be shown', 'claimed', 13],
    ['old', 'sent', 12],
    ['new', 'ended', 9],
    ['failed', 'claimed', 8],
  ]) {
    await db.owner(
      `insert into messages (message_id, tenant_id, pass_id, customer_id, class, content, state, claimed_at)
       values (gen_random_uuid(), $1, $2, $3, 'service', jsonb_build_object('text', $4::text), $5, now() - $6 * interval '1 day')`,
      [short.tenantId, short.pass.id, short.customerId, text, state, days],
    );
  }
  await db.owner(
    `update messages set claimed_at = claimed_at - interval '20 days', message_id =
       (select operation_id from operations where tenant_id = $1 and status = 'succeeded' order by accepted_at limit 1)
      where tenant_id = $1 and content ->> 'text' = 'failed'`,
    [short.tenantId],
  );
  const aged = await runRetention(db.database);
  assert.deepEqual([aged.operations, aged.deviceLogs], [1, 1]);
  const left = await rowsOf(db).operations({ tenantId: short.tenantId }, 'input', 'status', 'idempotency_key');
  assert.deepEqual(
    left.map(({ input }) => Object.keys(input).length),
    [0, 1, 1],
  );
  assert.match(left[0]!.idempotency_key ?? '', /^aged\//);
  const texts = await db.owner<{ text: string }>(
    `select content ->> 'text' as text from messages where tenant_id = $1 order by claimed_at`,
    [short.tenantId],
  );
  assert.deepEqual(
    texts.map(({ text }) => text),
    ['', 'to be shown', '', 'new'],
    'what was sent or failed is emptied, what is still to be shown keeps its text',
  );
  assert.match((await cli('retention', 'run')).out, /^0 operations emptied, 0 device log/);
  const named = await db.owner('select from campaign_rows where campaign_id = $1 and identifiers is not null', [
    campaignId,
  ]);
  assert.equal(named.length, 0, 'an old campaign still names people');
});
