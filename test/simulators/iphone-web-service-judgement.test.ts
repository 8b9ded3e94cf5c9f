import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { BundleRefused, createIphone, type Iphone, type PushService } from '../../src/simulators/iphone/iphone.js';
import { passJson, type PassJson } from './support/bundle.js';
import { createTestCertificates, PASS_TYPE, type TestCertificates } from './support/certificates.js';
import { startWebService, type Misbehaviour } from './support/web-service.js';

let certificates: TestCertificates;
before(() => (certificates = createTestCertificates()));
after(() => certificates.remove());

const withFields = (points: number, tier: string, more: PassJson = {}): PassJson =>
  passJson({
    storeCard: {
      headerFields: [{ key: 'points', label: 'Points', value: points, changeMessage: 'You now have %@ points' }],
      secondaryFields: [{ key: 'tier', label: 'Tier', value: tier, changeMessage: 'Your tier is %@' }],
    },
    ...more,
  });

function pushService(): PushService & { push(token: string, topic: string): void; dead: string[] } {
  const listeners = new Map<string, () => void>();
  const dead: string[] = [];
  return {
    dead,
    registerToken: (token, topic, onPush) => void listeners.set(`${token} ${topic}`, onPush),
    unregisterToken: (token) => void dead.push(token),
    push: (token, topic) => listeners.get(`${token} ${topic}`)?.(),
  };
}

/** A phone beside a small web service; the story pushes and waits. */
async function scene(story: (scene: Awaited<ReturnType<typeof setUp>>) => Promise<void>): Promise<void> {
  const made = await setUp();
  try {
    await story(made);
  } finally {
    made.phone.stop();
    await made.service.stop();
  }
}
async function setUp() {
  const service = await startWebService(certificates);
  const apns = pushService();
  const phone = createIphone({ apns, caPem: certificates.rootPem, baseDelayMs: 1 });
  let refreshed = 0;
  phone.events.on('refreshed', () => (refreshed += 1));
  const push = async (): Promise<void> => {
    const seen = refreshed;
    apns.push(phone.pushToken, PASS_TYPE);
    await phone.waitFor(() => refreshed > seen);
  };
  return { service, apns, phone, push };
}
const pointsOn = (phone: Iphone, serial = 'serial-1'): unknown =>
  phone.passes().find(({ serialNumber }) => serialNumber === serial)?.bundle.content.fields[0]?.value;

test('a right service: register, list, push, list with the tag, fetch, text on the locked screen, and not one complaint', () =>
  scene(async ({ service, phone, push }) => {
    await phone.install(service.publish({ json: withFields(10, 'Basic') }));
    assert.equal(service.registrations.get('serial-1'), phone.pushToken);
    service.publish({ json: withFields(25, 'Basic') });
    await push();
    service.publish({ json: withFields(30, 'Gold') });
    await push();
    service.publish({ json: { ...withFields(30, 'Gold'), logoText: 'New look' } });
    await push();
    await push();

    assert.deepEqual(phone.complaints, []);
    assert.deepEqual(
      phone.updates.map(({ changes, lockScreen }) => ({ changed: changes.map(({ key }) => key), lockScreen })),
      [
        {
          changed: ['points'],
          lockScreen: { kind: 'message', title: 'Example Coffee', text: 'You now have 25 points' },
        },
        {
          changed: ['points', 'tier'],
          lockScreen: { kind: 'generic', title: 'Example Coffee', text: 'Loyalty card changed' },
        },
        { changed: [], lockScreen: { kind: 'silent' } },
      ],
    );
    assert.deepEqual(phone.updates[0]?.changes, [{ key: 'points', label: 'Points', before: 10, after: 25 }]);
    const lists = service.calls.filter(({ method, path }) => method === 'GET' && path.startsWith('/devices'));
    assert.deepEqual(
      lists.map(({ path }) => path.split('passesUpdatedSince=')[1]),
      [undefined, '1', '2', '3', '4'],
    );
    assert.ok(lists.every(({ headers }) => headers.authorization === undefined));
    const fetches = service.calls.filter(({ path }) => path.startsWith('/passes'));
    assert.deepEqual(
      fetches.map(({ headers }) => headers['if-modified-since']),
      [undefined, 'Thu, 01 Jan 2026 00:00:02 GMT', 'Thu, 01 Jan 2026 00:00:03 GMT'],
    );
    assert.ok(fetches.every(({ headers }) => headers.authorization === 'ApplePass token-of-sixteen-or-more'));
  }));

