import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { createCredentials } from '../../src/api/access/credentials.js';
import { createApiKey, listApiKeys, revokeApiKey } from '../../src/database/tenants/api-keys.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

let db: TestDatabase;
let api: TestApi;
let tenant: SeededTenant;
let other: SeededTenant;
let clock = Date.now();
before(async () => {
  db = await createTestDatabase();
  api = await startTestApi({ database: db.database, now: () => clock });
  tenant = await seedTenant(db);
  other = await seedTenant(db);
});
after(async () => {
  await api.close();
  await db.drop();
});

const code = async (response: Response): Promise<string> => {
  if (response.ok) return 'ok';
  const { type, status } = (await response.json()) as { type: string; status: number };
  assert.equal(status, response.status);
  return type.split('/').at(-1)!;
};
const newKey = (options: { scopes?: string[]; test?: boolean; expiresAt?: Date } = {}) =>
  createApiKey(db.database.tenant(tenant.tenantId), {
    tenantId: tenant.tenantId,
    name: 'made by a test',
    scopes: options.scopes ?? ['KlaviyoListener.Write'],
    ...(options.test !== undefined && { test: options.test }),
    ...(options.expiresAt && { expiresAt: options.expiresAt }),
  });
const body = () => ({ identifiers: { email: tenant.email } });

test('a key is taken from either header, and refusals are the same for all reasons', async () => {
  const path = `/api/${tenant.tenantId}/operations`;
  const { all, listener } = tenant.keys;
  const cases: [headers: Record<string, string>, expected: string][] = [
    [{ Authorization: `Bearer ${all}` }, 'ok'],
    [{ Authorization: `bearer  ${all}` }, 'ok'],
    [{ 'X-API-KEY': all }, 'ok'],
    [{ 'X-API-KEY': ` ${all} ` }, 'ok'],
    [{ 'X-API-KEY': all, 'X-ACCOUNT-ID': tenant.accountId }, 'ok'],
    [{ 'X-API-KEY': all, 'X-ACCOUNT-ID': other.accountId }, 'wrong-tenant'],
    [{ 'X-API-KEY': all, 'X-ACCOUNT-ID': 'aid_0xdead' }, 'wrong-tenant'],
    [{ 'X-API-KEY': listener }, 'missing-scope'],
    [{ 'X-API-KEY': other.keys.all }, 'wrong-tenant'],
    [{}, 'unauthenticated'],
    [{ Authorization: 'Bearer' }, 'unauthenticated'],
    [{ Authorization: `Basic ${all}` }, 'unauthenticated'],
    [{ Authorization: all }, 'unauthenticated'],
    [{ 'X-API-KEY': all.toUpperCase() }, 'unauthenticated'],
    [{ 'X-API-KEY': `${all}x` }, 'unauthenticated'],
    [{ 'X-API-KEY': all.replace('live', 'test') }, 'unauthenticated'],
    [{ 'X-API-KEY': `pr_live_${'A'.repeat(43)}` }, 'unauthenticated'],
    [{ 'X-API-KEY': "' or 1=1 --" }, 'unauthenticated'],
    [{ Authorization: 'Bearer a.b.c' }, 'unauthenticated'],
  ];
  for (const [headers, expected] of cases) {
    const response = await api.fetch(path, { headers });
    assert.equal(await code(response), expected, JSON.stringify(Object.keys(headers)));
    if (expected === 'unauthenticated') assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer/);
  }
});

