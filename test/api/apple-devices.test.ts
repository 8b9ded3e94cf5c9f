import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Iphone } from '../../src/simulators/iphone/iphone.js';
import { registerDevice } from '../../src/database/devices/devices.js';
import { startAppleService, type AppleService } from '../support/apple-service.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { seedTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

let db: TestDatabase;
let apple: AppleService;
let phone: Iphone;
before(async () => {
  db = await createTestDatabase();
  apple = await startAppleService(db);
});
after(async () => {
  await apple.close();
  await db.drop();
});

const events = () =>
  rowsOf(db).operations({ kind: 'device-event' }, 'input', 'pass_id', 'customer_id', 'origin') as Promise<
    { input: Record<string, unknown>; pass_id: string; customer_id: string; origin: string }[]
  >;
const passRow = async () => (await rowsOf(db).pass(apple.demo.pass.passId)) as Record<string, unknown>;
const { type, serial, path, auth } = {
  type: () => apple.demo.pass.passTypeIdentifier,
  serial: () => apple.demo.pass.serialNumber,
  path: (device: string) => `${apple.baseUrl}/apple/v1/devices/${device}/registrations/${type()}`,
  auth: () => ({ Authorization: `ApplePass ${apple.token}` }),
};
const register = (device: string, pushToken: unknown, headers: Record<string, string> = auth()) =>
  fetch(`${path(device)}/${serial()}`, { method: 'POST', headers, body: JSON.stringify({ pushToken }) });
const unregister = (device: string, headers: Record<string, string> = auth()) =>
  fetch(`${path(device)}/${serial()}`, { method: 'DELETE', headers });
const list = (device: string, since?: string) =>
  fetch(path(device) + (since === undefined ? '' : `?passesUpdatedSince=${since}`));

beforeEach(async () => {
  await db.owner('delete from apple_devices');
  await db.owner('delete from device_log');
  await db.owner(`delete from operations where kind = 'device-event'`);
  await db.owner('update passes set first_installed_at = null, installed_at = null, uninstalled_at = null');
  phone = apple.phone();
});

test('a phone installs, is told of an update, converts, and removes the pass, and finds nothing to complain of', async () => {
  await phone.install(await apple.download());
  await apple.update({ points: 500 });
  await apple.push(phone);
  const before = phone.passes()[0]!.bundle.content;
  const typeBefore = (await passRow())['pass_type_id'];
  await apple.update({ tier: 'gold' }, { passType: 'premium', metadata: true });
  await apple.push(phone);
  const converted = phone.passes()[0]!.bundle.content;
  assert.notEqual((await passRow())['pass_type_id'], typeBefore);
  assert.deepEqual(
    phone.updates.map(({ changes }) => changes.length > 0),
    [true, true],
  );
  assert.equal(converted.serialNumber, before.serialNumber);
  assert.equal(converted.authenticationToken, before.authenticationToken);
  assert.equal(converted.passTypeIdentifier, before.passTypeIdentifier);
  await phone.remove(serial());
  assert.deepEqual(phone.complaints, []);
});

test('two updates within one second both reach the phone', async () => {
  await phone.install(await apple.download());
  await apple.update({ points: 1001 });
  await apple.push(phone);
  await apple.update({ points: 1002 });
  await apple.push(phone);
  await apple.update({ points: 1003 });
  await apple.push(phone);
  assert.equal(phone.updates.length, 3);
  assert.match(JSON.stringify(phone.passes()[0]!.bundle.content), /1,?003/);
  assert.deepEqual(phone.complaints, []);
});

test('a first registration answers 201 and makes one event; a later one answers 200, takes the new token and revives it', async () => {
  assert.equal((await register('device-a', 'AA01')).status, 201);
  await db.owner(`update apple_devices set token_gone_at = now(), token_updated_at = '2020-01-01'`);
  assert.equal((await register('device-a', 'aa02')).status, 200);
  const devices = await db.owner(
    `select push_token, token_gone_at, token_updated_at > '2021-01-01' as fresh from apple_devices`,
  );
  assert.deepEqual(devices, [{ push_token: 'aa02', token_gone_at: null, fresh: true }]);
  assert.equal((await register('device-b', 'bb01')).status, 201);
  const made = await events();
  const pass = await passRow();
  assert.equal(made.length, 1);
  assert.deepEqual(made[0]!.input, {
    passId: apple.demo.pass.passId,
    platform: 'apple',
    event: 'installed',
    firstInstall: true,
    at: (pass['installed_at'] as Date).toISOString(),
  });
  assert.equal(made[0]!.pass_id, apple.demo.pass.passId);
  assert.equal(made[0]!.customer_id, pass['customer_id']);
  assert.equal(made[0]!.origin, 'device');
  assert.deepEqual(pass['first_installed_at'], pass['installed_at']);
});

