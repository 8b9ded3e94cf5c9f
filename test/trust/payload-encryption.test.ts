import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { defaultPayloadConverter } from '@temporalio/common';
import { pino } from 'pino';
import { startCodecServer, type RunningCodecServer } from '../../src/codec-server.js';
import { parseApiConfig, parseWorkerConfig } from '../../src/config.js';
import { findPayloadKey } from '../../src/database/payload-keys.js';
import { rotateSecrets } from '../../src/database/rotate-secrets.js';
import { createSecretBox, type SecretKey } from '../../src/database/secret-box.js';
import { createEncryptingCodec, encryptingDataConverter, toJsonPayload } from '../../src/worker/encrypting-codec.js';
import { workflowId } from '../../src/workflows/workflow-ids.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { accept, ended, until } from '../support/operations.js';
import { messageInput } from '../support/segment.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

const keys = [{ id: 'current', key: randomBytes(32) }];
const UI = 'http://temporal.example:8233';
const ACCESS_KEY = 'k'.repeat(40);
let db: TestDatabase;
let engine: TestEngine;
let codecServer: RunningCodecServer;
let tenant: SeededTenant;

before(async () => {
  db = await createTestDatabase();
  tenant = await seedTenant(db);
  engine = await startEngine(db, { dataConverter: encryptingDataConverter({ keys, encrypt: true }) });
  codecServer = await startCodecServer(
    { logLevel: 'silent', port: 0, accessKey: ACCESS_KEY, uiOrigin: UI, secretKeys: keys },
    pino({ level: 'silent' }),
    '127.0.0.1',
  );
});
after(async () => {
  await codecServer.stop();
  await engine.stop();
  await db.drop();
});

interface Found {
  encoding: string;
  payload: { metadata: Record<string, string>; data: string };
}

/** Every payload in a history, wherever it stands. */
function payloadsIn(value: unknown, found: Found[] = []): Found[] {
  if (value === null || typeof value !== 'object') return found;
  const { metadata, data } = value as { metadata?: { encoding?: Uint8Array }; data?: Uint8Array };
  if (metadata?.encoding && data) {
    found.push({
      encoding: Buffer.from(metadata.encoding).toString(),
      payload: toJsonPayload(value as Parameters<typeof toJsonPayload>[0]) as Found['payload'],
    });
  } else if (!ArrayBuffer.isView(value)) {
    for (const [name, inner] of Object.entries(value)) {
      // Never encrypted by Temporal: the server searches them. They hold ids alone.
      if (name !== 'searchAttributes' && name !== 'indexedFields') payloadsIn(inner, found);
    }
  }
  return found;
}

const decode = (payloads: object[], headers: Record<string, string>) =>
  fetch(`http://127.0.0.1:${codecServer.port}/decode`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify({ payloads }),
  });

test('a history holds nothing readable, and the codec server reads it for the UI', async () => {
  const input = {
    identifiers: [{ kind: 'email', value: tenant.email }],
    passType: 'premium',
    data: { points: 77 },
    updateMetadata: true,
  };
  const operationId = await accept(db, tenant, { kind: 'push-update', input });
  assert.equal((await ended(db, tenant.tenantId, operationId)).outcome, 'converted');
  const id = workflowId({ kind: 'push-update', operationId, run: 1 });
  const handle = engine.client.workflow.getHandle(id);
  // The row is final a moment before the worker reports its steps to Temporal.
  await handle.result();
  const history = await handle.fetchHistory();
  const payloads = payloadsIn(history);
  const own = payloads.filter(({ encoding }) => encoding === 'binary/encrypted');
  assert.ok(own.length >= 5, `${own.length} encrypted payloads: the argument and a result of each step at least`);
  // What the SDK itself writes into markers (names and times of local activities) is made behind the codec.
  const plain = payloads
    .filter(({ encoding }) => encoding !== 'binary/encrypted')
    .map(({ payload }) => Buffer.from(payload.data, 'base64').toString());
  for (const text of plain) assert.doesNotMatch(text, new RegExp(`${tenant.tenantId}"|tenantId|outcome|passId`));

  const answer = await decode(
    own.map(({ payload }) => payload),
    { Origin: UI, Authorization: `Bearer ${ACCESS_KEY}` },
  );
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('access-control-allow-origin'), UI);
  const decoded = (await answer.json()) as { payloads: { data?: string }[] };
  const texts = decoded.payloads.map(({ data }) => Buffer.from(data ?? '', 'base64').toString());
  assert.ok(texts.includes(JSON.stringify({ tenantId: tenant.tenantId, operationId })), texts.join('\n'));
  assert.ok(texts.some((text) => text.includes('"outcome":"converted"')));
});

