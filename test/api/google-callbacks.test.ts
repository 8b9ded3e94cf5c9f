import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { createActivities } from '../../src/activities/index.js';
import type { ActivityDeps } from '../../src/activities/deps.js';
import { createTenantReaders } from '../../src/database/tenants/tenant-readers.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { ISSUER, startTestGoogle, type TestGoogle } from '../support/google.js';
import { accept } from '../support/operations.js';
import type { SeededTenant } from '../support/tenant.js';

let db: TestDatabase;
let api: TestApi;
let google: TestGoogle;
let tenant: SeededTenant;
let objectId: string;
let counter = 0;
before(async () => {
  db = await createTestDatabase();
  google = await startTestGoogle(db);
  api = await startTestApi({ database: db.database, google: google.simulator });
});
after(async () => {
  await api.close();
  await google.stop();
  await db.drop();
});
beforeEach(async () => {
  tenant = await google.seed();
  // No phone of Apple's: Google is the only place of the pass.
  await db.owner('delete from apple_registrations where pass_id = $1', [tenant.pass.id]);
  objectId = `${ISSUER}.object${++counter}`;
  await db.owner(
    `insert into google_objects (tenant_id, pass_id, object_id, object_type, class_id, state) values ($1, $2, $3, 'loyalty', $4, 'live')`,
    [tenant.tenantId, tenant.pass.id, objectId, `${ISSUER}.club`],
  );
});

const signer = () => google.simulator.callbacksSigner;
const message = (eventType: 'save' | 'del') => signer().message(`${ISSUER}.club`, objectId, eventType);
const post = (body: string, tenantId = tenant.tenantId) =>
  api.fetch(`/google/callbacks/${tenantId}`, { method: 'POST', body });
const events = () =>
  db.owner<{ event: string; platform: string; first: boolean; origin: string }>(
    `select input ->> 'event' as event, input ->> 'platform' as platform, (input -> 'firstInstall')::boolean as first, origin
       from operations where tenant_id = $1 and kind = 'device-event' order by acceptance_sequence`,
    [tenant.tenantId],
  );
const isSaved = async () => {
  const response = await api.fetch(`/v1/passes/${tenant.pass.serialNumber}`, { key: tenant.keys.all });
  return ((await response.json()) as { wallets: { google: { saved: boolean } } }).wallets.google.saved;
};

test('saved, removed and saved again: each is one event, and only the first is a first install', async () => {
  for (const [eventType, saved] of [
    ['save', true],
    ['del', false],
    ['save', true],
  ] as const) {
    assert.equal((await post(signer().body(message(eventType), ISSUER))).status, 200);
    assert.equal(await isSaved(), saved);
  }
  const google = { platform: 'google', origin: 'google' };
  assert.deepEqual(await events(), [
    { event: 'installed', first: true, ...google },
    { event: 'uninstalled', first: false, ...google },
    { event: 'installed', first: false, ...google },
  ]);
});

