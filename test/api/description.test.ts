import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { PROBLEMS } from '../../src/api/problems.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

interface Described {
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
  requestBody?: { content: Record<string, { schema: object; example: object }> };
  security: object[];
}
interface Description {
  openapi: string;
  paths: Record<string, Record<string, Described>>;
  components: { schemas: Record<string, object> };
}

let db: TestDatabase;
let api: TestApi;
let tenant: SeededTenant;
let description: Description;
before(async () => {
  db = await createTestDatabase();
  api = await startTestApi({ database: db.database });
  tenant = await seedTenant(db);
  description = (await (await api.fetch('/openapi.json')).json()) as Description;
});
after(async () => {
  await api.close();
  await db.drop();
});

/** Validates a value against one schema of the description, references included. */
function assertFits(schema: object, value: unknown, what: string): void {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const root = { ...schema, components: description.components };
  const validate = ajv.compile(root);
  assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors)}`);
}

/** Asserts that the description knows this answer of this call: its status, its media type and its schema. */
async function assertDescribed(path: string, method: string, response: Response): Promise<void> {
  const answer = description.paths[path]?.[method]?.responses[response.status];
  const what = `${method} ${path} ${response.status}`;
  assert.ok(answer, `${what} is not described`);
  const text = await response.text();
  if (!answer.content) return assert.equal(text, '', what);
  const type = response.headers.get('content-type')!.split(';')[0]!;
  assert.ok(answer.content[type], `${what} has the type ${type}`);
  assertFits(answer.content[type].schema, JSON.parse(text), what);
}

test('times at the ends of the calendar are taken, and kept as the database can read them', async () => {
  const base = `/api/${tenant.tenantId}/operations`;
  for (const [from, to] of [
    ['0000-01-01T00:00:00Z', '9999-12-31T23:59:59-23:59'],
    ['0001-01-01T00:00:00+23:59', '9999-12-31T23:59:59Z'],
  ]) {
    const list = await api.fetch(`${base}?${new URLSearchParams({ from: from!, to: to! }).toString()}`, {
      key: tenant.keys.all,
    });
    assert.equal(list.status, 200);
    const body = JSON.stringify({ filter: { from, to } });
    const answer = await api.fetch(`${base}/retry`, { method: 'POST', key: tenant.keys.all, body });
    const { correlationId } = (await answer.json()) as { correlationId: string };
    const [read] = await db.owner<{ ok: boolean }>(
      `select (input->'filter'->>'from')::timestamptz < (input->'filter'->>'to')::timestamptz as ok
         from operations where operation_id = $1`,
      [correlationId],
    );
    assert.equal(read?.ok, true);
  }
});

/** The other customer of the example of a merge. */
async function addSecondCustomer(): Promise<void> {
  await db.owner(
    `with made as (
       insert into customers (customer_id, tenant_id, external_customer_id) values (gen_random_uuid(), $1, 'C-1024') returning customer_id
     )
     insert into customer_identifiers (tenant_id, kind, value, customer_id)
     select $1, 'customerId', 'C-1024', customer_id from made on conflict do nothing`,
    [tenant.tenantId],
  );
}

/** Every call that a merchant's systems make, each once in order and once refused. Returns their paths. */
async function callMerchantRoutes(operationId: string): Promise<Set<string>> {
  const { all, listener } = tenant.keys;
  const base = `/api/${tenant.tenantId}`;
  const sync = JSON.stringify({ email: tenant.email, phone_number: null });
  const endpoint = JSON.stringify({ url: 'http://127.0.0.1:1/webhooks' });
  const made = await api.fetch(`${base}/webhook-endpoints`, { method: 'POST', key: all, body: endpoint });
  const { id } = (await made.json()) as { id: string };
  await addSecondCustomer();
  const body = { name: 'A', audience: { csv: {} }, action: { type: 'void' } };
  const began = await api.fetch(`${base}/campaigns`, { method: 'POST', key: all, body: JSON.stringify(body) });
  const { campaignId } = (await began.json()) as { campaignId: string };
  const calls: [method: string, described: string, path: string, body?: string][] = [
    ['post', '/campaigns', '/campaigns', JSON.stringify(body)],
    ['post', '/campaigns', '/campaigns', '{}'],
    ['get', '/campaigns', '/campaigns'],
    ['get', '/campaigns/{campaignId}', `/campaigns/${campaignId}`],
    ['get', '/campaigns/{campaignId}', `/campaigns/${id}`],
    ['put', '/campaigns/{campaignId}/rows', `/campaigns/${campaignId}/rows`, 'email\na@example.com\n'],
    ['put', '/campaigns/{campaignId}/rows', `/campaigns/${campaignId}/rows`, 'email\na@example.com\n'],
    ['get', '/campaigns/{campaignId}/rows', `/campaigns/${campaignId}/rows`],
    ['get', '/campaigns/{campaignId}/rows', `/campaigns/${id}/rows`],
    ['post', '/campaigns/{campaignId}/start', `/campaigns/${campaignId}/start`],
    ['post', '/campaigns/{campaignId}/pause', `/campaigns/${campaignId}/pause`],
    ['post', '/campaigns/{campaignId}/resume', `/campaigns/${campaignId}/resume`],
    ['post', '/campaigns/{campaignId}/cancel', `/campaigns/${campaignId}/cancel`],
    ['get', '/campaigns/{campaignId}/events', `/campaigns/${id}/events`],
    ['get', '/campaigns/{campaignId}/samples', `/campaigns/${campaignId}/samples`],
    ['get', '/campaigns/{campaignId}/samples', `/campaigns/${id}/samples`],
    ['post', '/webhooks/listeners/klaviyo/profiles/sync', '/webhooks/listeners/klaviyo/profiles/sync', sync],
    ['post', '/webhooks/listeners/klaviyo/profiles/sync', '/webhooks/listeners/klaviyo/profiles/sync', '{}'],
    ['post', '/webhooks/listeners/klaviyo/system', '/webhooks/listeners/klaviyo/system', '{"data":[],"meta":{}}'],
    ['get', '/customers/{customerId}', `/customers/${tenant.customerId}`],
    ['get', '/customers/{customerId}', '/customers/nobody'],
    ['post', '/customers/{customerId}/merge', `/customers/${tenant.customerId}/merge`, '{"customerId":"C-1024"}'],
    ['post', '/customers/{customerId}/merge', `/customers/${tenant.customerId}/merge`, '{}'],
    ['post', '/customers/{customerId}/merge', '/customers/nobody/merge', '{"customerId":"C-1024"}'],
    ...['{"message":"Hi"}', '{}', JSON.stringify({ identifiers: { email: tenant.email }, message: 'Hi' })].map(
      (body): [string, string, string, string] => [
        'post',
        '/webhooks/listeners/klaviyo/passes/notify',
        '/webhooks/listeners/klaviyo/passes/notify',
        body,
      ],
    ),
    ['get', '/events', '/events'],
    ['get', '/events', '/events?types=x'],
    ['get', '/deliveries', '/deliveries'],
    ['get', '/deliveries', '/deliveries?cursor=x'],
    ['post', '/deliveries/{deliveryId}/redeliver', `/deliveries/${id}/redeliver`],
    ['post', '/operations/retry', '/operations/retry', '{"filter":{"kind":"push-update"}}'],
    ['post', '/operations/retry', '/operations/retry', '{}'],
    ['post', '/operations/{correlationId}/retry', `/operations/${operationId}/retry`],
    ['post', '/operations/{correlationId}/cancel', `/operations/${operationId}/cancel`],
    ['get', '/operations/{correlationId}/events', `/operations/${id}/events`],
    ['post', '/webhook-endpoints', '/webhook-endpoints', endpoint],
    ['post', '/webhook-endpoints', '/webhook-endpoints', '{"url":"http://10.0.0.1/"}'],
    ['get', '/webhook-endpoints', '/webhook-endpoints'],
    ['get', '/webhook-endpoints/{endpointId}', `/webhook-endpoints/${id}`],
    ['patch', '/webhook-endpoints/{endpointId}', `/webhook-endpoints/${id}`, '{"eventTypes":["pass.voided"]}'],
    ['post', '/webhook-endpoints/{endpointId}/enable', `/webhook-endpoints/${id}/enable`],
    ['post', '/webhook-endpoints/{endpointId}/rotate', `/webhook-endpoints/${id}/rotate`],
    ['post', '/webhook-endpoints/{endpointId}/test', `/webhook-endpoints/${id}/test`],
    ['post', '/webhook-endpoints/{endpointId}/redeliver', `/webhook-endpoints/${id}/redeliver`],
    ['delete', '/webhook-endpoints/{endpointId}', `/webhook-endpoints/${id}`],
    ['delete', '/webhook-endpoints/{endpointId}', `/webhook-endpoints/${id}`],
  ];
  for (const [method, described, path, body] of calls) {
    const sent = { method: method.toUpperCase(), ...(body !== undefined && { body }) };
    await assertDescribed(`/api/{tenantId}${described}`, method, await api.fetch(base + path, { ...sent, key: all }));
    const lacking = path.endsWith('/sync') ? {} : { key: listener };
    await assertDescribed(`/api/{tenantId}${described}`, method, await api.fetch(base + path, { ...sent, ...lacking }));
  }
  return new Set(calls.map(([, described]) => `/api/{tenantId}${described}`));
}

test('every call answers as the description says', async () => {
  const { all, listener } = tenant.keys;
  const push = '/api/{tenantId}/webhooks/listeners/klaviyo/passes/pushUpdate';
  const accepted = await api.pushUpdate(tenant.tenantId, all, { identifiers: { email: tenant.email } });
  const id = accepted.headers.get('x-correlation-id')!;
  await assertDescribed(push, 'post', accepted);
  await assertDescribed(push, 'post', await api.pushUpdate(tenant.tenantId, all, 'no json'));
  await assertDescribed(push, 'post', await api.pushUpdate(tenant.tenantId, all, {}));
  await assertDescribed(push, 'post', await api.pushUpdate(tenant.tenantId, all, ' '.repeat(300_000)));
  await assertDescribed(push, 'post', await api.pushUpdate('nobody', all, {}));
  const gets: [described: string, path: string, key: string | null][] = [
    ['/api/{tenantId}/operations/{correlationId}', `/api/${tenant.tenantId}/operations/${id}`, all],
    ['/api/{tenantId}/operations/{correlationId}', `/api/${tenant.tenantId}/operations/x`, all],
    ['/api/{tenantId}/operations/{correlationId}', `/api/${tenant.tenantId}/operations/${tenant.pass.id}`, all],
    ['/api/{tenantId}/operations', `/api/${tenant.tenantId}/operations`, all],
    ['/api/{tenantId}/operations', `/api/${tenant.tenantId}/operations?from=x`, all],
    ['/v1/passes/{serialNumber}', `/v1/passes/${tenant.pass.serialNumber}`, all],
    ['/v1/passes/{serialNumber}', `/v1/passes/${tenant.pass.serialNumber}`, listener],
    ['/v1/passes/{serialNumber}', '/v1/passes/nobody', all],
    ['/v1/passes/{serialNumber}/diagnosis', `/v1/passes/${tenant.pass.serialNumber}/diagnosis`, all],
    ['/v1/passes/{serialNumber}/diagnosis', '/v1/passes/nobody/diagnosis', all],
    ['/v1/passes', '/v1/passes?limit=1', all],
    ['/v1/passes', '/v1/passes?cursor=x', all],
    ['/v1/passes', '/v1/passes', null],
    ['/v1/pass-templates', '/v1/pass-templates', all],
    ['/v1/pass-templates', '/v1/pass-templates', null],
    ['/livez', '/livez', null],
    ['/readyz', '/readyz', null],
  ];
  const seen = new Set([push]);
  for (const [described, path, key] of gets) {
    seen.add(described);
    await assertDescribed(described, 'get', await api.fetch(path, key === null ? {} : { key }));
  }
  const issue = (body: object) => api.fetch('/v1/passes', { method: 'POST', key: all, body: JSON.stringify(body) });
  const card = { passTemplate: 'basic', pass: {}, recipient: { email: 'new@example.com' } };
  for (const body of [card, card, {}]) await assertDescribed('/v1/passes', 'post', await issue(body));
  const clash = { ...card, recipient: { email: 'new@example.com' }, customerId: 'C-2' };
  await issue({ ...card, recipient: { email: 'other@example.com' }, customerId: 'C-2' });
  await assertDescribed('/v1/passes', 'post', await issue(clash));
  for (const [serial, body] of [
    [tenant.pass.serialNumber, '{"pass":{"points":1}}'],
    [tenant.pass.serialNumber, '{}'],
    ['nobody', '{}'],
  ] as const) {
    for (const method of ['patch', 'post']) {
      const response = await api.fetch(`/v1/passes/${serial}`, { method: method.toUpperCase(), key: all, body });
      await assertDescribed('/v1/passes/{serialNumber}', method, response);
    }
  }
  const diagnose = '/api/{tenantId}/links/diagnose';
  seen.add(diagnose);
  for (const body of ['{"token":"x"}', `{"token":"${'A'.repeat(43)}"}`, '{}']) {
    const sent = { method: 'POST', key: all, body };
    await assertDescribed(diagnose, 'post', await api.fetch(`/api/${tenant.tenantId}/links/diagnose`, sent));
  }
  for (const [method, call] of [
    ['post', '/void'],
    ['post', '/expire'],
    ['post', '/restore'],
    ['post', '/notify'],
    ['delete', ''],
  ] as const) {
    const described = `/v1/passes/{serialNumber}${call}`;
    seen.add(described);
    for (const [serial, key] of [
      [tenant.pass.serialNumber, all],
      [tenant.pass.serialNumber, listener],
      ['nobody', all],
    ] as const) {
      const response = await api.fetch(`/v1/passes/${serial}${call}`, { method: method.toUpperCase(), key });
      await assertDescribed(described, method, response);
    }
  }
  /** What was accepted and has not come yet is stopped by the id that its answer gave; nobody else's pass has it. */
  async function assertStopped(at: string, body: string, idKey: string): Promise<void> {
    const key = all;
    const made = await api.fetch(at, { method: 'POST', key, body });
    if (made.status !== 202) return;
    const own = String(((await made.json()) as Record<string, unknown>)[idKey]);
    const stop = (path: string) => api.fetch(`${path}/${own}`, { method: 'DELETE', key });
    assert.equal(
      (await stop(at.replace(/messages|offers/, (name) => (name === 'offers' ? 'messages' : 'offers')))).status,
      404,
    );
    assert.equal((await stop(at)).status, 202);
    const row = await rowsOf(db).operation(own, 'cancel_requested');
    assert.deepEqual(row, { cancel_requested: true });
  }
  const messages = '/v1/passes/{serialNumber}/messages';
  for (const described of [messages, `${messages}/{messageId}`]) seen.add(described);
  for (const [serial, key] of [
    [tenant.pass.serialNumber, all],
    [tenant.pass.serialNumber, listener],
    ['nobody', all],
  ] as const) {
    const at = `/v1/passes/${serial}/messages`;
    for (const body of ['{"message":"Hi"}', '{"link":"x"}'])
      await assertDescribed(messages, 'post', await api.fetch(at, { method: 'POST', key, body }));
    await assertStopped(at, '{"message":"Hi"}', 'messageId');
    await assertDescribed(messages, 'get', await api.fetch(at, { key }));
    await assertDescribed(
      `${messages}/{messageId}`,
      'delete',
      await api.fetch(`${at}/${id}`, { method: 'DELETE', key }),
    );
  }
  const offers = '/v1/passes/{serialNumber}/offers';
  for (const described of [offers, `${offers}/{offerId}`]) seen.add(described);
  for (const [serial, key] of [
    [tenant.pass.serialNumber, all],
    [tenant.pass.serialNumber, listener],
    ['nobody', all],
  ] as const) {
    const at = `/v1/passes/${serial}/offers`;
    for (const body of ['{"fields":{"points":5},"until":"3 days"}', '{"until":"x"}'])
      await assertDescribed(offers, 'post', await api.fetch(at, { method: 'POST', key, body }));
    await assertStopped(at, '{"fields":{"points":5},"until":"3 days"}', 'offerId');
    await assertDescribed(offers, 'get', await api.fetch(at, { key }));
    await assertDescribed(`${offers}/{offerId}`, 'delete', await api.fetch(`${at}/${id}`, { method: 'DELETE', key }));
  }
  for (const path of await callMerchantRoutes(id)) seen.add(path);
  // What phones and browsers call has tests of its own.
  const called = Object.keys(description.paths).filter((path) => !/^\/(?:apple|p)\//.test(path));
  assert.deepEqual([...seen].sort(), called.sort());
});

test('the examples of the description are accepted, and fit their own schemas', async () => {
  const made = await api.fetch(`/api/${tenant.tenantId}/webhook-endpoints`, {
    method: 'POST',
    key: tenant.keys.all,
    body: '{"url":"http://127.0.0.1:1/webhooks"}',
  });
  const { id: endpointId } = (await made.json()) as { id: string };
  await addSecondCustomer();
  for (const [path, methods] of Object.entries(description.paths)) {
    for (const [method, { requestBody }] of Object.entries(methods)) {
      const content = requestBody?.content['application/json'];
      if (!content) continue;
      assertFits(content.schema, content.example, path);
      // Signed by Klaviyo: test/trust sends it with a signature.
      if (path.endsWith('/klaviyo/system')) continue;
      const place = path
        .replace('{tenantId}', tenant.tenantId)
        .replace('{serialNumber}', tenant.pass.serialNumber)
        .replace('{endpointId}', endpointId)
        .replace('{customerId}', tenant.customerId);
      const response = await api.fetch(place, {
        method: method.toUpperCase(),
        key: tenant.keys.all,
        body: JSON.stringify(content.example),
      });
      assert.ok(response.ok, `${method} ${path}: ${response.status}`);
    }
  }
});

test('the type of every problem leads to a page about it', async () => {
  for (const [code, { title }] of Object.entries(PROBLEMS)) {
    const response = await api.fetch(`/problems/${code}`);
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^text\/html/);
    const html = await response.text();
    assert.ok(html.includes(`<h1>${title}</h1>`));
    const style = /<style>(.*?)<\/style>/s.exec(html)![1]!;
    const policy = response.headers.get('content-security-policy')!;
    assert.ok(
      policy.includes(`'sha256-${createHash('sha256').update(style).digest('base64')}'`),
      'its own style alone',
    );
    assert.doesNotMatch(policy, /unsafe/);
  }
  assert.equal((await api.fetch('/problems/constructor')).status, 404);
});

test('/docs loads nothing from elsewhere, and /docs.md names every call once', async () => {
  const html = await (await api.fetch('/docs')).text();
  assert.doesNotMatch(html, /(?:src=|href=|url\()["']?(?:https?:|\/\/)/);
  const lines = (await (await api.fetch('/docs.md')).text()).split('\n');
  for (const [path, methods] of Object.entries(description.paths))
    for (const method of Object.keys(methods))
      assert.equal(
        lines.filter((line) => line === `### ${method.toUpperCase()} ${path}`).length,
        1,
        `${method} ${path}`,
      );
});