test('a conversion changes the style in place; a changed token or serial number is refused and the old pass stays', () =>
  scene(async ({ service, phone, push }) => {
    await phone.install(service.publish());
    const { storeCard, ...rest } = withFields(10, 'Basic');
    service.publish({ json: { ...rest, generic: storeCard } });
    await push();
    assert.deepEqual(phone.updates[0]?.style, { before: 'storeCard', after: 'generic' });

    service.publish({ json: withFields(99, 'Basic', { authenticationToken: 'another-token-of-sixteen' }) });
    await push();
    assert.match(phone.complaints.join(), /changes authenticationToken/);
    service.misbehave.bytes = service.publish({ json: withFields(99, 'Basic', { serialNumber: 'serial-2' }) });
    service.publish({ json: withFields(98, 'Basic') });
    await push();
    assert.match(phone.complaints.join(), /changes serialNumber/);
    assert.equal(pointsOn(phone), 10);
    assert.deepEqual(service.logs, phone.complaints);
  }));

test('an update whose signature was tampered with is refused', () =>
  scene(async ({ service, phone, push }) => {
    await phone.install(service.publish());
    service.publish({
      json: withFields(50, 'Basic'),
      signature: (manifest) => certificates.sign(manifest, 'forgedLeaf'),
    });
    await push();
    assert.match(phone.complaints.join(), /refused: .*trusted authority/);
    assert.equal(pointsOn(phone), 10);
  }));

test('a broken bundle does not install', () =>
  scene(async ({ service, phone }) => {
    const bytes = service.publish({ files: { 'icon.png': undefined } });
    await assert.rejects(
      phone.install(bytes),
      (error) => error instanceof BundleRefused && /icon\.png/.test(error.message),
    );
    assert.equal(service.calls.length, 0);
  }));

const listAndFetchFaults: [string, Misbehaviour, RegExp, unknown][] = [
  ['a numeric lastUpdated', { lastUpdated: (sequence) => sequence }, /lastUpdated is not a string/, 10],
  ['the same tag as before', { lastUpdated: () => '1' }, /lastUpdated tag \(1\) remained the same/, 77],
  ['no tag', { lastUpdated: () => undefined }, /no lastUpdated tag/, 77],
  ['numeric serials', { serialNumbers: () => [1] }, /serialNumbers is not an array of strings/, 10],
  [
    'a serial that is not on the phone',
    { serialNumbers: (serials) => [...serials, 'stranger'] },
    /not registered: stranger/,
    77,
  ],
  ['no JSON', { listText: '<html>' }, /not JSON/, 10],
  ['404 on the list', { listStatus: 404 }, /Get serial numbers task .*Unexpected response code 404/, 10],
  ['401 on the list', { listStatus: 401 }, /Get serial numbers task .*Authentication failure/, 10],
  ['a redirect on the list', { listStatus: 302 }, /Unexpected response code 302/, 10],
  ['204 on the pass', { fetchStatus: 204 }, /Get pass task .*Unexpected response code 204/, 10],
  ['401 on the pass', { fetchStatus: 401 }, /Get pass task .*Authentication failure/, 10],
  ['no Last-Modified', { withoutLastModified: true }, /no Last-Modified/, 77],
  ['another content type', { contentType: 'application/zip' }, /content type application\/zip/, 77],
];
for (const [name, misbehaviour, complaint, points] of listAndFetchFaults) {
  test(`one complaint, sent to the log, for: ${name}`, () =>
    scene(async ({ service, phone, push }) => {
      await phone.install(service.publish());
      service.publish({ json: withFields(77, 'Basic') });
      Object.assign(service.misbehave, misbehaviour);
      await push();
      assert.equal(phone.complaints.length, 1, phone.complaints.join(' | '));
      assert.match(String(phone.complaints[0]), complaint);
      assert.deepEqual(service.logs, phone.complaints);
      assert.equal(pointsOn(phone), points);
    }));
}