test('a callback that Google repeats counts once, also when both come at the same time', async () => {
  const body = signer().body(message('save'), ISSUER);
  const nudges = api.nudges();
  const answers = await Promise.all([post(body), post(body), post(body)]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.equal((await events()).length, 1);
  assert.equal(api.nudges(), nudges + 1);
});

test('a pass that an iPhone has is not installed a second time', async () => {
  await db.owner(
    `insert into apple_registrations (tenant_id, device_id, pass_id, apple_pass_type_identifier)
     select tenant_id, device_id, $2, 'pass.example.card' from apple_devices where tenant_id = $1`,
    [tenant.tenantId, tenant.pass.id],
  );
  assert.equal((await post(signer().body(message('save'), ISSUER))).status, 200);
  assert.equal((await post(signer().body(message('del'), ISSUER))).status, 200);
  assert.deepEqual(await events(), []);
});

test('what is not genuine changes nothing: 4xx, each for its reason', async () => {
  const save = message('save');
  const good = signer().body(save, ISSUER);
  const foreign = await google.seed();
  const cases: [what: string, status: number, code: RegExp, body: string, tenantId?: string][] = [
    ['no JSON', 400, /malformed/, 'save'],
    ['another protocol', 422, /wrong-protocol/, signer().body(save, ISSUER, { protocolVersion: 'ECv1' })],
    ['an expired root key', 422, /intermediate-signature/, signer().body(save, ISSUER, { retiredRoot: true })],
    ['an expired key', 422, /intermediate-expired/, signer().body(save, ISSUER, { keyExpiresAtMs: 1 })],
    ['an old message', 422, /message-expired/, signer().body({ ...save, expTimeMillis: 1 }, ISSUER)],
    ['another issuer', 422, /message-signature/, signer().body(save, '1')],
    ['a changed message', 422, /message-signature/, good.replace(save.nonce, 'x'.repeat(save.nonce.length))],
    ['an unknown object', 404, /no such object/, signer().body({ ...save, objectId: `${ISSUER}.none` }, ISSUER)],
    ["another tenant's object", 404, /no such object/, good, foreign.tenantId],
    // As for a tenant with another issuer: the answer does not tell whether there is such a tenant.
    ['an unknown tenant', 422, /message-signature/, good, 'nobody'],
    ['no JSON for an unknown tenant', 400, /malformed/, 'save', 'nobody'],
  ];
  for (const [what, status, code, body, tenantId] of cases) {
    const response = await post(body, tenantId);
    assert.equal(response.status, status, what);
    assert.match(((await response.json()) as { detail: string }).detail, code, what);
  }
  assert.deepEqual(await events(), []);
  assert.equal(await isSaved(), false);
  assert.equal((await post(good)).status, 200, 'no refusal has used up the nonce');
});

test('the way into the wallet: a signed save link that Google takes, for passes that are there', async () => {
  const response = await api.fetch(`/p/${tenant.pass.serialNumber}/google`);
  assert.equal(response.status, 302);
  const location = response.headers.get('Location')!;
  assert.ok(location.startsWith(`${google.simulator.saveUrl}/`));
  const claims = JSON.parse(Buffer.from(location.split('.').at(-2)!, 'base64url').toString('utf8')) as object;
  assert.deepEqual((claims as { payload: object }).payload, { loyaltyObjects: [{ id: objectId }] });
  assert.equal(response.headers.get('Cache-Control'), 'no-store');

  await db.owner(`update google_objects set state = 'absent' where object_id = $1`, [objectId]);
  const absent = await api.fetch(`/p/${tenant.pass.serialNumber}/google`);
  assert.equal(absent.status, 404);
  assert.equal(absent.headers.get('Content-Type'), 'application/problem+json');
  assert.equal((await api.fetch('/p/nobody/google')).status, 404);
});

test('from the link to the event: the holder follows it, Google calls the address that the class names', async () => {
  await db.owner('delete from google_objects where object_id = $1', [objectId]);
  const deps = { database: db.database, ...createTenantReaders(db.database), google: google.walletAt(api.baseUrl) };
  const steps = createActivities({ ...deps, now: Date.now } as unknown as ActivityDeps);
  const ref = { tenantId: tenant.tenantId, passId: tenant.pass.id };
  const operationId = await accept(db, tenant, { kind: 'notify-pass', input: { passId: ref.passId } });
  assert.deepEqual(await steps['update-google-object']({ ...ref, operationId, run: 1 }), { result: 'written' });
  const link = (await api.fetch(`/p/${tenant.pass.serialNumber}/google`)).headers.get('Location')!;
  assert.equal((await fetch(link)).status, 200);
  const { object_id: saved } = await google.live(tenant);
  assert.equal(google.simulator.callbacks.at(-1)?.status, 200);
  assert.equal(await isSaved(), true);
  assert.equal((await google.simulator.remove(saved)).status, 200);
  assert.deepEqual(
    (await events()).map(({ event }) => event),
    ['installed', 'uninstalled'],
  );
});
