import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

interface Problem {
  type: string;
  status: number;
  detail: string;
  correlationId: string;
  errors?: { pointer?: string; parameter?: string; line?: number; cure?: string }[];
}

let db: TestDatabase;
let api: TestApi;
let tenant: SeededTenant;
before(async () => {
  db = await createTestDatabase();
  api = await startTestApi({ database: db.database });
  tenant = await seedTenant(db);
});
after(async () => {
  await api.close();
  await db.drop();
});

const send = (body: unknown, headers?: Record<string, string>) =>
  api.pushUpdate(tenant.tenantId, tenant.keys.listener, body, headers);
const problem = async (response: Response): Promise<Problem> => {
  assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
  return (await response.json()) as Problem;
};
const count = async (): Promise<number> =>
  Number((await db.owner<{ n: string }>('select count(*) as n from operations'))[0]!.n);

test('a 200 without content comes after the commit, with the way to its status', async () => {
  const nudges = api.nudges();
  const response = await send(
    {
      identifiers: { email: 'Sarah.Mason@Example.com', customerId: 'C-1001' },
      passType: 'premium',
      additionalData: { points: 1200, tier: 'gold', offer: null },
      updateMetadata: true,
    },
    { 'X-Klaviyo-Flow-ID': 'WxYz12' },
  );
  assert.equal(response.status, 200);
  assert.equal(await response.text(), '');
  const id = response.headers.get('x-correlation-id');
  assert.equal(response.headers.get('location'), `https://passes.example/api/${tenant.tenantId}/operations/${id}`);
  const row = await rowsOf(db).operation(id);
  assert.equal(row.status, 'accepted');
  assert.equal(row.origin, 'klaviyo');
  assert.equal(row.flow_id, 'WxYz12');
  assert.deepEqual(row.input, {
    identifiers: [
      { kind: 'email', value: 'sarah.mason@example.com' },
      { kind: 'customerId', value: 'C-1001' },
    ],
    passType: 'premium',
    data: { points: 1200, tier: 'gold', offer: null },
    updateMetadata: true,
    version: null,
  });
  assert.equal(api.nudges(), nudges + 1);
});

test('what is no id of a flow is not kept: it may name a person', async () => {
  const response = await send({ identifiers: { email: 'x@example.com' } }, { 'X-Klaviyo-Flow-ID': 'x@example.com' });
  const kept = await rowsOf(db).operation(response.headers.get('x-correlation-id'), 'flow_id');
  assert.equal(kept.flow_id, null);
});

test('any content type, none at all, a byte order mark and a trailing slash are taken', async () => {
  const body = JSON.stringify({ identifiers: { email: tenant.email } });
  for (const type of ['application/vnd.api+json; charset=utf-8', 'text/plain', 'application/x-www-form-urlencoded']) {
    assert.equal((await send(body, { 'Content-Type': type })).status, 200, type);
  }
  const path = `/api/${tenant.tenantId}/webhooks/listeners/klaviyo/passes/pushUpdate/`;
  const response = await api.fetch(path, {
    method: 'POST',
    key: tenant.keys.listener,
    body: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(body)]),
  });
  assert.equal(response.status, 200);
});

test('the same key and meaning again is the same operation; another meaning is refused', async () => {
  const body = { identifiers: { email: tenant.email }, additionalData: { points: 1, tier: 'gold' } };
  const reordered = `{"additionalData":{"tier":"gold","points":1},  "identifiers":{"email":"${tenant.email}"}}`;
  const headers = { 'Idempotency-Key': 'event-1' };
  const first = await send(body, headers);
  const before = await count();
  for (const again of [
    await send(reordered, headers),
    await send({ ...body, idempotency_key: 'event-1' }),
    await send({ ...body, idempotency_key: 'event-1' }, { 'Idempotency-Key': 'the body wins' }),
    await send(body, { 'Idempotency-Key': '"event-1"' }),
  ]) {
    assert.equal(again.status, 200);
    assert.equal(again.headers.get('x-correlation-id'), first.headers.get('x-correlation-id'));
  }
  const other = await send({ ...body, additionalData: { points: 2 } }, headers);
  assert.equal(other.status, 422);
  assert.equal((await problem(other)).type, 'https://passes.example/problems/idempotency-key-reused');
  assert.equal(await count(), before);
});

test('one tenant cannot meet the idempotency key of another', async () => {
  const other = await seedTenant(db);
  const body = { identifiers: { email: 'x@example.com' }, idempotency_key: 'shared' };
  const [mine, theirs] = [await send(body), await api.pushUpdate(other.tenantId, other.keys.all, body)];
  assert.equal(theirs.status, 200);
  assert.notEqual(mine.headers.get('x-correlation-id'), theirs.headers.get('x-correlation-id'));
});

