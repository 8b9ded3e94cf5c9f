import assert from 'node:assert/strict';
import { constants } from 'node:http2';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { APNS_REASONS, classifyAnswer } from '../../../src/wallets/apple/apns-answers.js';
import { createApnsClient, createApnsPool, type ApnsClientOptions } from '../../../src/wallets/apple/push-client.js';
import { createThrowawayAuthority } from '../../../src/wallets/apple/throwaway-certificates.js';
import { PASS_TYPE, TEAM } from './example-pass.js';
import { accept, refuse, startStrictApns, type Answer } from './strict-apns.js';

const authority = createThrowawayAuthority({ commonName: 'Imitation of WWDR', now: Date.now });
const leaf = authority.issuePassTypeCertificate({
  passTypeIdentifier: PASS_TYPE,
  teamIdentifier: TEAM,
  organizationName: 'Example',
});
const token = (index: number): string => index.toString(16).padStart(64, '0');
const topic = PASS_TYPE;

async function setUp(
  t: TestContext,
  answer: Answer,
  over: Partial<ApnsClientOptions> & { maxConcurrentStreams?: number } = {},
) {
  const server = await startStrictApns(authority, answer, over);
  const client = createApnsClient({
    url: server.url,
    caPem: authority.certificatePem,
    ...leaf,
    timeoutMs: 20_000,
    ...over,
  });
  t.after(async () => {
    await server.stop();
    await client.close();
  });
  return { server, client };
}

test('a push is an empty dictionary with the topic, under the pass certificate, without priority or type', async (t) => {
  const { server, client } = await setUp(t, accept);
  const result = await client.push({ token: token(1), topic });
  assert.deepEqual(result, { kind: 'delivered', apnsId: 'id-1' });
  const [push] = server.received;
  assert.equal(push?.body, '{}');
  assert.equal(push?.clientUid, PASS_TYPE);
  assert.equal(push?.headers[':method'], 'POST');
  assert.equal(push?.headers[':path'], `/3/device/${token(1)}`);
  assert.equal(push?.headers['apns-topic'], topic);
  assert.equal('apns-push-type' in push!.headers || 'apns-priority' in push!.headers, false);
});

test('answers are told apart: gone with its time, throttled with its delay, permanent, transient', async (t) => {
  const answers: Answer[] = [
    refuse(410, { reason: 'Unregistered', timestamp: 1790000000000 }),
    refuse(429, { reason: 'TooManyRequests' }, { 'retry-after': '7' }),
    refuse(500, { reason: 'InternalServerError' }),
    refuse(503, { reason: 'Shutdown' }, { 'retry-after': '3' }),
    refuse(400, { reason: 'BadDeviceToken' }),
    refuse(403, { reason: 'BadCertificate' }),
    refuse(502, '<html>gateway</html>'),
  ];
  const { client } = await setUp(t, (push, count) => answers[count - 1]!(push, count));
  const results = [];
  for (let index = 0; index < answers.length; index += 1)
    results.push(await client.push({ token: token(index), topic }));
  assert.deepEqual(results, [
    { kind: 'gone', reason: 'Unregistered', timestampMs: 1790000000000 },
    { kind: 'throttled', reason: 'TooManyRequests', retryAfterMs: 7000 },
    { kind: 'transient', reason: 'InternalServerError' },
    { kind: 'throttled', reason: 'Shutdown', retryAfterMs: 3000 },
    { kind: 'permanent', reason: 'BadDeviceToken', status: 400 },
    { kind: 'permanent', reason: 'BadCertificate', status: 403 },
    { kind: 'transient', reason: 'Http502' },
  ]);
});

test('every reason of Apple has its class, and a 400 never makes a token look gone', () => {
  for (const [reason, kind] of Object.entries(APNS_REASONS)) {
    const classify = (status: number): string =>
      classifyAnswer({ status, body: JSON.stringify({ reason }), now: 0 }).kind;
    assert.equal(classify(kind === 'gone' ? 410 : 400), kind, reason);
    assert.notEqual(classify(400), 'gone', reason);
  }
  assert.equal(classifyAnswer({ status: 410, body: '', now: 0 }).kind, 'gone');
  assert.equal(classifyAnswer({ status: 429, body: '{"reason":"NewReason"}', now: 0 }).kind, 'throttled');
  assert.equal(classifyAnswer({ status: 418, body: 'null', now: 0 }).kind, 'permanent');
});

test('500 pushes share one connection, all under way at once', async (t) => {
  const held: (() => void)[] = [];
  const { server, client } = await setUp(t, (push) => {
    held.push(() => accept(push));
    if (held.length === 500) held.forEach((release) => release());
  });
  const results = await Promise.all(
    Array.from({ length: 500 }, (_, index) => client.push({ token: token(index), topic })),
  );
  assert.ok(results.every(({ kind }) => kind === 'delivered'));
  assert.equal(server.sessions.length, 1);
  assert.equal(new Set(server.received.map((push) => push.token)).size, 500);
});

