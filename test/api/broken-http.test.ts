import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { createHttpServer } from '../../src/api/http-server.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

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

/** Sends bytes as they are and reads until the server closes. */
function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
  });
}
function assertProblem(answer: string, status: number, code: string): void {
  const [head, body] = answer.split('\r\n\r\n') as [string, string];
  assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `), answer);
  assert.match(head, /content-type: application\/problem\+json/i);
  const problem = JSON.parse(body) as Record<string, unknown>;
  assert.deepEqual([problem['status'], String(problem['type']).split('/').at(-1)], [status, code]);
  assert.match(head.toLowerCase(), new RegExp(`x-correlation-id: ${String(problem['correlationId'])}`));
}

test('what is no HTTP gets a problem, too', async () => {
  const { port } = new URL(api.baseUrl);
  const post =
    `POST /api/${tenant.tenantId}/webhooks/listeners/klaviyo/passes/pushUpdate HTTP/1.1\r\nHost: x\r\n` +
    `X-API-KEY: ${tenant.keys.all}\r\nConnection: close\r\n`;
  const cases: [bytes: string, status: number, code: string][] = [
    ['\0\x01\x02\r\n\r\n', 400, 'malformed-request'],
    ['GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'malformed-request'],
    ['GET /livez HTTP/1.1\r\nHost: a\r\nhost: b\r\nConnection: close\r\n\r\n', 400, 'malformed-request'],
    ['GET /a b HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'malformed-request'],
    [`GET /livez HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(17_000)}\r\n\r\n`, 431, 'headers-too-large'],
    [`GET /${'a'.repeat(17_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431, 'headers-too-large'],
    ['CONNECT inside.example:443 HTTP/1.1\r\nHost: x\r\n\r\n', 405, 'method-not-allowed'],
    [`${post}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 400, 'malformed-request'],
    [`${post}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400, 'malformed-request'],
    [`${post}Content-Length: -1\r\n\r\n`, 400, 'malformed-request'],
    [`${post}Content-Length: 999999999\r\n\r\n{}`, 413, 'body-too-large'],
    // An expectation that nobody knows is passed over.
    [`${post}Expect: something\r\nContent-Length: 1\r\n\r\n[`, 400, 'malformed-body'],
  ];
  for (const [bytes, status, code] of cases) {
    assertProblem(await exchange(Number(port), bytes), status, code);
    assert.equal((await api.fetch(`/problems/${code}`)).status, 200);
  }
});

test('a request that does not arrive in time is answered and dropped', async () => {
  const server = createHttpServer(
    () => assert.fail('half a request'),
    { publicUrl: 'https://passes.example' },
    { requestTimeout: 100, headersTimeout: 100, connectionsCheckingInterval: 20 },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    assertProblem(await exchange(port, 'GET /livez HTTP/1.1\r\nHost'), 408, 'request-timeout');
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test('programs get no repairs: what is no plain JSON object is refused with its place', async () => {
  const path = `/api/${tenant.tenantId}/webhook-endpoints`;
  const url = '"url":"https://shop.example/hook"';
  const deep = `{"a":${'['.repeat(5_000)}`;
  for (const body of [
    `{${url},${url}}`,
    `{${url},"__proto__":{}}`,
    `{${url},"constructor":{}}`,
    `{${url},}`,
    `{${url},"eventTypes":None}`,
    '[]',
    '"text"',
    'null',
    deep,
    `{${url},"x":"\xff"}`,
  ]) {
    const response = await api.fetch(path, { method: 'POST', key: tenant.keys.all, body: Buffer.from(body, 'latin1') });
    const problem = (await response.json()) as { errors: { line: number; column: number; cure: string }[] };
    assert.equal(response.status, 400, body.slice(0, 80));
    assert.ok(problem.errors[0]!.line >= 1 && problem.errors[0]!.cure !== '');
  }
  assert.deepEqual(await db.owner('select 1 from webhook_endpoints where tenant_id = $1', [tenant.tenantId]), []);
});