test('every route asks for its own scope', async () => {
  const routes: [method: string, path: string, ...scopes: string[]][] = [
    ['POST', `/api/${tenant.tenantId}/webhooks/listeners/klaviyo/passes/pushUpdate`, 'KlaviyoListener.Write'],
    ['GET', `/api/${tenant.tenantId}/operations`, 'Operation.Read'],
    ['GET', `/api/${tenant.tenantId}/operations/3f1d2c4b-0000-4000-8000-000000000001`, 'Operation.Read'],
    ['GET', `/v1/passes/${tenant.pass.serialNumber}`, 'Pass.Read'],
    // A key for flows may read the names of the fields that it fills.
    ['GET', '/v1/pass-templates', 'Pass.Read', 'KlaviyoListener.Write'],
  ];
  const scopes = ['KlaviyoListener.Write', 'Operation.Read', 'Pass.Read', 'Tenant.Admin'];
  for (const scope of scopes) {
    const { key } = await newKey({ scopes: [scope] });
    for (const [method, path, ...enough] of routes) {
      const response = await api.fetch(path, { method, key, ...(method === 'POST' && { body: '{}' }) });
      const refused = (await code(response)) === 'missing-scope';
      assert.equal(refused, !enough.includes(scope), `${scope} on ${method} ${path}`);
    }
  }
});

test('a key is shown once and kept as a hash', async () => {
  const { key } = await newKey();
  assert.match(key, /^pr_live_[A-Za-z0-9_-]{43}$/);
  const rows = await db.owner<{ row: string }>('select k::text as row from api_keys k');
  assert.ok(rows.every(({ row }) => !row.includes(key) && !row.includes(key.slice(8))));
  const listed = await listApiKeys(db.database.tenant(tenant.tenantId));
  assert.ok(listed.every((row) => !('key_hash' in row)));
  const theirs = new Set(listed.map(({ key_id }) => key_id));
  assert.ok((await listApiKeys(db.database.tenant(other.tenantId))).every(({ key_id }) => !theirs.has(key_id)));
});

test('old and new key work side by side; a revoked one stops within five seconds', async () => {
  const sql = db.database.tenant(tenant.tenantId);
  const [old, fresh] = [await newKey(), await newKey()];
  const push = async (key: string) => (await api.pushUpdate(tenant.tenantId, key, body())).status;
  assert.deepEqual([await push(old.key), await push(fresh.key)], [200, 200]);
  assert.equal(await revokeApiKey(db.database.tenant(other.tenantId), old.keyId), false);
  assert.equal(await revokeApiKey(sql, old.keyId), true);
  clock += 5_000;
  assert.deepEqual([await push(old.key), await push(fresh.key)], [401, 200]);
});

test('a stream that is open when its key is revoked ends, too', async () => {
  const reader = await newKey({ scopes: ['Operation.Read'] });
  const accepted = await api.pushUpdate(tenant.tenantId, tenant.keys.all, body());
  const path = `/api/${tenant.tenantId}/operations/${accepted.headers.get('x-correlation-id')}/events`;
  const stream = await api.fetch(path, { key: reader.key, signal: AbortSignal.timeout(30_000) });
  assert.equal(stream.status, 200);
  assert.equal(await revokeApiKey(db.database.tenant(tenant.tenantId), reader.keyId), true);
  clock += 5_000;
  const text = await stream.text();
  assert.match(text, /^event: operation/);
  assert.doesNotMatch(text, /event: end/);
});

test('an expired key is refused at its second, even when it was remembered', async () => {
  const { key } = await newKey({ expiresAt: new Date(clock + 600_000) });
  assert.equal((await api.pushUpdate(tenant.tenantId, key, body())).status, 200);
  const before = clock;
  clock += 600_000;
  assert.equal((await api.pushUpdate(tenant.tenantId, key, body())).status, 401);
  clock = before;
});

test('the last use of a key is recorded beside the requests, once a minute at most', async () => {
  const log = pino({ level: 'silent' });
  const credentials = createCredentials({ database: db.database, now: Date.now, log, tokens: null });
  const { key, keyId } = await newKey();
  const lastUse = async () =>
    (await db.owner<{ at: Date | null }>('select last_used_at as at from api_keys where key_id = $1', [keyId]))[0]!.at;
  const use = async () => {
    assert.equal((await credentials.resolve(key))?.id, keyId);
    await credentials.recordUse();
  };
  try {
    assert.equal(await lastUse(), null);
    await use();
    const first = await lastUse();
    assert.ok(first);
    await use();
    assert.deepEqual(await lastUse(), first);
    await db.owner(`update api_keys set last_used_at = now() - interval '61 seconds' where key_id = $1`, [keyId]);
    await use();
    assert.ok((await lastUse())! >= first);
  } finally {
    await credentials.close();
  }
});