test("the server's limit of streams is kept, and the rest wait", async (t) => {
  const { server, client } = await setUp(t, (push) => setImmediate(() => accept(push)), { maxConcurrentStreams: 7 });
  const results = await Promise.all(
    Array.from({ length: 100 }, (_, index) => client.push({ token: token(index), topic })),
  );
  assert.ok(results.every(({ kind }) => kind === 'delivered'));
  assert.ok(server.peak.streams <= 7, `peak ${server.peak.streams}`);
  assert.equal(server.received.length, 100);
});

test('GOAWAY: streams below its last id get their answers, those above go to a new connection, none twice', async (t) => {
  const early: (() => void)[] = [];
  const { server, client } = await setUp(t, (push) => {
    if (server.sessions.indexOf(push.session) > 0) return accept(push);
    early.push(() => accept(push));
    if (early.length < 50) return;
    // The server has looked at streams 1 to 39 only: twenty of fifty.
    push.session.goaway(constants.NGHTTP2_NO_ERROR, 39, Buffer.from('{"reason":"Shutdown"}'));
    early.slice(0, 20).forEach((release) => release());
  });
  const results = await Promise.all(
    Array.from({ length: 50 }, (_, index) => client.push({ token: token(index), topic })),
  );
  assert.deepEqual([...new Set(results.map(({ kind }) => kind))], ['delivered']);
  assert.equal(server.sessions.length, 2);
  const second = server.received.filter((push) => push.session === server.sessions[1]);
  assert.deepEqual(
    second.map((push) => push.token).sort(),
    Array.from({ length: 30 }, (_, index) => token(index + 20)),
  );
});

test('a connection killed amid pushes: answered ones are delivered, the others transient, and the next push works', async (t) => {
  const { server, client } = await setUp(t, (push, count) => {
    if (count <= 10 || count > 20) accept(push);
    if (count === 20) server.sockets[0]!.destroy();
  });
  const first = await Promise.all(
    Array.from({ length: 10 }, (_, index) => client.push({ token: token(index), topic })),
  );
  assert.ok(first.every(({ kind }) => kind === 'delivered'));
  const cut = await Promise.all(
    Array.from({ length: 10 }, (_, index) => client.push({ token: token(index + 10), topic })),
  );
  assert.deepEqual(
    [...new Set(cut.map((result) => `${result.kind} ${'reason' in result ? result.reason : ''}`))],
    ['transient ConnectionLost'],
  );
  assert.equal((await client.push({ token: token(99), topic })).kind, 'delivered');
  assert.equal(server.received.length, 21);
  assert.equal(server.sessions.length, 2);
});