test('the last device that leaves makes an event and is forgotten; leaving twice is no failure; coming back is no first install', async () => {
  await register('device-a', 'aa');
  await register('device-b', 'bb');
  assert.equal((await unregister('device-a')).status, 200);
  assert.equal((await events()).length, 1);
  assert.equal((await unregister('device-b')).status, 200);
  assert.equal((await unregister('device-b')).status, 200);
  assert.equal((await unregister('never-seen')).status, 200);
  await register('device-a', 'aa');
  assert.deepEqual(
    (await events()).map(({ input }) => [input['event'], input['firstInstall']]),
    [
      ['installed', true],
      ['uninstalled', false],
      ['installed', false],
    ],
  );
  assert.deepEqual(await rowsOf(db).devices({}, 'push_token'), [{ push_token: 'aa' }]);
  assert.ok((await passRow())['uninstalled_at']);
});

test('a pass that Google still holds is not uninstalled when the last phone leaves', async () => {
  await register('device-a', 'aa');
  await db.owner(
    `insert into google_objects (tenant_id, pass_id, object_id, object_type, class_id, saved_at)
     values ($1, $2, 'i.o', 'generic', 'i.c', now())`,
    [apple.demo.tenantId, apple.demo.pass.passId],
  );
  await unregister('device-a');
  await register('device-a', 'aa');
  assert.equal((await events()).length, 1);
  await db.owner('delete from google_objects');
});

test('many phones that register and leave at once make exactly one event each way', async () => {
  const names = Array.from({ length: 8 }, (_, index) => `device-${index}`);
  const answers = await Promise.all(names.map((name, index) => register(name, `0${index}`)));
  assert.ok(answers.every(({ status }) => status === 201));
  await Promise.all(names.map((name) => unregister(name)));
  assert.deepEqual(
    (await events()).map(({ input }) => input['event']),
    ['installed', 'uninstalled'],
  );
  assert.deepEqual(await rowsOf(db).devices({}), []);
});

test('without the right token nothing is registered, removed or shown, and unknown passes look the same', async () => {
  const wrong = [
    {},
    { Authorization: `ApplePass ${apple.token.slice(0, -1)}_` },
    { Authorization: `Bearer ${apple.token}` },
    { Authorization: `ApplePass ${apple.token}x` },
  ];
  await register('device-a', 'aa');
  for (const headers of wrong) {
    assert.equal((await register('device-x', 'aa', headers)).status, 401);
    assert.equal((await unregister('device-a', headers)).status, 401);
    assert.equal((await fetch(`${apple.baseUrl}/apple/v1/passes/${type()}/${serial()}`, { headers })).status, 401);
  }
  for (const place of [`${type()}/unknown`, `pass.other/${serial()}`, `${type()}/%00`]) {
    const response = await fetch(`${apple.baseUrl}/apple/v1/passes/${place}`, { headers: auth() });
    assert.equal(response.status, 401);
    assert.equal(await response.text(), '');
  }
  assert.equal((await rowsOf(db).devices({})).length, 1);
  assert.doesNotMatch(apple.logged(), new RegExp(apple.token));
});

test('a registration whose push token could not be pushed to is refused', async () => {
  for (const pushToken of [undefined, '', 'not hex', 12, 'a'.repeat(401)]) {
    assert.equal((await register('device-a', pushToken)).status, 400);
  }
  assert.deepEqual(await rowsOf(db).devices({}), []);
});

test('the list needs no token, answers 204 to strangers, and takes a tag that it never gave for none', async () => {
  assert.equal((await list('stranger')).status, 204);
  assert.equal((await list('%00')).status, 204);
  await register('device-a', 'aa');
  const first = (await (await list('device-a')).json()) as { serialNumbers: string[]; lastUpdated: string };
  assert.deepEqual(first.serialNumbers, [serial()]);
  assert.equal(typeof first.lastUpdated, 'string');
  assert.equal((await list('device-a', first.lastUpdated)).status, 204);
  // The last is a tag from before a restored backup: its number will be given out again.
  for (const odd of ['abc', '-1', '1e3', '', '%00', '9'.repeat(40), String(Number(first.lastUpdated) + 1000)]) {
    assert.deepEqual(await (await list('device-a', odd)).json(), first, odd);
  }
  await apple.update({ points: 77 });
  const next = (await (await list('device-a', first.lastUpdated)).json()) as typeof first;
  assert.deepEqual(next.serialNumbers, [serial()]);
  assert.ok(BigInt(next.lastUpdated) > BigInt(first.lastUpdated));
});

