import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { urlTemplate } from '../../src/tracing/sdk/url-template.js';
import { startTraceReceiver } from '../support/trace-receiver.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

test('an address keeps the words of providers, and nothing that anybody could have written', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1 })), fc.string(), (parts, query) => {
      const ids = parts.map((part) => encodeURIComponent(`x${part}`));
      const template = urlTemplate(`/api/profiles/${ids.join('/')}?${query}`);
      assert.equal(template, ['/api/profiles', ...ids.map(() => '{id}')].join('/') + (ids.length === 0 ? '/' : ''));
    }),
  );
  assert.equal(urlTemplate('/walletobjects/v1/loyaltyObject/338.a%40b.c'), '/walletobjects/v1/loyaltyObject/{id}');
});

test('every address of Klaviyo that we call has its words in the list', () => {
  const folder = `${root}src/klaviyo/`;
  const paths = readdirSync(folder).flatMap((file) =>
    [...readFileSync(folder + file, 'utf8').matchAll(/['`](\/api\/[^'`?]+)/g)].map(([, path]) => path!),
  );
  assert.ok(paths.length > 15, 'the calls are not found');
  for (const path of paths) {
    const fixed = path.replace(/\$\{.*?\)\}|\$\{[^}]*\}/g, '0').replace(/\$\{.*$/, '0');
    assert.equal(urlTemplate(fixed), fixed.replace(/(?<=\/)0(?=\/|$)/g, '{id}'), path);
  }
});

const PROGRAM = `
import { createRequire } from 'node:module';
import { startTracing } from './src/tracing/start-tracing.ts';
import { inSpan } from './src/tracing/spans.ts';
import { createLogger } from './src/logging.ts';
await import('./src/api-process.ts');
await import('./src/worker-process.ts');
const log = { warn() {} };
await startTracing(null, 'x', log);
const loaded = Object.keys(createRequire(import.meta.url).cache).filter((file) => /opentelemetry/.test(file) && !/opentelemetry.api[^-]/.test(file));
const tracing = await startTracing({ protocol: 'http/protobuf' }, 'passrelay-test', log);
const lines = [];
const logger = createLogger({ level: 'info', pretty: false, destination: { write: (line) => void lines.push(JSON.parse(line)) } });
logger.info('outside');
await inSpan({ name: 'a span', attributes: { planted: 'planted-attribute' } }, async (span) => {
  logger.info('inside');
  const { traceId, spanId } = span.spanContext();
  if (lines[1].trace_id !== traceId || lines[1].span_id !== spanId || 'trace_id' in lines[0]) console.log(lines);
  throw Object.assign(new Error('planted-message'), { code: 'a-code' });
}).catch(() => undefined);
await tracing.stop();
console.log(JSON.stringify(loaded));
process.exit(0);
`;

test('without an endpoint nothing of the SDK is loaded; with one protobuf leaves, without what is not listed', async () => {
  const receiver = await startTraceReceiver();
  try {
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', PROGRAM], {
      cwd: root,
      env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_SERVICE_NAME: 'a-service' },
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await new Promise((resolve) => child.once('close', resolve));
    assert.equal(output.trim(), '[]');
    assert.deepEqual([...receiver.types], ['/v1/traces application/x-protobuf']);
    const sent = receiver.raw.join('');
    for (const text of ['a span', 'a-service', 'a-code']) assert.ok(sent.includes(text), `${text} did not come`);
    assert.ok(!sent.includes('planted'), 'what is not listed came');
  } finally {
    await receiver.stop();
  }
});