test('twenty identical deliveries at once make one operation', async () => {
  const before = await count();
  const body = { identifiers: { email: tenant.email }, additionalData: { points: 7 }, idempotency_key: 'burst' };
  const responses = await Promise.all(Array.from({ length: 20 }, () => send(body)));
  assert.deepEqual([...new Set(responses.map((r) => r.status))], [200]);
  assert.equal(new Set(responses.map((r) => r.headers.get('x-correlation-id'))).size, 1);
  assert.equal(await count(), before + 1);
});

test('without a key, every delivery is an operation of its own', async () => {
  const body = { identifiers: { email: tenant.email }, additionalData: { points: 7 } };
  const [a, b] = [await send(body), await send(body)];
  assert.notEqual(a.headers.get('x-correlation-id'), b.headers.get('x-correlation-id'));
});

test('template accidents are repaired within bounds, and each is kept with the operation', async () => {
  const response = await send(
    `{"identifiers":{"email":"${tenant.email}"},"additionalData":{"points":,"vip":True,},"updateMetadata":}`,
  );
  assert.equal(response.status, 200);
  const row = await rowsOf(db).operation(response.headers.get('x-correlation-id'), 'repairs', 'input');
  assert.deepEqual(
    (row.repairs as { type: string; code: string; pointer: string }[]).map(
      ({ type, code, pointer }) => `${type} ${code} ${pointer}`,
    ),
    [
      'repair missing-value /additionalData/points',
      'repair python-literal /additionalData/vip',
      'repair trailing-comma /additionalData',
      'repair missing-value /updateMetadata',
    ],
  );
  assert.deepEqual((row.input as { data: object }).data, { vip: true });
});

test('what cannot be carried out is refused for good, with place and cure, and nothing is kept', async () => {
  const before = await count();
  const cases: [body: string, status: number, pointer: string][] = [
    ['', 400, ''],
    ['not json', 400, ''],
    ['[1]', 400, ''],
    ['{"identifiers":{"email":"a@example.com"}', 400, ''],
    ['{"identifiers":{"email":"a@example.com","email":"b@example.com"}}', 400, ''],
    ['{"identifiers":{"__proto__":"x"}}', 400, ''],
    ['{"identifiers":{"email":{{ person.email }}}}', 400, ''],
    [`{"identifiers":${'['.repeat(5000)}`, 400, ''],
    ['{}', 422, '/identifiers'],
    ['{"identifiers":["a@example.com"]}', 422, '/identifiers'],
    ['{"identifiers":{"email":"None"}}', 422, '/identifiers'],
    ['{"identifiers":{"email":" "}}', 422, '/identifiers'],
    ['{"identifiers":{"email":"{{ person.email }}"}}', 422, '/identifiers/email'],
    ['{"identifiers":{"email":"a@example.com"},"additionalData":[1]}', 422, '/additionalData'],
    ['{"identifiers":{"email":"a@example.com"},"updateMetadata":"perhaps"}', 422, '/updateMetadata'],
  ];
  for (const [body, status, pointer] of cases) {
    const response = await send(body);
    assert.equal(response.status, status, body.slice(0, 80));
    const answer = await problem(response);
    assert.equal(answer.errors?.[0]?.pointer, pointer, body.slice(0, 80));
    assert.ok(answer.errors[0].cure, body.slice(0, 80));
    if (status === 400) assert.ok(answer.errors[0].line);
    assert.equal(answer.correlationId, response.headers.get('x-correlation-id'));
  }
  assert.equal(await count(), before);
});

test('the sentence of an activity log names the key that was meant, and what to type', async () => {
  const detail = async (body: string) => ((await (await send(body)).json()) as { detail: string }).detail;
  assert.match(
    await detail('{"identifiers":{"e-mail":"a@example.com"}}'),
    /no identifier has a value.*"e-mail".*did you mean "email"\?$/,
  );
  assert.match(
    await detail('{"identifier":{"email":"a@example.com"}}'),
    /identifiers is missing.*did you mean "identifiers"\?$/,
  );
  const sync = await api.fetch(`/api/${tenant.tenantId}/webhooks/listeners/klaviyo/profiles/sync`, {
    method: 'POST',
    key: tenant.keys.all,
    body: '{"Email":"a@example.com"}',
  });
  assert.equal(sync.status, 400);
  assert.match(
    ((await sync.json()) as { detail: string }).detail,
    /Besides: "Email" is unknown.*did you mean "email"\?$/,
  );
  assert.equal(
    await detail('{"identifiers":{"email":a@example.com}}'),
    'Line 1, column 25: email is a text without quotes. Put quotes around the tag, as in "{{ person.email }}".',
  );
});

