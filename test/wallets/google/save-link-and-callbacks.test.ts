import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { jwtVerify } from 'jose';
import { TransientError } from '../../../src/common/errors.js';
import { startGoogleWalletSimulator, type GoogleWalletSimulator } from '../../../src/simulators/google/wallet.js';
import { createCallbackVerifier, type CallbackVerdict } from '../../../src/wallets/google/callback-signature.js';
import { googleSaveLink } from '../../../src/wallets/google/save-link.js';
import { googleClass, googleObject } from '../../../src/wallets/google/wallet-object.js';
import { clientOf, ISSUER, loyalty, view } from './fixtures.js';

const classId = `${ISSUER}.club`;
const objectId = `${ISSUER}.pass`;

describe('save links and callbacks', () => {
  let simulator: GoogleWalletSimulator;
  let nowMs = Date.UTC(2026, 0, 1);
  const now = () => nowMs;
  const received: { body: Buffer; verdict: CallbackVerdict }[] = [];
  const receiver = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      const verdict = await verifier.verify({ body, issuerId: ISSUER });
      received.push({ body, verdict });
      response.writeHead(verdict.ok ? 200 : 400).end();
    })();
  });
  let verifier: ReturnType<typeof createCallbackVerifier>;
  let account: ReturnType<GoogleWalletSimulator['serviceAccount']>;

  before(async () => {
    simulator = await startGoogleWalletSimulator({ clock: now, settings: { requestsPerSecond: null } });
    verifier = createCallbackVerifier({ keysUrl: simulator.callbackKeysUrl, now });
    await once(receiver.listen(0, '127.0.0.1'), 'listening');
    const callbackUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/callbacks`;
    const { client, serviceAccount } = clientOf(simulator, now);
    account = serviceAccount;
    await client.insert('loyaltyClass', googleClass({ design: loyalty, issuerId: ISSUER, classId, callbackUrl }));
    const fields = view({ memberId: 'm', points: 1 });
    const object = googleObject({ design: loyalty, classId, objectId, view: fields, state: 'ACTIVE', notify: false });
    await client.insert('loyaltyObject', object);
  });
  after(async () => {
    receiver.closeAllConnections();
    await new Promise((done) => receiver.close(done));
    await simulator.stop();
  });

  const link = (overrides: { serviceAccount?: typeof account; id?: string } = {}) =>
    googleSaveLink({
      serviceAccount: overrides.serviceAccount ?? account,
      objectType: 'loyalty',
      objectId: overrides.id ?? objectId,
      origins: ['https://shop.example'],
      now,
      base: simulator.saveUrl,
    });

  test('a save link is thin, does not expire, and verifies with the account’s public key', async () => {
    const url = await link();
    assert.ok(url.length < 800, `${url.length} characters`);
    const jwt = url.slice(simulator.saveUrl.length + 1);
    const key = createPublicKey(account.private_key);
    const { payload, protectedHeader } = await jwtVerify(jwt, key, {
      audience: 'google',
      issuer: account.client_email,
    });
    assert.equal(protectedHeader.alg, 'RS256');
    assert.deepEqual(payload, {
      iss: account.client_email,
      aud: 'google',
      typ: 'savetowallet',
      iat: nowMs / 1000,
      origins: ['https://shop.example'],
      payload: { loyaltyObjects: [{ id: objectId }] },
    });
    const real = await googleSaveLink({ serviceAccount: account, objectType: 'offer', objectId, origins: [], now });
    assert.match(real, /^https:\/\/pay\.google\.com\/gp\/v\/save\/[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  test('opening the link saves the pass and brings a callback that verifies; removing it another', async () => {
    received.length = 0;
    assert.equal((await fetch(await link())).status, 200);
    assert.equal(simulator.object(objectId)!['hasUsers'], true);
    assert.equal((await simulator.remove(objectId)).status, 200);
    const events = received.map(({ verdict }) => (verdict.ok ? verdict.event : verdict));
    assert.deepEqual(
      events.map((e) => ('eventType' in e ? [e.eventType, e.classId, e.objectId] : e)),
      [
        ['save', classId, objectId],
        ['del', classId, objectId],
      ],
    );
    const repeated = await simulator.resend(simulator.callbacks.at(-1)!);
    assert.equal(repeated.status, 200);
    const nonces = received.map(({ verdict }) => verdict.ok && verdict.event.nonce);
    assert.equal(nonces[2], nonces[1]);
    assert.notEqual(nonces[1], nonces[0]);
  });

  test('the save page refuses a stranger’s signature and an object that was never inserted', async () => {
    const other = await startGoogleWalletSimulator();
    const stranger = other.serviceAccount();
    await other.stop();
    assert.equal((await fetch(await link({ serviceAccount: stranger }))).status, 400);
    const forged = { ...account, private_key: stranger.private_key };
    assert.equal((await fetch(await link({ serviceAccount: forged }))).status, 400);
    assert.equal((await fetch(await link({ id: `${ISSUER}.unknown` }))).status, 400);
  });

  const message = (overrides: object = {}) => ({
    ...simulator.callbacksSigner.message(classId, objectId, 'save'),
    ...overrides,
  });
  const verify = (body: string, issuerId = ISSUER) => verifier.verify({ body: Buffer.from(body), issuerId });
  const signedBody = (m = message(), wrong = {}) => simulator.callbacksSigner.body(m, ISSUER, wrong);

  /** A genuine callback with one thing broken, and the refusal it must meet. */
  const broken: Record<string, { code: string; body: () => string; issuerId?: string }> = {
    'another issuer': { code: 'message-signature', body: () => signedBody(), issuerId: '999' },
    'an expired intermediate key': {
      code: 'intermediate-expired',
      body: () => signedBody(message(), { keyExpiresAtMs: nowMs - 1 }),
    },
    'an expired root key': { code: 'intermediate-signature', body: () => signedBody(message(), { retiredRoot: true }) },
    'an expired message': { code: 'message-expired', body: () => signedBody(message({ expTimeMillis: nowMs })) },
    'another protocol': { code: 'wrong-protocol', body: () => signedBody(message(), { protocolVersion: 'ECv1' }) },
    'a changed byte in the message': {
      code: 'message-signature',
      body: () => signedBody().replace('eventType\\":\\"save', 'eventType\\":\\"SAVE'),
    },
    'a changed intermediate key': {
      code: 'intermediate-signature',
      body: () => signedBody().replace(/keyExpiration\\":\\"\d/, (m) => `${m.slice(0, -1)}9`),
    },
    'a message serialised again': {
      code: 'message-signature',
      body: () => {
        const envelope = JSON.parse(signedBody()) as { signedMessage: string };
        return JSON.stringify({
          ...envelope,
          signedMessage: JSON.stringify(JSON.parse(envelope.signedMessage), null, 1),
        });
      },
    },
    'no root signature': {
      code: 'intermediate-signature',
      body: () => {
        const envelope = JSON.parse(signedBody()) as { intermediateSigningKey: { signatures: string[] } };
        envelope.intermediateSigningKey.signatures = [];
        return JSON.stringify(envelope);
      },
    },
    'a pass of another issuer': { code: 'foreign-issuer', body: () => signedBody(message({ objectId: '999.pass' })) },
    'an unknown event': { code: 'malformed', body: () => signedBody(message({ eventType: 'buy' })) },
    'no JSON': { code: 'malformed', body: () => 'signature=1' },
    'a list': { code: 'wrong-protocol', body: () => '{"signature":[]}' },
  };
  for (const [what, { code, body, issuerId }] of Object.entries(broken)) {
    test(`a callback with ${what} is refused as ${code}`, async () => {
      const verdict = await verify(body(), issuerId);
      assert.equal(verdict.ok ? 'accepted' : verdict.code, code);
    });
  }

  test('openssl agrees with the signatures that the verifier takes', async () => {
    const body = signedBody(message({ nonce: 'ключ' }));
    assert.equal((await verify(body)).ok, true);
    const { signedMessage, signature, intermediateSigningKey } = JSON.parse(body) as {
      signedMessage: string;
      signature: string;
      intermediateSigningKey: { signedKey: string };
    };
    const { keyValue } = JSON.parse(intermediateSigningKey.signedKey) as { keyValue: string };
    const bytes = ['GooglePayPasses', ISSUER, 'ECv2SigningOnly', signedMessage].flatMap((text) => {
      const utf8 = new TextEncoder().encode(text);
      return [new Uint8Array(Uint32Array.of(utf8.length).buffer), utf8]; // little-endian on every platform of Node
    });
    const folder = await mkdtemp(join(tmpdir(), 'ecv2-'));
    const file = (name: string) => join(folder, name);
    await writeFile(file('signed'), Buffer.concat(bytes));
    await writeFile(file('signature'), Buffer.from(signature, 'base64'));
    await writeFile(file('key.pem'), `-----BEGIN PUBLIC KEY-----\n${keyValue}\n-----END PUBLIC KEY-----\n`);
    const dgst = ['dgst', '-sha256', '-verify', file('key.pem'), '-signature', file('signature'), file('signed')];
    assert.match(execFileSync('openssl', dgst, { encoding: 'utf8' }), /Verified OK/);
    await rm(folder, { recursive: true });
  });

  test('lengths count bytes: a callback with non-ASCII text verifies', async () => {
    const verdict = await verify(signedBody(message({ nonce: 'café-ключ-🎫' })));
    assert.equal(verdict.ok && verdict.event.nonce, 'café-ключ-🎫');
  });

  test('root keys are fetched once, outlive an outage of the key server, and can come from a file', async () => {
    const count = () => simulator.requests.filter((r) => r.path.endsWith('/issuer/keys')).length;
    const start = count();
    const own = createCallbackVerifier({ keysUrl: simulator.callbackKeysUrl, now });
    const ok = async () => (await own.verify({ body: Buffer.from(signedBody()), issuerId: ISSUER })).ok;
    assert.deepEqual(await Promise.all([ok(), ok(), ok()]), [true, true, true]);
    assert.equal(count() - start, 1);
    nowMs += 2 * 3_600_000;
    simulator.faults.add({ status: 503, path: '/issuer/keys' });
    assert.equal(await ok(), true);
    assert.equal(await ok(), true);
    assert.equal(count() - start, 2);

    const folder = await mkdtemp(join(tmpdir(), 'callback-keys-'));
    const file = join(folder, 'keys.json');
    await writeFile(file, JSON.stringify(simulator.callbacksSigner.rootKeys()));
    const fromFile = createCallbackVerifier({ keysUrl: pathToFileURL(file).href, now });
    assert.equal((await fromFile.verify({ body: Buffer.from(signedBody()), issuerId: ISSUER })).ok, true);
    await rm(folder, { recursive: true });
  });

  test('keys that were replaced in an emergency are read again at once, and forged callbacks make us read them seldom', async () => {
    let published: object = { keys: [] };
    let reads = 0;
    const serve: typeof fetch = async () => {
      reads++;
      return Response.json(published, { headers: { 'cache-control': 'max-age=86400' } });
    };
    const own = createCallbackVerifier({ keysUrl: 'https://keys.example/keys', now, fetch: serve });
    const judge = async (body = signedBody()) => (await own.verify({ body: Buffer.from(body), issuerId: ISSUER })).ok;
    const forged = signedBody(message(), { retiredRoot: true });
    assert.equal(await judge(forged), false);
    assert.equal(reads, 2, 'read, and read again');
    await Promise.all(Array.from({ length: 50 }, () => judge(forged)));
    assert.equal(reads, 2);
    published = simulator.callbacksSigner.rootKeys();
    nowMs += 10_001;
    // The keys are fresh for a day, as they said.
    assert.deepEqual(await Promise.all([judge(), judge(), judge()]), [true, true, true]);
    assert.equal(reads, 3);
  });

  test('a key server that is away is asked once in a while, whatever comes in', async () => {
    let reads = 0;
    const fail: typeof fetch = async () => {
      reads++;
      throw new TypeError('fetch failed');
    };
    const lost = createCallbackVerifier({ keysUrl: 'https://keys.example/keys', now, fetch: fail });
    const ask = () =>
      assert.rejects(lost.verify({ body: Buffer.from(signedBody()), issuerId: ISSUER }), TransientError);
    for (let i = 0; i < 20; i++) await ask();
    assert.equal(reads, 1);
    nowMs += 5_001;
    await ask();
    assert.equal(reads, 2);
  });

  test('without any root key a callback is neither taken nor refused, but tried again', async () => {
    const lost = createCallbackVerifier({ keysUrl: 'file:///nowhere/keys.json', now });
    await assert.rejects(lost.verify({ body: Buffer.from(signedBody()), issuerId: ISSUER }), TransientError);
  });
});