test('the codec server decodes for the key alone, and for pages of the UI alone', async () => {
  assert.equal((await decode([], {})).status, 401);
  assert.equal((await decode([], { Authorization: `Bearer ${ACCESS_KEY}x` })).status, 401);
  const basic = Buffer.from(`somebody:${ACCESS_KEY}`).toString('base64');
  assert.equal((await decode([], { Authorization: `Basic ${basic}` })).status, 200);
  const strange = await decode([], { Authorization: `Bearer ${ACCESS_KEY}`, Origin: 'https://evil.example' });
  assert.equal(strange.status, 403);
  assert.equal(strange.headers.get('access-control-allow-origin'), null);
  const url = `http://127.0.0.1:${codecServer.port}`;
  const preflight = await fetch(`${url}/decode`, { method: 'OPTIONS', headers: { Origin: UI } });
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /x-namespace/);
  const asked = (path: string, body: string | Buffer) =>
    fetch(`${url}${path}`, { method: 'POST', headers: { Authorization: `Bearer ${ACCESS_KEY}` }, body });
  assert.equal((await asked('//', '{}')).status, 404, 'what is no address is nothing that it has');
  assert.equal((await asked('/decode', Buffer.alloc(5_000_000, ' '))).status, 413);
  const encode = await fetch(`${url}/encode`, { method: 'POST', headers: { Authorization: `Bearer ${ACCESS_KEY}` } });
  assert.equal(encode.status, 404);
});

test('payloads outlive a rotation and the setting itself; an altered one is refused', async () => {
  const plain = [defaultPayloadConverter.toPayload({ tenantId: 'a' })!];
  const old = createEncryptingCodec({ keys, encrypt: true });
  const rotated = createEncryptingCodec({ keys: [{ id: 'new', key: randomBytes(32) }, ...keys], encrypt: false });
  const [sealed] = await old.encode(plain);
  assert.deepEqual((await rotated.decode([sealed!])).map(toJsonPayload), plain.map(toJsonPayload));
  assert.deepEqual((await rotated.decode(plain)).map(toJsonPayload), plain.map(toJsonPayload));
  assert.deepEqual(await rotated.encode(plain), plain);
  const [again] = await old.encode(plain);
  assert.notDeepEqual(again!.data, sealed!.data);
  const stranger = createEncryptingCodec({ keys: [{ id: 'other', key: randomBytes(32) }], encrypt: true });
  await assert.rejects(stranger.decode([sealed!]), { code: 'secret-key-missing' });
  const data = Uint8Array.from(sealed!.data!, (byte, at) => (at === sealed!.data!.length - 1 ? byte ^ 1 : byte));
  await assert.rejects(old.decode([{ ...sealed!, data }]), { code: 'secret-unreadable' });
});

test('payloads are encrypted in production unless somebody says otherwise', () => {
  const env = {
    DATABASE_URL: 'postgres://localhost/x',
    PUBLIC_URL: 'https://passes.example',
    SECRETS_KEY: randomBytes(32).toString('base64'),
  };
  const on = (more: object) => parseWorkerConfig({ ...env, ...more }).encryptPayloads;
  assert.equal(on({}), true);
  assert.equal(on({ PASSRELAY_ENV: 'staging' }), false);
  assert.equal(on({ PASSRELAY_ENV: 'production' }), true);
  assert.equal(on({ PASSRELAY_ENV: 'production', TEMPORAL_PAYLOAD_ENCRYPTION: 'off' }), false);
  assert.equal(on({ PASSRELAY_ENV: 'development', TEMPORAL_PAYLOAD_ENCRYPTION: 'on' }), true);
  assert.equal(parseApiConfig({ ...env, PASSRELAY_ENV: 'production' }).encryptPayloads, true);
});

test('a run that is open when SECRETS_KEY is rotated goes on without the former key, and after the next rotation, too', async () => {
  const [former, current, next] = ['former', 'current', 'next'].map((id) => ({ id, key: randomBytes(32) })) as [
    SecretKey,
    SecretKey,
    SecretKey,
  ];
  const own = await createTestDatabase();
  const seeded = await seedTenant(own);
  const taskQueue = `rotation-${randomUUID()}`;
  const worker = (secretKeys: readonly SecretKey[], findKept?: (keyId: string) => Promise<SecretKey | undefined>) =>
    startEngine(own, {
      taskQueue,
      dataConverter: encryptingDataConverter({ keys: secretKeys, encrypt: true, ...(findKept && { findKept }) }),
    });
  const keptFor = (key: SecretKey) => (keyId: string) =>
    findPayloadKey(own.database.system, keyId, createSecretBox({ keys: [key] }));
  try {
    const before = await worker([former]);
    const wait = (ms: number): object =>
      messageInput(seeded.email, { notBefore: new Date(Date.now() + ms).toISOString() });
    const ids = [await accept(own, seeded, { kind: 'send-message', input: wait(8_000) })];
    ids.push(await accept(own, seeded, { kind: 'send-message', input: wait(9_000) }));
    for (const operationId of ids) {
      const handle = before.client.workflow.getHandle(workflowId({ kind: 'send-message', operationId, run: 1 }));
      await until(async () => {
        const history = await handle.fetchHistory().catch(() => undefined);
        return history?.events?.some((event) => event.timerStartedEventAttributes);
      }, 'the message to wait');
    }
    await before.stop();
    await rotateSecrets(own.database.system, [current, former]);
    await rotateSecrets(own.database.system, [next, current]);
    const after = await worker([next], keptFor(next));
    for (const operationId of ids) {
      assert.equal((await ended(own, seeded.tenantId, operationId)).outcome, 'message-sent');
    }
    await after.stop();
    // Who has only the former key's copy, and not the key that seals it, has nothing.
    await assert.rejects(keptFor(current)('former'), { code: 'secret-key-missing' });
    assert.equal(await keptFor(next)('another'), undefined);
  } finally {
    await own.drop();
  }
});