test('text that PostgreSQL cannot hold is cleaned, not a server error', async () => {
  const response = await send(
    `{"identifiers":{"email":"${tenant.email}"},"additionalData":{"name":"a\\u0000b\\ud800c","k\\u0000":1},"idempotency_key":"\\u0000nul-key"}`,
  );
  assert.equal(response.status, 200);
});

test('256 KB are taken, one byte more is 413, declared or not', async () => {
  const open = `{"identifiers":{"email":"${tenant.email}"},"additionalData":{"text":"`;
  const close = '"}}';
  const limit = 256 * 1024;
  const body = open + 'x'.repeat(limit - open.length - close.length) + close;
  assert.equal((await send(body)).status, 200);
  assert.equal((await send(`${body} `)).status, 413);
  const stream = new ReadableStream({
    start(controller) {
      for (let sent = 0; sent <= limit; sent += 64 * 1024) controller.enqueue(new Uint8Array(64 * 1024).fill(32));
      controller.close();
    },
  });
  const chunked = await fetch(`${api.baseUrl}/api/${tenant.tenantId}/webhooks/listeners/klaviyo/passes/pushUpdate`, {
    method: 'POST',
    headers: { 'X-API-KEY': tenant.keys.listener },
    body: stream,
    duplex: 'half',
  } as RequestInit);
  assert.equal(chunked.status, 413);
  assert.equal((await problem(chunked)).status, 413);
});

test('a closed listener and an unlisted flow are refused', async () => {
  const closed = await seedTenant(db, { listeners: { pushUpdate: false } });
  const listed = await seedTenant(db, { allowedFlowIds: ['Flow1'] });
  const body = { identifiers: { email: 'a@example.com' } };
  const answer = async (response: Response) => (await problem(response)).type.split('/').at(-1);
  assert.equal(await answer(await api.pushUpdate(closed.tenantId, closed.keys.listener, body)), 'listener-closed');
  assert.equal(await answer(await api.pushUpdate(listed.tenantId, listed.keys.listener, body)), 'flow-not-allowed');
  const allowed = await api.pushUpdate(listed.tenantId, listed.keys.listener, body, { 'X-Klaviyo-Flow-ID': 'Flow1' });
  assert.equal(allowed.status, 200);
});

test('a blank or unrendered idempotency key never joins two deliveries', async () => {
  const body = { identifiers: { email: tenant.email } };
  const blank = { 'Idempotency-Key': ' ' };
  const [a, b] = [await send(body, blank), await send(body, blank)];
  assert.notEqual(a.headers.get('x-correlation-id'), b.headers.get('x-correlation-id'));
  assert.equal((await send(body, { 'Idempotency-Key': '{{ event.id }}' })).status, 422);
  assert.equal((await send(body, { 'Idempotency-Key': 'k'.repeat(256) })).status, 422);
});

test('a key of our own making is nobody else’s to use: it would stand in the way of an erasure, say', async () => {
  const body = { identifiers: { email: tenant.email } };
  const { customerId } = tenant;
  for (const key of [`erase/${customerId}`, 'Klaviyo-Event/e-1', 'erased/x', 'aged/x', `migrate:${customerId}:1`]) {
    assert.equal((await send(body, { 'Idempotency-Key': key })).status, 422, key);
    assert.equal((await send({ ...body, idempotency_key: key })).status, 422, key);
  }
  assert.equal((await send({ ...body, idempotency_key: 'erasers/1' })).status, 200);
});

test('the acceptance of a known key and tenant costs one statement', async () => {
  await send({ identifiers: { email: tenant.email } });
  const statements: string[] = [];
  const { knex } = db.database;
  const client = (await knex.client.acquireConnection()) as { constructor: { prototype: { query: unknown } } };
  await knex.client.releaseConnection(client);
  const prototype = client.constructor.prototype as { query: (...args: unknown[]) => unknown };
  const original = prototype.query;
  prototype.query = function (this: unknown, ...args: unknown[]) {
    statements.push((args[0] as { text?: string }).text ?? String(args[0]));
    return original.apply(this, args);
  };
  try {
    assert.equal((await send({ identifiers: { email: tenant.email } })).status, 200);
  } finally {
    prototype.query = original;
  }
  // The limiter's own look may hold the only connection meanwhile: then a second one is opened.
  const mine = statements.filter((text) => !/rate_budgets|api_keys|^set role/.test(text));
  assert.deepEqual(
    mine
      .map((text) => text.trim().split(/\s+/).slice(0, 3).join(' '))
      .filter((t) => !t.startsWith('select set_config')),
    ['insert into operations'],
  );
});
