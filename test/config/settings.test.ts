import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import {
  parseApiConfig,
  parseDemoConfig,
  parseWorkerConfig,
  OTEL_VARIABLES,
  TEMPORAL_VARIABLES,
  VARIABLES,
  type Env,
} from '../../src/config.js';
import { demoKlaviyoKey } from '../../src/demo/demo-data.js';

const key = randomBytes(32).toString('base64');
const minimal: Env = {
  DATABASE_URL: 'postgres://user:hunter2@localhost/passrelay',
  PUBLIC_URL: 'https://passes.example/',
  SECRETS_KEY: key,
};

/** Variables of .env.example with their values. */
const example = Object.fromEntries(
  readFileSync(new URL('../../.env.example', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
);

test('.env.example and the settings name the same variables, and its values are valid', () => {
  assert.deepEqual(
    Object.keys(example).sort(),
    [...Object.keys(VARIABLES), ...TEMPORAL_VARIABLES, ...OTEL_VARIABLES].sort(),
  );
  const env = { ...example, SECRETS_KEY: key };
  assert.equal(parseApiConfig(env).port, 8080);
  assert.equal(parseWorkerConfig(env).klaviyoApiUrl, 'https://a.klaviyo.com');
});

test('the values of .env.example are the defaults', () => {
  const { TEMPORAL_UI_URL: _, ...rest } = example;
  const given = parseApiConfig({ ...rest, ...minimal });
  assert.deepEqual(given, parseApiConfig(minimal));
  assert.deepEqual(parseWorkerConfig({ ...rest, ...minimal }), parseWorkerConfig(minimal));
});

test('every problem stands in one message, and no secret does', () => {
  assert.throws(
    () =>
      parseApiConfig({ DATABASE_URL: 'mysql://u:hunter2@x', PORT: '99999', SECRETS_KEY: 'c2hvcnQ', OAUTH_ISSUER: 'x' }),
    (error: Error) => {
      for (const name of ['DATABASE_URL', 'PORT', 'PUBLIC_URL', 'SECRETS_KEY', 'OAUTH_AUDIENCE', 'OAUTH_JWKS_URL']) {
        assert.match(error.message, new RegExp(`^ {2}${name}: `, 'm'));
      }
      assert.doesNotMatch(error.message, /hunter2|c2hvcnQ/);
      return true;
    },
  );
});

test('production refuses a public address without TLS and the key of the demo', () => {
  const production = { ...minimal, PASSRELAY_ENV: 'production' };
  // Nobody has to remember it: a process that is started without the setting is one of production.
  assert.equal(parseWorkerConfig(minimal).environment, 'production');
  assert.throws(() => parseApiConfig({ ...minimal, PUBLIC_URL: 'http://passes.example' }), /PUBLIC_URL.*https/);
  assert.throws(() => parseWorkerConfig({ ...minimal, SECRETS_KEY: `demo-1:${key}` }), /SECRETS_KEY.*demo/);
  assert.throws(() => parseApiConfig({ ...minimal, PASSRELAY_ENV: 'prod' }), /PASSRELAY_ENV/);
  assert.equal(parseDemoConfig({}).environment, 'development');
  assert.equal(parseApiConfig(production).environment, 'production');
  assert.throws(() => parseApiConfig({ ...production, PUBLIC_URL: 'http://passes.example' }), /PUBLIC_URL.*https/);
  assert.throws(() => parseWorkerConfig({ ...production, SECRETS_KEY: `demo-1:${key}` }), /SECRETS_KEY.*demo/);
  assert.throws(() => parseDemoConfig({ PASSRELAY_ENV: 'production' }), /PASSRELAY_ENV.*demo/);
});

test('trusted proxies are addresses and networks, and nobody is one where none is set', () => {
  const proxies = (text: string) => parseApiConfig({ ...minimal, TRUSTED_PROXIES: text }).trustedProxies;
  assert.deepEqual(parseApiConfig(minimal).trustedProxies, []);
  assert.deepEqual(
    proxies('10.0.0.0/8, 192.0.2.7,2001:db8::/32').map(({ text }) => text),
    ['10.0.0.0/8', '192.0.2.7', '2001:db8::/32'],
  );
  for (const text of ['10.0.0.0/33', 'nginx', '10.0.0.1;10.0.0.2', '10.0.0.0/8,x']) {
    assert.throws(() => proxies(text), /TRUSTED_PROXIES: ".*" is no address/, text);
  }
});

test('the key of the secrets may come from a file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'passrelay-config-'));
  try {
    const file = path.join(folder, 'key');
    writeFileSync(file, `${key}\n`);
    const { secretKeys } = parseWorkerConfig({ ...minimal, SECRETS_KEY: '', SECRETS_KEY_FILE: file });
    assert.equal(secretKeys[0]?.key.toString('base64'), key);
    assert.throws(
      () => parseWorkerConfig({ ...minimal, SECRETS_KEY: ' ', SECRETS_KEY_FILE: `${file}x` }),
      /SECRETS_KEY_FILE/,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("each process names only the secrets that it needs, and Temporal's own variables are understood", () => {
  const config = parseApiConfig({
    ...minimal,
    TEMPORAL_ADDRESS: 'cloud:7233',
    TEMPORAL_NAMESPACE: 'ns',
    TEMPORAL_API_KEY: 'k',
  });
  assert.ok(!Object.keys(config).some((name) => /apns|klaviyo/i.test(name)));
  assert.equal(config.temporal.connectionOptions.address, 'cloud:7233');
  assert.equal(config.temporal.connectionOptions.tls, true);
  assert.equal(config.temporal.namespace, 'ns');
  assert.ok(Object.isFrozen(config));
});

test('where tokens are had may be said beside who issues them, and is an address', () => {
  const oauth = { OAUTH_ISSUER: 'i', OAUTH_AUDIENCE: 'a', OAUTH_JWKS_URL: 'https://i.example/keys' };
  assert.equal(parseApiConfig({ ...minimal, ...oauth }).oauth?.tokenUrl, null);
  const tokenUrl = 'https://i.example/token';
  assert.equal(parseApiConfig({ ...minimal, ...oauth, OAUTH_TOKEN_URL: tokenUrl }).oauth?.tokenUrl, tokenUrl);
  assert.throws(() => parseApiConfig({ ...minimal, ...oauth, OAUTH_TOKEN_URL: 'x' }), /OAUTH_TOKEN_URL/);
});

test('the demo needs nothing, and takes what is set', () => {
  const bare = parseDemoConfig({});
  assert.deepEqual([bare.databaseUrl, bare.temporal, bare.apnsUrl, bare.klaviyoApiUrl], [null, null, null, null]);
  const set = parseDemoConfig({ APNS_URL: 'https://apns.example', TEMPORAL_ADDRESS: 'here:7233' });
  assert.equal(set.apnsUrl, 'https://apns.example');
  assert.equal(set.temporal?.connectionOptions.address, 'here:7233');
});

test('metrics are off unless a port is named, and stay on this machine unless an address is', () => {
  assert.equal(parseApiConfig(minimal).metrics, null);
  assert.deepEqual(parseWorkerConfig({ ...minimal, METRICS_PORT: '9464' }).metrics, { host: '127.0.0.1', port: 9464 });
  assert.equal(parseApiConfig({ ...minimal, METRICS_PORT: '0', METRICS_HOST: '0.0.0.0' }).metrics?.host, '0.0.0.0');
  assert.throws(() => parseApiConfig({ ...minimal, METRICS_PORT: 'on' }), /METRICS_PORT/);
});

test('tracing is on by an OTLP endpoint alone, as OpenTelemetry’s own switches have it', () => {
  const tracing = (env: Env) => parseWorkerConfig({ ...minimal, ...env }).tracing;
  const endpoint = 'http://127.0.0.1:4318';
  assert.equal(tracing({}), null);
  assert.equal(tracing({ OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }), null);
  assert.deepEqual(tracing({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }), { protocol: 'http/protobuf' });
  assert.deepEqual(tracing({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${endpoint}/v1/traces` }), {
    protocol: 'http/protobuf',
  });
  const json = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' };
  assert.deepEqual(tracing(json), { protocol: 'http/json' });
  assert.equal(tracing({ ...json, OTEL_SDK_DISABLED: 'true' }), null);
  assert.equal(tracing({ ...json, OTEL_TRACES_EXPORTER: 'none' }), null);
  assert.throws(
    () => tracing({ ...json, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }),
    /OTEL_EXPORTER_OTLP_PROTOCOL: must be/,
  );
  for (const text of ['localhost:4318', 'grpc://x:4317', 'x']) {
    const given = { OTEL_EXPORTER_OTLP_ENDPOINT: text };
    assert.throws(() => tracing(given), /OTEL_EXPORTER_OTLP_ENDPOINT: must begin with http/, text);
  }
});

test('has no key for Klaviyo’s own service but the one of the settings', () => {
  const keyFor = (env: Record<string, string>) => demoKlaviyoKey(parseDemoConfig(env));
  assert.equal(keyFor({}), 'pk_simulator');
  assert.equal(keyFor({ KLAVIYO_API_URL: 'http://127.0.0.1:9000' }), 'pk_simulator');
  assert.equal(keyFor({ KLAVIYO_API_URL: 'https://a.klaviyo.com' }), null);
  assert.equal(keyFor({ KLAVIYO_API_URL: 'https://a.klaviyo.com', KLAVIYO_API_KEY: 'pk_own' }), 'pk_own');
});
