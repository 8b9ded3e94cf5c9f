import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { startApi, type RunningApi } from '../../src/api-process.js';
import { parseApiConfig } from '../../src/config.js';
import { createApiKey } from '../../src/database/tenants/api-keys.js';
import { connectDatabase } from '../../src/database/connect.js';
import { registerDatabaseMetrics } from '../../src/database-metrics.js';
import { PermanentError } from '../../src/common/errors.js';
import { countPushes, measureSteps } from '../../src/worker/step-metrics.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine } from '../support/engine.js';
import { accept, ended } from '../support/operations.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

let db: TestDatabase;
let api: RunningApi;
let tenant: SeededTenant;
before(async () => {
  db = await createTestDatabase();
  tenant = await seedTenant(db);
  const config = parseApiConfig({
    DATABASE_URL: db.url,
    PUBLIC_URL: 'https://passes.example',
    SECRETS_KEY: randomBytes(32).toString('base64'),
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    PORT: '0',
    METRICS_PORT: '0',
  });
  api = await startApi(config, pino({ level: 'silent' }), { host: '127.0.0.1' });
});
after(async () => {
  await api?.stop();
  await db?.drop();
});

/** Samples of the text format by name with labels; fails on any line that is neither sample nor comment. */
function parse(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || /^# (HELP|TYPE) [a-z_]+ /.test(line)) continue;
    const sample = /^([a-z_]+(?:\{(?:[a-z_]+="[^"]*",?)*\})?) (\S+)$/.exec(line);
    assert.ok(sample, `not a sample: ${line}`);
    samples.set(sample[1]!, Number(sample[2]));
  }
  return samples;
}
async function scrape(): Promise<Map<string, number>> {
  const response = await fetch(`http://127.0.0.1:${api.metricsPort}/metrics`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain/);
  return parse(await response.text());
}
const listener = (): string =>
  `http://127.0.0.1:${api.port}/api/${tenant.tenantId}/webhooks/listeners/klaviyo/passes/pushUpdate`;
const push = (key: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(listener(), {
    method: 'POST',
    headers: { 'X-API-KEY': key, 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const accepted = 'passrelay_operations_accepted_total{kind="push-update"}';

test('requests, acceptances, problems and link mistakes are counted, and no person or tenant is named', async () => {
  const { key: testKey } = await createApiKey(db.database.system, {
    tenantId: tenant.tenantId,
    name: 'test',
    scopes: ['KlaviyoListener.Write'],
    test: true,
  });
  const body = { identifiers: { email: tenant.email }, data: { points: 1 } };
  const first = await push(tenant.keys.listener, body, { 'Idempotency-Key': 'once' });
  assert.equal(first.status, 200);
  assert.equal((await push(tenant.keys.listener, body, { 'Idempotency-Key': 'once' })).status, 200);
  assert.equal((await push(testKey, body)).status, 200);
  assert.equal((await push('wrong', body)).status, 401);
  assert.equal((await push(tenant.keys.listener, '[')).status, 400);
  const link = await fetch(`http://127.0.0.1:${api.port}/${tenant.tenantId}/mail?neo.authToken={{ person|lookup }}`);
  assert.equal(link.status, 400);

  const samples = await scrape();
  assert.equal(samples.get(accepted), 1, 'neither a repeated delivery nor a test key counts');
  assert.equal(samples.get('passrelay_problems_total{code="unauthenticated"}'), 1);
  assert.equal(samples.get('passrelay_problems_total{code="malformed-body"}'), 1);
  assert.equal(samples.get('passrelay_link_mistakes_total{code="L-02",reason="token-unrendered"}'), 1);
  const route = '/api/:tenantId/webhooks/listeners/klaviyo/passes/pushUpdate';
  const requests = (status: string) =>
    samples.get(`passrelay_http_request_duration_seconds_count{route="${route}",method="POST",status="${status}"}`);
  assert.deepEqual([requests('2xx'), requests('4xx')], [3, 2]);
  const names = [...samples.keys()].join('\n');
  for (const secret of [tenant.tenantId, tenant.email, tenant.keys.listener]) assert.ok(!names.includes(secret));
});

test('the public port does not serve metrics, and the metrics port serves nothing else', async () => {
  assert.equal((await fetch(`http://127.0.0.1:${api.port}/metrics`)).status, 404);
  assert.equal((await fetch(`http://127.0.0.1:${api.metricsPort}/readyz`)).status, 404);
  assert.equal((await fetch(`http://127.0.0.1:${api.metricsPort}/metrics`, { method: 'POST' })).status, 404);
});

test('the ages of waiting operations and the days of certificates stand in the gauges; test operations do not', async () => {
  const owner = await seedTenant(db);
  const operation = async (status: string, ageSeconds: number, isTest: boolean) => {
    const id = await accept(db, owner, { kind: 'push-update', input: {}, test: isTest });
    await db.owner(
      'update operations set status = $2, accepted_at = now() - $3 * interval $$1 second$$ where operation_id = $1',
      [id, status, ageSeconds],
    );
  };
  await operation('accepted', 3_000, false);
  await operation('retrying', 6_000, false);
  await operation('succeeded', 90_000, false);
  await operation('accepted', 50_000, true);
  const now = Date.now();
  await db.owner(
    `insert into apple_certificates (tenant_id, fingerprint, pass_type_identifier, team_identifier, certificate_pem,
       wwdr_pem, private_key_secret, not_before, not_after) values ($1, 'f', 'pass.example', 'T', 'c', 'w', 'k', $2, $3)`,
    [owner.tenantId, new Date(now), new Date(now + 12.5 * 86_400_000)],
  );
  const registry = new Registry();
  registerDatabaseMetrics(registry, { database: db.database, now: () => now });
  const samples = parse(await registry.metrics());
  const seconds = (name: string) => Math.floor(samples.get(`passrelay_operations_oldest_${name}_seconds`)! / 1_000);
  assert.deepEqual([seconds('undispatched'), seconds('unfinished')], [3, 6]);
  assert.equal(samples.get('passrelay_operations{status="retrying"}'), 1);
  assert.equal(samples.get('passrelay_operations{status="running"}'), 0);
  assert.equal(
    samples.get(`passrelay_certificate_days_left{tenant="${owner.tenantId}",pass_type_identifier="pass.example"}`),
    12,
  );
  assert.equal(samples.get('passrelay_klaviyo_keys_refused'), 0);
  assert.equal(samples.get('passrelay_database_up'), 1);
});

test('without PostgreSQL the scrape answers, and says nothing that reads as "all is well"', async () => {
  const away = connectDatabase({ url: 'postgres://nobody@127.0.0.1:1/nothing' });
  try {
    const registry = new Registry();
    registerDatabaseMetrics(registry, { database: away, now: Date.now });
    const samples = parse(await registry.metrics());
    assert.deepEqual([...samples], [['passrelay_database_up', 0]]);
  } finally {
    await away.close();
  }
});

test('a worker counts its steps by result and code, and its pushes by result', async () => {
  const owner = await seedTenant(db);
  const registry = new Registry();
  const apple = countPushes(registry, { push: async () => ({ kind: 'gone', reason: 'Unregistered' }) });
  await apple.push({ tenantId: owner.tenantId, passTypeIdentifier: 'pass.example', pushToken: 'token' });
  const engine = await startEngine(db, {
    stepInterceptors: [
      measureSteps(registry),
      ({ info }) => ({
        inbound: {
          async execute(input, next) {
            if (info.activityType === 'apply-data') throw new PermanentError('drill', 'a drill');
            return next(input);
          },
        },
      }),
    ],
  });
  try {
    const input = { identifiers: [{ kind: 'email', value: owner.email }], data: { points: 3 }, passTypeId: null };
    const id = await accept(db, owner, { kind: 'push-update', input });
    assert.equal((await ended(db, owner.tenantId, id)).status, 'failed');
  } finally {
    await engine.stop();
  }
  const samples = parse(await registry.metrics());
  const attempts = (step: string, result: string) =>
    samples.get(`passrelay_step_duration_seconds_count{step="${step}",result="${result}"}`);
  assert.equal(attempts('apply-data', 'failed'), 1);
  assert.equal(samples.get('passrelay_step_failures_total{step="apply-data",code="drill"}'), 1);
  assert.equal(samples.get('passrelay_pushes_total{result="gone"}'), 1);
  assert.ok(![...samples.keys()].join().includes(owner.tenantId));
});