test('an announced update without a change, and an ignored If-Modified-Since, are complained of', () =>
  scene(async ({ service, phone, push }) => {
    await phone.install(service.publish());
    service.announceNothing();
    await push();
    assert.match(
      String(phone.complaints[0]),
      /requested update to serial number 'serial-1', but the pass was unchanged/,
    );
    service.announceNothing();
    service.misbehave.ignoreIfModifiedSince = true;
    await push();
    assert.match(
      String(phone.complaints[1]),
      /ignored the 'if-modified-since' header \(Thu, 01 Jan 2026 00:00:01 GMT\)/,
    );
    assert.equal(phone.updates.length, 0);
  }));

for (const status of [204, 304, 404, 409, 401, 500]) {
  test(`${status} on registering and unregistering is a failure that is repeated until it is answered rightly`, () =>
    scene(async ({ service, phone }) => {
      service.misbehave.registerStatus = status;
      await phone.install(service.publish());
      assert.match(phone.complaints.join(), /^Register task /);
      assert.equal(await phone.retry(2), false);
      delete service.misbehave.registerStatus;
      assert.equal(await phone.retry(), true);
      assert.equal(service.registrations.get('serial-1'), phone.pushToken);

      service.misbehave.unregisterStatus = status;
      await phone.remove('serial-1');
      assert.match(String(phone.complaints.at(-1)), /^Unregister task /);
      delete service.misbehave.unregisterStatus;
      assert.equal(await phone.retry(), true);
      assert.equal(phone.passes().length, 0);
    }));
}

test('200 and 201 are both right for registering and unregistering', () =>
  scene(async ({ service, phone }) => {
    await phone.install(service.publish());
    await phone.changePushToken();
    service.misbehave.unregisterStatus = 201;
    await phone.remove('serial-1');
    assert.deepEqual(phone.complaints, []);
    assert.equal(service.registrations.size, 0);
  }));

test('a failed fetch is made good by a retry, although the tag has moved on', () =>
  scene(async ({ service, phone, push }) => {
    await phone.install(service.publish());
    service.publish({ json: withFields(42, 'Basic') });
    service.misbehave.fetchStatus = 503;
    await push();
    assert.equal(pointsOn(phone), 10);
    delete service.misbehave.fetchStatus;
    assert.equal(await phone.retry(), true);
    assert.equal(pointsOn(phone), 42);
  }));

test('a new push token is registered for every pass, and the old one is dead', () =>
  scene(async ({ service, phone, apns }) => {
    await phone.install(service.publish());
    await phone.install(service.publish({ json: passJson({ serialNumber: 'serial-2' }) }));
    const old = phone.pushToken;
    await phone.changePushToken();
    assert.deepEqual(apns.dead, [old]);
    assert.deepEqual([...service.registrations.values()], [phone.pushToken, phone.pushToken]);
    assert.notEqual(phone.pushToken, old);
  }));

test('one push refreshes every changed pass of the type, and pushes during a round make one more round', () =>
  scene(async ({ service, phone, apns }) => {
    await phone.install(service.publish());
    await phone.install(service.publish({ json: passJson({ serialNumber: 'serial-2' }) }));
    service.publish({ json: withFields(1, 'Basic') });
    service.publish({ json: withFields(2, 'Basic', { serialNumber: 'serial-2' }) });
    const before = service.count('GET', '/devices/');
    const release = service.holdLists();
    for (let count = 0; count < 10; count += 1) apns.push(phone.pushToken, PASS_TYPE);
    release();
    let rounds = 0;
    phone.events.on('refreshed', () => (rounds += 1));
    await phone.waitFor(() => rounds === 10);
    assert.equal(service.count('GET', '/devices/') - before, 2);
    assert.equal(pointsOn(phone), 1);
    assert.equal(pointsOn(phone, 'serial-2'), 2);
    assert.deepEqual(phone.complaints, []);
  }));

test('a log that answers wrongly is a complaint of its own and is not reported on', () =>
  scene(async ({ service, phone, push }) => {
    await phone.install(service.publish());
    service.misbehave.listStatus = 500;
    service.misbehave.logStatus = 404;
    await push();
    assert.match(phone.complaints.join(), /Log task .*Unexpected response code 404/);
    assert.equal(service.count('POST', '/log'), 1);
  }));
