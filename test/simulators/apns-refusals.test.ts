import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type ClientHttp2Session, type SecureClientSessionOptions } from 'node:http2';
import { after, before, beforeEach, afterEach, test } from 'node:test';
import { startApnsSimulator, type ApnsFault, type ApnsSimulator } from '../../src/simulators/apns/apns.js';
import { createIphone } from '../../src/simulators/iphone/iphone.js';
import { passJson } from './support/bundle.js';
import { createTestCertificates, PASS_TYPE, type TestCertificates } from './support/certificates.js';
import { startWebService } from './support/web-service.js';

const TOKEN = 'ab'.repeat(32);
const NOW = Date.UTC(2026, 0, 1);
let certificates: TestCertificates;
let apns: ApnsSimulator;
let session: ClientHttp2Session;
let arrived: string[];

before(() => (certificates = createTestCertificates()));
after(() => certificates.remove());
beforeEach(async () => {
  apns = await startApnsSimulator({
    serverCertificatePem: certificates.serverPem,
    serverKeyPem: certificates.serverKeyPem,
    clientCaPem: certificates.wwdrPem + certificates.rootPem,
    clock: () => NOW,
  });
  arrived = [];
  apns.registerToken(TOKEN, PASS_TYPE, ({ topic }) => void arrived.push(topic));
  session = open();
});
afterEach(async () => {
  session.destroy();
  await apns.stop();
});

function open(
  client: SecureClientSessionOptions = { cert: certificates.leafPem, key: certificates.leafKeyPem },
): ClientHttp2Session {
  const opened = connect(apns.url, { ca: certificates.rootPem, servername: 'localhost', ...client });
  opened.on('error', () => undefined);
  return opened;
}

interface Answer {
  readonly status: number;
  readonly id: unknown;
  readonly retryAfter: unknown;
  readonly body: { reason?: string; timestamp?: number };
}
interface Attempt {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string | undefined>;
  readonly body?: string | Buffer;
  readonly through?: ClientHttp2Session;
}

/** Sends one push; undefined when the stream ended without an answer. */
async function send({
  method = 'POST',
  path = `/3/device/${TOKEN}`,
  headers = {},
  body = '{}',
  through = session,
}: Attempt = {}): Promise<Answer | undefined> {
  const all: Record<string, string | undefined> = {
    ':method': method,
    ':path': path,
    'apns-topic': PASS_TYPE,
    ...headers,
  };
  const stream = through.request(JSON.parse(JSON.stringify(all)) as Record<string, string>);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let answer: Omit<Answer, 'body'> | undefined;
    stream.on('error', () => undefined);
    stream.on(
      'response',
      (head) => (answer = { status: Number(head[':status']), id: head['apns-id'], retryAfter: head['retry-after'] }),
    );
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('close', () =>
      resolve(answer && { ...answer, body: JSON.parse(Buffer.concat(chunks).toString() || '{}') as Answer['body'] }),
    );
    stream.end(body);
  });
}
const order = (...faults: ApnsFault[]): Promise<Response> =>
  fetch(`${apns.controlUrl}/simulator/faults`, { method: 'POST', body: JSON.stringify(faults) });

test('{} with the certificate of the pass type is accepted, recorded and reaches the device', async () => {
  const answer = await send();
  assert.equal(answer?.status, 200);
  assert.match(String(answer?.id), /^[0-9A-F-]{36}$/);
  const background = await send({ headers: { 'apns-push-type': 'background', 'apns-priority': '5' } });
  assert.equal(background?.status, 200);
  assert.deepEqual(
    apns.pushes.map(({ token, topic, at }) => ({ token, topic, at })),
    Array(2).fill({ token: TOKEN, topic: PASS_TYPE, at: NOW }),
  );
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(arrived, [PASS_TYPE, PASS_TYPE]);
});

const refusals: [string, Attempt, number, string][] = [
  ['another method', { method: 'PUT' }, 405, 'MethodNotAllowed'],
  ['another path', { path: `/2/device/${TOKEN}` }, 404, 'BadPath'],
  ['no token', { path: '/3/device/' }, 400, 'MissingDeviceToken'],
  ['a token that is not hexadecimal', { path: `/3/device/${'zz'.repeat(32)}` }, 400, 'BadDeviceToken'],
  ['an unknown token', { path: `/3/device/${'cd'.repeat(32)}` }, 400, 'BadDeviceToken'],
  ['no topic', { headers: { 'apns-topic': undefined } }, 400, 'MissingTopic'],
  ['a malformed topic', { headers: { 'apns-topic': 'pass type' } }, 400, 'BadTopic'],
  [
    'a topic that the certificate does not name',
    { headers: { 'apns-topic': 'com.example.app' } },
    400,
    'TopicDisallowed',
  ],
  ['an empty body', { body: '' }, 400, 'PayloadEmpty'],
  ['a body that is no dictionary', { body: '[]' }, 400, 'BadPayload'],
  ['a body over 4096 bytes', { body: JSON.stringify({ a: 'x'.repeat(4096) }) }, 413, 'PayloadTooLarge'],
  ['a push type of our own', { headers: { 'apns-push-type': 'wallet' } }, 400, 'InvalidPushType'],
  ['an unknown priority', { headers: { 'apns-priority': '7' } }, 400, 'BadPriority'],
  [
    'background with priority 10',
    { headers: { 'apns-push-type': 'background', 'apns-priority': '10' } },
    400,
    'BadPriority',
  ],
  ['background without a priority', { headers: { 'apns-push-type': 'background' } }, 400, 'BadPriority'],
  ['an apns-id that is no UUID', { headers: { 'apns-id': '1' } }, 400, 'BadMessageId'],
  ['an expiration that is no number', { headers: { 'apns-expiration': 'soon' } }, 400, 'BadExpirationDate'],
  ['a collapse id over 64 bytes', { headers: { 'apns-collapse-id': 'x'.repeat(65) } }, 400, 'BadCollapseId'],
];
for (const [name, attempt, status, reason] of refusals) {
  test(`${reason} for ${name}`, async () => {
    const answer = await send(attempt);
    assert.deepEqual([answer?.status, answer?.body.reason], [status, reason]);
    assert.equal(apns.pushes.length, 0);
    assert.equal(apns.refusals.length, 1);
  });
}

