import assert from 'node:assert/strict';
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { connectDatabase, type Database } from '../../src/database/connect.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

/** A way to the server that can be cut, or fall silent. */
async function startProxy(target: URL) {
  const sockets = new Set<Socket>();
  let mode: 'open' | 'refuse' | 'silent' = 'open';
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    if (mode === 'refuse') return void socket.destroy();
    if (mode === 'silent') return;
    const upstream = connect(Number(target.port), target.hostname).on('error', () => socket.destroy());
    sockets.add(upstream);
    socket.on('data', (chunk) => mode !== 'silent' && upstream.write(chunk)).on('close', () => upstream.destroy());
    upstream.on('data', (chunk) => socket.write(chunk)).on('close', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  const cut = () => sockets.forEach((socket) => socket.destroy());
  return {
    url: url.href,
    set(next: typeof mode) {
      mode = next;
      if (next === 'refuse') cut();
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

let db: TestDatabase;
let proxy: Awaited<ReturnType<typeof startProxy>>;
let behind: Database;
let api: TestApi;
let tenant: SeededTenant;
before(async () => {
  db = await createTestDatabase();
  tenant = await seedTenant(db);
  proxy = await startProxy(new URL(db.url));
  behind = connectDatabase({ url: proxy.url, poolMax: 4 });
  api = await startTestApi({ database: behind });
});
after(async () => {
  await api.close();
  await proxy.close();
  await behind.close();
  await db.drop();
});

const push = (key = tenant.keys.listener) =>
  api.pushUpdate(tenant.tenantId, key, { identifiers: { email: tenant.email } });

async function assertUnavailable(response: Response): Promise<void> {
  const text = await response.text();
  assert.equal(response.status, 503, text);
  assert.ok(Number(response.headers.get('retry-after')) > 0);
  assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
  assert.doesNotMatch(text, /ECONN|Knex|stack|127\.0\.0\.1/);
}

test('while the database is away: 503 for a known key, an unknown one and readiness; life goes on after', async () => {
  assert.equal((await push()).status, 200);
  proxy.set('refuse');
  await assertUnavailable(await push());
  await assertUnavailable(await push(tenant.keys.all));
  await assertUnavailable(await push(`pr_live_${'A'.repeat(43)}`));
  await assertUnavailable(await api.fetch('/readyz'));
  assert.equal((await api.fetch('/livez')).status, 200);
  assert.doesNotMatch(api.logged(), new RegExp(tenant.email));
  proxy.set('open');
  assert.equal((await push()).status, 200);
});

test('a database that falls silent is a 503 in time', async () => {
  proxy.set('silent');
  await assertUnavailable(await push());
  proxy.set('refuse');
  proxy.set('open');
  assert.equal((await push()).status, 200);
});

test('the end of a silent look-up that others wait for is a 503 too, and so is a pass type that cannot be read', async () => {
  const hasty = connectDatabase({ url: proxy.url, poolMax: 4, statementTimeoutMs: 100 });
  const impatient = await startTestApi({ database: hasty });
  try {
    const send = (key: string, more = {}) =>
      impatient.pushUpdate(tenant.tenantId, key, { identifiers: { email: tenant.email }, ...more });
    assert.equal((await send(tenant.keys.listener)).status, 200);
    proxy.set('silent');
    // The second one comes while the first one's look-up still lasts, and is there when the client gives it up.
    for (let i = 0; i < 2; i++) await assertUnavailable(await send(tenant.keys.all));
    await assertUnavailable(await send(tenant.keys.listener, { passType: 'premium' }));
  } finally {
    proxy.set('refuse');
    proxy.set('open');
    await impatient.close();
    await hasty.close();
  }
});