test('a phone that changes its push token keeps its one registration and makes no event', async () => {
  await phone.install(await apple.download());
  const before = phone.pushToken;
  await phone.changePushToken();
  assert.notEqual(phone.pushToken, before);
  assert.deepEqual(await rowsOf(db).devices({}, 'push_token'), [{ push_token: phone.pushToken }]);
  assert.equal((await events()).length, 1);
  assert.deepEqual(phone.complaints, []);
});

test('what devices report is kept with pass and device, within bounds, and what names no pass of ours is not', async () => {
  await register('device-a', 'aa');
  const post = (body: string) => fetch(`${apple.baseUrl}/apple/v1/log`, { method: 'POST', body });
  const text = `Get pass task (for device device-a, pass type ${type()}, serial number ${serial()}; with web service url x) encountered error: `;
  assert.equal(
    (await post(JSON.stringify({ logs: [text + 'x'.repeat(5000), 'nothing', 7, 'device nobody'] }))).status,
    200,
  );
  assert.equal((await post('{"logs":"none"}')).status, 200);
  assert.equal((await post('{')).status, 400);
  const kept = await rowsOf(db).deviceLog({});
  const [device] = await rowsOf(db).devices({});
  assert.equal(kept.length, 1);
  assert.equal(kept[0]!.message.length, 500);
  assert.equal(kept[0]!.pass_id, apple.demo.pass.passId);
  assert.equal(kept[0]!.device_id, device!.device_id);
  // A text that names a device alone is about the pass that the device has.
  assert.equal((await post(JSON.stringify({ logs: ['something of device device-a failed'] }))).status, 200);
  const named = (await rowsOf(db).deviceLog({})).at(-1);
  assert.equal(named!.pass_id, apple.demo.pass.passId);
  // Anybody may post here: what the database cannot keep is taken out, and costs nobody anything.
  assert.equal((await post(`{"logs":["${text}\\u0000a\\ud800b"]}`)).status, 200);
  const last = (await rowsOf(db).deviceLog({})).at(-1);
  assert.equal(last!.message, `${text}ab`);
  assert.equal((await post('{"logs":[],"logs":[]}')).status, 400);
});

test('a pass has room for fifty lines of its devices a day, however many reports come at once', async () => {
  const text = `serial number ${serial()} mail to anna.lee@shop.example or +44 20 7946 0958`;
  const report = (count: number) =>
    fetch(`${apple.baseUrl}/apple/v1/log`, {
      method: 'POST',
      body: JSON.stringify({ logs: Array.from({ length: count }, () => text) }),
    });
  const answers = await Promise.all([30, 1, 30, 100, 30, 30].map(report));
  assert.deepEqual(
    answers.map(({ status }) => status),
    Array.from(answers, () => 200),
  );
  const lines = await rowsOf(db).deviceLog({});
  assert.equal(lines.length, 50);
  // Contacts are masked when the text is stored: no page has to do it again.
  assert.equal(lines[0]!.message, `serial number ${serial()} mail to a•••@shop.example or •••58`);
  await db.owner(`update device_log set received_at = now() - interval '25 hours' where log_id in
                    (select log_id from device_log order by log_id limit 7)`);
  await report(20);
  assert.equal((await rowsOf(db).deviceLog({})).length, 57);
});

test('a device with passes of two tenants under one type misses nothing of either, whose tags count apart', async () => {
  const other = await seedTenant(db);
  await db.owner('update passes set apple_pass_type_identifier = $1, update_tag = 3 where pass_id = $2', [
    type(),
    other.pass.id,
  ]);
  await db.owner('insert into update_tags values ($1, $2, 3)', [other.tenantId, type()]);
  await register('device-a', 'aa');
  await registerDevice(db.database.tenant(other.tenantId), {
    tenantId: other.tenantId,
    passId: other.pass.id,
    deviceLibraryIdentifier: 'device-a',
    pushToken: 'aa',
  });
  type Listed = { serialNumbers: string[]; lastUpdated: string };
  const all = (await (await list('device-a')).json()) as Listed;
  assert.deepEqual(all.serialNumbers.toSorted(), [serial(), other.pass.serialNumber].toSorted());
  assert.equal((await list('device-a', all.lastUpdated)).status, 204);
  await apple.update({ points: 4321 });
  const mine = (await (await list('device-a', all.lastUpdated)).json()) as Listed;
  assert.deepEqual(mine.serialNumbers, [serial()]);
  await db.owner('update update_tags set tag = 4 where tenant_id = $1', [other.tenantId]);
  await db.owner('update passes set update_tag = 4 where pass_id = $1', [other.pass.id]);
  const theirs = (await (await list('device-a', mine.lastUpdated)).json()) as Listed;
  assert.deepEqual(theirs.serialNumbers, [other.pass.serialNumber]);
  assert.equal((await list('device-a', theirs.lastUpdated)).status, 204);
});
