import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { migrate } from '../../src/database/migrate.js';
import { createSecretBox } from '../../src/database/secret-box.js';
import { putSecret } from '../../src/database/secrets.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/operations.js';
import { TEST_SECRETS_KEY } from '../support/secret-box.js';
import { seedTenant } from '../support/tenant.js';

const rightKey = TEST_SECRETS_KEY.slice('test:'.length);
const wrongKey = Buffer.alloc(32, 8).toString('base64');
let db: TestDatabase;
let unmigrated: TestDatabase;
before(async () => {
  db = await createTestDatabase();
  unmigrated = await createTestDatabase();
  const tenant = await seedTenant(db);
  const box = createSecretBox({ keys: [{ id: 'right', key: Buffer.from(rightKey, 'base64') }] });
  await putSecret(db.database.tenant(tenant.tenantId), 'klaviyo-api-key', 'pk_x', box);
  await unmigrated.owner('drop schema public cascade');
  await unmigrated.owner('create schema public');
});
after(async () => {
  await db.drop();
  await unmigrated.drop();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function start(program: 'start-api' | 'start-worker', env: Record<string, string>) {
  const child = spawn(process.execPath, ['--import', 'tsx', `src/${program}.ts`], {
    cwd: new URL('../../', import.meta.url),
    env: {
      PATH: process.env['PATH'] ?? '',
      PORT: '0',
      PUBLIC_URL: 'https://passes.example',
      // Nobody answers there: what is checked comes before it.
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as never));
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  return { lines, exited, stop, stderr: () => stderr };
}

for (const program of ['start-api', 'start-worker'] as const) {
  for (const [what, key, expected] of [
    ['without the key', `other:${wrongKey}`, /^SECRETS_KEY lacks the key "right"/],
    ['with another value of the key', `right:${wrongKey}`, /^SECRETS_KEY holds the key "right" with another value/],
  ] as const) {
    test(`${program} ${what} of a sealed secret refuses to start and says so in one line`, async () => {
      const running = start(program, { DATABASE_URL: db.url, SECRETS_KEY: key });
      const [code] = await running.exited;
      assert.equal(code, 1);
      assert.match(running.stderr(), expected);
      assert.doesNotMatch(running.stderr(), / at /);
    });
  }
}

test('a schema that is not migrated is called that: at start, by /readyz, and by a worker, which waits for it', async () => {
  const env = { DATABASE_URL: unmigrated.url, SECRETS_KEY: rightKey };
  const api = start('start-api', { ...env, API_DRAIN_SECONDS: '0' });
  const metricsPort = await freePort();
  const worker = start('start-worker', { ...env, METRICS_PORT: String(metricsPort) });
  try {
    const named = /database has no schema yet: run "npm run migrate"/;
    const port = await until(async () => api.lines.find(({ port }) => port !== undefined)?.['port'], 'the API');
    assert.ok(api.lines.some(({ msg }) => named.test(String(msg))));
    await until(async () => worker.lines.some(({ msg }) => named.test(String(msg))), 'the worker to say it');
    const alive = await fetch(`http://127.0.0.1:${metricsPort}/livez`);
    assert.deepEqual([alive.status, await alive.text()], [503, 'not working'], 'a worker that waits answers its probe');
    const ready = () => fetch(`http://127.0.0.1:${port as number}/readyz`);
    const refused = await ready();
    assert.equal(refused.status, 503);
    assert.match(((await refused.json()) as { detail: string }).detail, named);

    await migrate(unmigrated.url);
    assert.equal((await ready()).status, 200);
    await until(async () => worker.lines.some(({ msg }) => /Temporal does not answer/.test(String(msg))), 'the worker');

    await unmigrated.owner('delete from knex_migrations where name = $1', ['0032_schema_readable']);
    assert.match(await (await ready()).text(), /behind this version \(0032_schema_readable\)/);

    await unmigrated.owner('update knex_migrations set name = $1 where name = $2', ['0999_of_later', '0001_tenants']);
    await assert.rejects(migrate(unmigrated.url), /of another version: it knows 0999_of_later, this version does not/);
  } finally {
    await api.stop();
    await worker.stop();
  }
});
