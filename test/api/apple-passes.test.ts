import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { startAppleService, type AppleService } from '../support/apple-service.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { rowsOf } from '../support/rows.js';

let db: TestDatabase;
let apple: AppleService;
before(async () => {
  db = await createTestDatabase();
  apple = await startAppleService(db);
});
after(async () => {
  await apple.close();
  await db.drop();
});

const address = () =>
  `${apple.baseUrl}/apple/v1/passes/${apple.demo.pass.passTypeIdentifier}/${apple.demo.pass.serialNumber}`;
const get = (headers: Record<string, string> = {}, method = 'GET') =>
  fetch(address(), { method, headers: { Authorization: `ApplePass ${apple.token}`, ...headers } });
const setState = (state: string) =>
  db.owner('update passes set state = $1, lock_version = lock_version + 1 where pass_id = $2', [
    state,
    apple.demo.pass.passId,
  ]);
const digest = async (response: Response) =>
  createHash('sha256')
    .update(Buffer.from(await response.arrayBuffer()))
    .digest('hex');

test('a pass is sent with its own time, once; the same time answers 304, anything unreadable answers 200', async () => {
  const first = await get();
  assert.equal(first.status, 200);
  assert.equal(first.headers.get('content-type'), 'application/vnd.apple.pkpass');
  const lastModified = first.headers.get('last-modified')!;
  const row = await rowsOf(db).pass(apple.demo.pass.passId, 'modified_at');
  assert.equal(lastModified, row!.modified_at.toUTCString());
  const bytes = await digest(first);
  assert.equal(await digest(await get()), bytes, 'the same revision is signed once');
  const unchanged = await get({ 'If-Modified-Since': lastModified });
  assert.equal(unchanged.status, 304);
  assert.equal(await unchanged.text(), '');
  for (const odd of ['yesterday', '0', 'Thu, 01 Jan 1970 00:00:00 GMT']) {
    assert.equal((await get({ 'If-Modified-Since': odd })).status, 200, odd);
  }
});

test('HEAD answers like GET, without the pass', async () => {
  const full = await get();
  const head = await get({}, 'HEAD');
  assert.equal(head.status, 200);
  for (const name of ['content-type', 'content-length', 'last-modified']) {
    assert.equal(head.headers.get(name), full.headers.get(name), name);
  }
  assert.equal((await head.arrayBuffer()).byteLength, 0);
  await full.arrayBuffer();
  assert.equal((await fetch(address(), { method: 'HEAD' })).status, 401);
});

test('a burst of changes within one second gives every revision its own later time', async () => {
  const times: string[] = [];
  for (const points of [1, 2, 3]) {
    await apple.update({ points });
    const response = await get(times.length > 0 ? { 'If-Modified-Since': times.at(-1)! } : {});
    assert.equal(response.status, 200);
    await response.arrayBuffer();
    times.push(response.headers.get('last-modified')!);
  }
  const seconds = times.map((time) => Date.parse(time));
  assert.ok(seconds[0]! < seconds[1]! && seconds[1]! < seconds[2]!, times.join());
});

test('voided, expired and deleted passes keep answering devices; a deleted one cannot be added any more', async () => {
  const download = () => fetch(`${apple.baseUrl}/p/${apple.demo.pass.serialNumber}/pass.pkpass`);
  for (const state of ['voided', 'expired', 'deleted']) {
    await setState(state);
    const response = await get();
    assert.equal(response.status, 200, state);
    await response.arrayBuffer();
  }
  assert.equal((await download()).status, 404);
  await setState('active');
  const added = await download();
  assert.equal(added.status, 200);
  assert.equal(added.headers.get('cache-control'), 'no-store');
  assert.match(added.headers.get('content-disposition')!, /attachment; filename="pass\.pkpass"/);
  assert.equal(added.headers.get('content-type'), 'application/vnd.apple.pkpass');
  await added.arrayBuffer();
  assert.equal((await fetch(`${apple.baseUrl}/p/unknown/pass.pkpass`)).status, 404);
});

test('a phone that polls with its tag against concurrent updates ends with the last state', async () => {
  const phone = 'device-poll';
  const registrations = `${apple.baseUrl}/apple/v1/devices/${phone}/registrations/${apple.demo.pass.passTypeIdentifier}`;
  const registered = await fetch(`${registrations}/${apple.demo.pass.serialNumber}`, {
    method: 'POST',
    headers: { Authorization: `ApplePass ${apple.token}` },
    body: JSON.stringify({ pushToken: 'aa' }),
  });
  assert.equal(registered.status, 201);
  let tag: string | undefined;
  let lastModified: string | undefined;
  let held: string | undefined;
  const poll = async (): Promise<boolean> => {
    const listed = await fetch(registrations + (tag === undefined ? '' : `?passesUpdatedSince=${tag}`));
    if (listed.status === 204) return false;
    tag = ((await listed.json()) as { lastUpdated: string }).lastUpdated;
    const fetched = await get(lastModified === undefined ? {} : { 'If-Modified-Since': lastModified });
    if (fetched.status === 304) return true;
    assert.equal(fetched.status, 200);
    lastModified = fetched.headers.get('last-modified')!;
    held = await digest(fetched);
    return true;
  };
  let writing = true;
  const writers = Promise.all(
    Array.from({ length: 4 }, async (_, writer) => {
      for (let round = 0; round < 12; round++) await apple.update({ points: 10_000 + writer * 100 + round });
    }),
  ).finally(() => (writing = false));
  while (writing) await poll();
  await writers;
  while (await poll());
  assert.equal(held, await digest(await get()));
  const [row] = await db.owner<{ fetched_revision: number; revision: number }>(
    `select r.fetched_revision, p.revision from apple_registrations r join passes p using (pass_id)
       join apple_devices d using (device_id) where d.device_library_identifier = $1`,
    [phone],
  );
  assert.equal(row!.fetched_revision, row!.revision);
});