test('4096 bytes are not too many', async () => {
  const answer = await send({ body: JSON.stringify({ a: 'x'.repeat(4096 - '{"a":""}'.length) }) });
  assert.equal(answer?.status, 200);
});

test("a token that was unregistered answers 410 with the time, until the device announces it again; another type's token is refused", async () => {
  apns.unregisterToken(TOKEN, NOW - 1000);
  const gone = await send();
  assert.deepEqual([gone?.status, gone?.body], [410, { reason: 'Unregistered', timestamp: NOW - 1000 }]);
  apns.registerToken(TOKEN, PASS_TYPE);
  assert.equal((await send())?.status, 200);
  apns.registerToken('ef'.repeat(32), 'pass.com.example.other');
  const foreign = await send({ path: `/3/device/${'ef'.repeat(32)}` });
  assert.deepEqual([foreign?.status, foreign?.body.reason], [400, 'DeviceTokenNotForTopic']);
});

test('the certificate of another pass type cannot push to this topic', async () => {
  const other = open({ cert: certificates.otherLeafPem, key: certificates.otherLeafKeyPem });
  const answer = await send({ through: other });
  other.destroy();
  assert.equal(answer?.body.reason, 'TopicDisallowed');
});

test('without a client certificate, or with one by a stranger, no request gets through', async () => {
  for (const client of [{}, { cert: certificates.forgedLeafPem, key: certificates.forgedLeafKeyPem }]) {
    const uninvited = open(client);
    assert.equal(await send({ through: uninvited }), undefined);
    uninvited.destroy();
  }
  assert.equal(apns.pushes.length + apns.refusals.length, 0);
});

test('faults ordered over HTTP: 503, 500, a throttled token, and then all is well', async () => {
  await order(
    { kind: 'status', status: 503, count: 2, retryAfterSeconds: 30 },
    { kind: 'status', status: 500 },
    { kind: 'throttle', token: TOKEN, count: 1 },
  );
  const answers = [await send(), await send(), await send(), await send(), await send()];
  assert.deepEqual(
    answers.map((answer) => [answer?.status, answer?.body.reason]),
    [
      [503, 'ServiceUnavailable'],
      [503, 'ServiceUnavailable'],
      [500, 'InternalServerError'],
      [429, 'TooManyRequests'],
      [200, undefined],
    ],
  );
  assert.equal(answers[0]?.retryAfter, '30');
  assert.equal(apns.pushes.length, 1);
});

test('a fault that makes no sense is refused with the reason', async () => {
  const response = await order({ kind: 'status', status: 404 } as unknown as ApnsFault);
  assert.equal(response.status, 400);
  assert.match(await response.text(), /status must be 500 or 503/);
});

test('GOAWAY leaves the push undone and closes the connection; a new one works', async () => {
  apns.fault({ kind: 'go-away' });
  const goaway = once(session, 'goaway');
  assert.equal(await send(), undefined);
  await goaway;
  assert.equal(apns.pushes.length, 0);
  session = open();
  assert.equal((await send())?.status, 200);
});

test('a dropped connection loses the push, or only its answer', async () => {
  apns.fault({ kind: 'drop-connection' }, { kind: 'drop-connection', delivered: true });
  assert.equal(await send(), undefined);
  assert.equal(apns.pushes.length, 0);
  session = open();
  assert.equal(await send(), undefined);
  assert.equal(apns.pushes.length, 1);
});

test('silence never answers, while other pushes of the connection go on; slow answers come', async () => {
  apns.fault({ kind: 'silent' }, { kind: 'slow', delayMs: 1 });
  let answered = false;
  const silent = send().then((answer) => (answered = answer !== undefined));
  assert.equal((await send())?.status, 200);
  assert.equal(answered, false);
  session.destroy();
  await silent;
  assert.equal(answered, false);
});

test('an outage cuts every connection and refuses new ones until it ends', async () => {
  assert.equal((await send())?.status, 200);
  const closed = once(session, 'close');
  await order({ kind: 'outage', on: true });
  await closed;
  session = open();
  assert.equal(await send(), undefined);
  await order({ kind: 'outage', on: false });
  session = open();
  assert.equal((await send())?.status, 200);
  assert.equal(apns.pushes.length, 2);
});

test('a simulated iPhone is pushed through it and fetches; after a token change only the new token lives', async () => {
  const service = await startWebService(certificates);
  const phone = createIphone({ apns, caPem: certificates.rootPem });
  await phone.install(service.publish());
  service.publish({ json: passJson({ logoText: 'changed' }) });
  const first = phone.pushToken;
  assert.equal((await send({ path: `/3/device/${first}` }))?.status, 200);
  await phone.waitFor(({ updates }) => updates.length === 1);
  await phone.changePushToken();
  assert.equal((await send({ path: `/3/device/${first}` }))?.status, 410);
  assert.equal((await send({ path: `/3/device/${phone.pushToken}` }))?.status, 200);
  await phone.waitFor(({ pushes }) => pushes === 2);
  assert.deepEqual(phone.complaints, []);
  phone.stop();
  await service.stop();
});