test('a token that names a tenant asks the database as often, whether the tenant exists or not', async () => {
  let queries = 0;
  const system = { ...db.database.system, query: counted };
  async function counted<Row>(text: string, values?: readonly unknown[]): Promise<Row[]> {
    queries++;
    return db.database.system.query<Row>(text, values);
  }
  const log = pino({ level: 'silent' });
  const tokens = { verify: async () => null };
  const credentials = createCredentials({ database: { ...db.database, system }, now: () => clock, log, tokens });
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const ask = async (tenantId: string): Promise<number> => {
    queries = 0;
    const token = `${part({ alg: 'RS256' })}.${part({ iss: 'https://issuer.example', tenant: tenantId })}.AAAA`;
    for (let i = 0; i < 5; i++) assert.equal(await credentials.resolve(token), null);
    return queries;
  };
  try {
    assert.deepEqual([await ask(tenant.tenantId), await ask('nobody')], [1, 1]);
  } finally {
    await credentials.close();
  }
});

test('a test key marks what it causes', async () => {
  const { key } = await newKey({ test: true });
  assert.match(key, /^pr_test_/);
  const response = await api.pushUpdate(tenant.tenantId, key, body());
  const row = await rowsOf(db).operation(response.headers.get('x-correlation-id'), 'test');
  assert.equal(row.test, true);
});

test('in a staging tenant a live key marks what it causes as a test, too', async () => {
  const staged = await seedTenant(db);
  await db.owner(`update tenants set environment = 'staging' where tenant_id = $1`, [staged.tenantId]);
  const response = await api.pushUpdate(staged.tenantId, staged.keys.all, {
    identifiers: { email: staged.email },
  });
  assert.equal(response.status, 200);
  const operation = await api.fetch(`/api/${staged.tenantId}/operations/${response.headers.get('x-correlation-id')}`, {
    key: staged.keys.all,
  });
  assert.equal(((await operation.json()) as { test: boolean }).test, true);
});

test('beyond the budget of a minute: 429 with the seconds to wait, then it goes on', async () => {
  const small = await seedTenant(db, { requestsPerMinute: 10 });
  const get = (key: string) => api.fetch(`/api/${small.tenantId}/operations`, { key });
  const answers = [];
  for (let i = 0; i < 12; i++) answers.push(await get(small.keys.all));
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [...Array<number>(9).fill(200), 429, 429, 429],
  );
  const refused = answers.at(-1)!;
  const seconds = Number(refused.headers.get('retry-after'));
  assert.ok(seconds >= 1 && seconds <= 60);
  assert.match(refused.headers.get('ratelimit') ?? '', new RegExp(`^"requests";r=0;t=${seconds}$`));
  assert.equal(await code(refused), 'rate-limited');
  assert.match(
    ((await answers[9]!.json()) as { detail: string }).detail,
    /^More than 9 requests a minute with this key/,
  );
  // One key spends nine tenths at most: another key of the tenant still gets in, once.
  const push = () => api.pushUpdate(small.tenantId, small.keys.listener, { identifiers: { email: small.email } });
  assert.deepEqual([(await push()).status, (await push()).status], [200, 429]);
  clock += seconds * 1000;
  assert.equal((await get(small.keys.all)).status, 200);
});

test('the budget holds across processes', async () => {
  const small = await seedTenant(db, { requestsPerMinute: 10 });
  const second = await startTestApi({ database: db.database, now: () => clock });
  try {
    const get = (through: TestApi) => through.fetch(`/api/${small.tenantId}/operations`, { key: small.keys.all });
    for (let i = 0; i < 9; i++) assert.equal((await get(api)).status, 200);
    // Twice: the first may join one that a timer began before the last request.
    await api.rateLimiter.share();
    await api.rateLimiter.share();
    assert.equal((await get(second)).status, 200);
    await second.rateLimiter.share();
    assert.equal((await get(second)).status, 429);
  } finally {
    await second.close();
  }
});