test('HEAD, OPTIONS, wrong methods and unknown addresses get plain answers, and nothing redirects', async () => {
  const one = `/v1/passes/${tenant.pass.serialNumber}`;
  const head = await api.fetch(one, { method: 'HEAD', key: tenant.keys.all });
  assert.deepEqual([head.status, await head.text()], [200, '']);
  assert.equal((await api.fetch(`${one}/`, { key: tenant.keys.all })).status, 200);
  const options = await api.fetch(one, { method: 'OPTIONS' });
  assert.deepEqual([options.status, options.headers.get('allow')], [204, 'HEAD, GET, DELETE, PATCH, POST, OPTIONS']);
  const wrong = await api.fetch(one, { method: 'PUT', key: tenant.keys.all });
  assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'HEAD, GET, DELETE, PATCH, POST, OPTIONS']);
  for (const path of ['/nothing', '/v1/nothing', '/%', '/v1/passes/%E0%A4%A', '//evil.example/']) {
    const response = await api.fetch(path, { key: tenant.keys.all });
    assert.ok([400, 404].includes(response.status), `${path}: ${response.status}`);
    assert.match(response.headers.get('content-type') ?? '', /problem\+json/);
  }
});

test('every answer is private and typed', async () => {
  for (const path of ['/v1/pass-templates', '/livez', '/nothing']) {
    const { headers } = await api.fetch(path, { key: tenant.keys.all });
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('x-powered-by'), null);
  }
});

