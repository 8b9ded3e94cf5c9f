import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { startCodecServer } from '../../src/codec-server.js';
import { parseCodecServerConfig } from '../../src/config.js';
import { startMetricsServer } from '../../src/metrics-server.js';
import { startTestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let db: TestDatabase;
before(async () => {
  db = await createTestDatabase();
});
after(() => db.drop());

const run = promisify(execFile);
const script = fileURLToPath(new URL('../../src/check-health.ts', import.meta.url));
/** Undefined: healthy; else what the check complains of. */
const check = (name: string, env: Record<string, string>): Promise<string | undefined> =>
  run(process.execPath, ['--import', 'tsx', script, name], { env: { PATH: process.env['PATH'], ...env } }).then(
    () => undefined,
    (error: { stderr: string }) => error.stderr,
  );

test('an API that was told to stop still answers, is not ready, and gives connections back', async () => {
  let stopping = false;
  const api = await startTestApi({ database: db.database, isStopping: () => stopping });
  try {
    const port = new URL(api.baseUrl).port;
    assert.equal(await check('api', { PORT: port }), undefined);
    assert.equal((await api.fetch('/readyz')).headers.get('connection'), 'keep-alive');
    stopping = true;
    const ready = await api.fetch('/readyz');
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /stopping/);
    const other = await api.fetch('/docs');
    assert.deepEqual([other.status, other.headers.get('connection')], [200, 'close']);
    assert.equal((await api.fetch('/livez')).status, 200, 'alive: nobody should kill it');
    assert.match((await check('api', { PORT: port }))!, /answers 503/);
  } finally {
    await api.close();
  }
});

test('a worker is asked at its listener for metrics', async () => {
  let working = false;
  const server = await startMetricsServer(new Registry(), { host: '127.0.0.1', port: 0 }, () => working);
  try {
    const env = { METRICS_PORT: String(server.port) };
    assert.match((await check('worker', env))!, /\/livez answers 503: not working/);
    working = true;
    assert.equal(await check('worker', env), undefined);
    assert.match((await check('worker', {}))!, /METRICS_PORT is not set/);
  } finally {
    await server.stop();
  }
  assert.match((await check('worker', { METRICS_PORT: String(server.port) }))!, /fetch failed|ECONNREFUSED/);
});

test('a codec server answers without its key that it is alive', async () => {
  const config = parseCodecServerConfig({
    CODEC_SERVER_PORT: '0',
    CODEC_SERVER_KEY: 'k'.repeat(32),
    TEMPORAL_UI_URL: 'http://ui.example',
    SECRETS_KEY: Buffer.alloc(32, 1).toString('base64'),
  });
  const server = await startCodecServer(config, pino({ level: 'silent' }), '127.0.0.1');
  try {
    assert.equal(await check('codec-server', { CODEC_SERVER_PORT: String(server.port) }), undefined);
  } finally {
    await server.stop();
  }
});

test('a name that is no process is refused, and one that hangs is not healthy', async () => {
  assert.match((await check('database', {}))!, /api, worker, codec-server/);
  const silent: Server = createServer(() => undefined).listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  try {
    assert.match((await check('api', { PORT: String((silent.address() as AddressInfo).port) }))!, /timeout|aborted/i);
  } finally {
    silent.closeAllConnections();
    silent.close();
  }
});