test('a reset after 200 does not undo it or send it again', async (t) => {
  const { server, client } = await setUp(t, ({ stream }) => {
    stream.respond({ ':status': 200, 'apns-id': 'x' });
    setImmediate(() => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
  });
  assert.deepEqual(await client.push({ token: token(1), topic }), { kind: 'delivered', apnsId: 'x' });
  await client.close();
  assert.equal(server.received.length, 1);
});

test('a refusal whose reason was lost on the way is asked for again, and so is what came too early', async (t) => {
  const answers: Answer[] = [
    ({ stream }) => {
      stream.respond({ ':status': 400, 'content-length': '24' });
      setImmediate(() => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    },
    refuse(425, ''),
    refuse(400, ''),
  ];
  const { client } = await setUp(t, (push, count) => answers[count - 1]!(push, count));
  const kinds = [];
  for (let index = 0; index < answers.length; index += 1)
    kinds.push((await client.push({ token: token(index), topic })).kind);
  assert.deepEqual(kinds, ['transient', 'transient', 'permanent']);
});

test('a refused stream is sent again, but not for ever', async (t) => {
  const { server, client } = await setUp(t, (push, count) => {
    if (count === 2) accept(push);
    else push.stream.close(constants.NGHTTP2_REFUSED_STREAM);
  });
  assert.equal((await client.push({ token: token(1), topic })).kind, 'delivered');
  assert.equal(server.received.length, 2);
  assert.deepEqual(await client.push({ token: token(2), topic }), { kind: 'transient', reason: 'StreamRefused' });
  assert.equal(server.received.length, 6);
});

test('no answer in time is transient; a living connection stays, a dead one is replaced', async (t) => {
  const { server, client } = await setUp(t, (push, count) => (count === 1 ? undefined : accept(push)), {
    timeoutMs: 300,
  });
  const slow = await client.push({ token: token(1), topic });
  assert.equal(slow.kind === 'transient' && slow.reason, 'Timeout');
  assert.equal((await client.push({ token: token(2), topic })).kind, 'delivered');
  assert.equal(server.sessions.length, 1);
});

test('an idle connection whose other side is gone is found out by a ping before it is used', async (t) => {
  const { server } = await setUp(t, accept);
  const proxied: Socket[] = [];
  let frozen = false;
  let clock = 0;
  const proxy = createServer((socket) => {
    proxied.push(socket);
    const dead = (): boolean => frozen && socket === proxied[0];
    const upstream = new URL(server.url);
    const onward = new (socket.constructor as typeof Socket)().connect(Number(upstream.port), '127.0.0.1');
    proxied.push(onward);
    socket.on('data', (data) => void (dead() || onward.write(data)));
    onward.on('data', (data) => void (dead() || socket.write(data)));
    for (const end of [socket, onward]) end.on('error', () => {});
    socket.on('close', () => onward.destroy());
    onward.on('close', () => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const client = createApnsClient({
    url: `https://localhost:${(proxy.address() as AddressInfo).port}`,
    caPem: authority.certificatePem,
    ...leaf,
    timeoutMs: 4000,
    now: () => clock,
  });
  t.after(async () => {
    await client.close();
    proxied.forEach((socket) => socket.destroy());
    proxy.close();
  });
  assert.equal((await client.push({ token: token(1), topic })).kind, 'delivered');
  frozen = true;
  clock += 3_600_000;
  assert.equal((await client.push({ token: token(2), topic })).kind, 'delivered');
  assert.deepEqual(
    server.received.map((push) => push.token),
    [token(1), token(2)],
  );
  assert.equal(server.sessions.length, 2);
});

test('TLS faults are named: an untrusted server, a certificate of a stranger, nobody there', async (t) => {
  const { server } = await setUp(t, accept);
  const other = createThrowawayAuthority({ commonName: 'Stranger', now: Date.now });
  const stranger = other.issuePassTypeCertificate({
    passTypeIdentifier: topic,
    teamIdentifier: TEAM,
    organizationName: 'X',
  });
  const reasonWith = async (options: Partial<ApnsClientOptions>): Promise<string> => {
    const base = { url: server.url, caPem: authority.certificatePem, ...leaf, timeoutMs: 10_000 };
    const client = createApnsClient({ ...base, ...options });
    const result = await client.push({ token: token(1), topic });
    await client.close();
    assert.equal(result.kind, 'transient');
    return result.kind === 'transient' ? `${result.reason}: ${result.detail}` : '';
  };
  assert.match(await reasonWith({ caPem: other.certificatePem }), /^TlsServerNotTrusted: .*CA file/);
  assert.match(await reasonWith(stranger), /^(ConnectionLost|TlsClientRefused): .*certificate/);
  assert.match(await reasonWith({ url: 'https://localhost:1' }), /^ConnectionRefused/);
  assert.equal(server.received.length, 0);
  assert.throws(
    () => createApnsClient({ url: server.url, ...leaf, privateKeyPem: stranger.privateKeyPem, timeoutMs: 1 }),
    { code: 'push-certificate-unusable' },
  );
});

test('the log never shows a whole token, and a token that is none is not sent', async (t) => {
  const lines: string[] = [];
  const write = (fields: object, message: string): void => void lines.push(JSON.stringify({ ...fields, message }));
  const { server, client } = await setUp(t, refuse(410, { reason: 'Unregistered', timestamp: 1 }), {
    log: { info: write, warn: write },
  });
  const secret = 'abcdef0123456789'.repeat(4);
  assert.equal((await client.push({ token: secret, topic })).kind, 'gone');
  assert.equal(lines.length, 1);
  assert.ok(lines[0]!.includes('abcdef…') && !lines.join().includes('abcdef0'));
  assert.deepEqual(await client.push({ token: '../evil', topic }), {
    kind: 'permanent',
    reason: 'BadDeviceToken',
    status: 400,
  });
  assert.equal(server.received.length, 1);
});

test('a pool keeps one connection per certificate', async (t) => {
  const { server } = await setUp(t, accept);
  const second = authority.issuePassTypeCertificate({
    passTypeIdentifier: `${topic}.b`,
    teamIdentifier: TEAM,
    organizationName: 'X',
  });
  const pool = createApnsPool({ url: server.url, caPem: authority.certificatePem, timeoutMs: 10_000 });
  t.after(() => pool.close());
  for (const certificate of [leaf, second, leaf, second]) {
    assert.equal((await pool.client(certificate).push({ token: token(1), topic })).kind, 'delivered');
  }
  assert.equal(server.sessions.length, 2);
  assert.deepEqual(
    server.received.map((push) => push.clientUid),
    [topic, `${topic}.b`, topic, `${topic}.b`],
  );
});