test('programs that read get the same as text: every call and problem, and a first page that leads there', async () => {
  const first = await (await api.fetch('/llms.txt')).text();
  for (const [, address] of first.matchAll(/\]\((\/[^)]+)\)/g))
    assert.equal((await api.fetch(address!)).status, 200, address);
  const calls = await api.fetch('/docs.md');
  assert.match(calls.headers.get('content-type')!, /^text\/markdown/);
  const text = await calls.text();
  const { paths } = (await (await api.fetch('/openapi.json')).json()) as { paths: Record<string, object> };
  for (const [path, methods] of Object.entries(paths)) {
    for (const method of Object.keys(methods)) assert.ok(text.includes(`## ${method.toUpperCase()} ${path}\n`), path);
  }
  assert.match(await (await api.fetch('/problems.md')).text(), /## idempotency-key-reused/);
});

test('every reference of the description leads somewhere in it', () => {
  const lost: string[] = [];
  const visit = (value: unknown): void => {
    if (value === null || typeof value !== 'object') return;
    const { $ref } = value as { $ref?: unknown };
    if (typeof $ref === 'string') {
      const found = $ref
        .replace(/^#\//, '')
        .split('/')
        .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], description);
      if (!$ref.startsWith('#/') || found === undefined) lost.push($ref);
    }
    Object.values(value).forEach(visit);
  };
  visit(description);
  assert.deepEqual([...new Set(lost)], []);
});
