import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startKlaviyoSimulator, type KlaviyoSimulator } from '../../src/simulators/klaviyo/klaviyo.js';

let simulator: KlaviyoSimulator;
let nowMs = Date.parse('2026-08-01T09:30:00Z');
before(async () => {
  simulator = await startKlaviyoSimulator({
    clock: () => nowMs,
    accounts: [
      { apiKey: 'pk_test', rateLimits: false },
      { apiKey: 'pk_limited' },
      { apiKey: 'pk_poor', customObjects: false, scopes: ['custom-objects:write'] },
    ],
  });
});
after(() => simulator.close());

interface Reply {
  status: number;
  headers: Headers;
  body: {
    errors: { code: string; detail: string; source: { pointer?: string }; meta: { duplicate_profile_id?: string } }[];
    data: { id: string };
  };
}
async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const response = await fetch(simulator.url + path, {
    method,
    headers: {
      authorization: 'Klaviyo-API-Key pk_test',
      revision: '2026-07-15',
      'content-type': 'application/vnd.api+json',
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text ? JSON.parse(text) : null) as Reply['body'],
  };
}
const profile = (attributes: object, more: object = {}) => ({ data: { type: 'profile', attributes, ...more } });
const event = (attributes: object = {}) => ({
  data: {
    type: 'event',
    attributes: {
      properties: {},
      metric: { data: { type: 'metric', attributes: { name: 'Pass Created' } } },
      profile: { data: { type: 'profile', attributes: { email: 'event@example.com' } } },
      ...attributes,
    },
  },
});

const agreeing = (consentedAt?: string) => ({
  marketing: { consent: 'SUBSCRIBED', ...(consentedAt && { consented_at: consentedAt }) },
});

for (const path of [
  '/api/profiles',
  '/api/profile-import',
  '/api/events',
  '/api/event-bulk-create-jobs',
  '/api/profile-subscription-bulk-create-jobs',
  '/api/data-sources',
  '/api/data-source-record-create-jobs',
  '/api/data-source-record-bulk-create-jobs',
  '/api/object-types',
  '/api/object-schemas/x/relationships/profile-object-schemas',
]) {
  test(`canary: {} is refused by POST ${path}`, async () => {
    const { status, body } = await call('POST', path, {});
    assert.equal(status, 400);
    assert.deepEqual([body.errors[0]!.code, body.errors[0]!.source.pointer], ['invalid', '/data']);
  });
}
for (const path of ['/api/profiles/x', '/api/object-schemas/x', '/api/source-mappings/x']) {
  test(`canary: {} is refused by PATCH ${path}`, async () => {
    const { status } = await call('PATCH', path, {});
    assert.ok(status === 400 || status === 404, String(status));
  });
}

for (const [name, status, run] of [
  ['a bearer key', 401, () => call('GET', '/api/accounts', undefined, { authorization: 'Bearer pk_test' })],
  ['no revision', 400, () => call('GET', '/api/accounts', undefined, { revision: '' })],
  ['plain text', 415, () => call('POST', '/api/events', event(), { 'content-type': 'text/plain' })],
  ['broken JSON', 400, () => call('POST', '/api/events', '{"data":')],
  ['an unknown path', 404, () => call('GET', '/api/nothing')],
  ['a wrong method', 405, () => call('PATCH', '/api/events', {})],
  [
    'a profile over 100 KB',
    413,
    () => call('POST', '/api/profile-import', profile({ email: 'a@x.org', title: 'x'.repeat(102_400) })),
  ],
  [
    'a profile without identifier',
    400,
    () => call('POST', '/api/profile-import', profile({ first_name: 'Zoë', email: '' })),
  ],
  ['an unknown profile id', 404, () => call('POST', '/api/profile-import', profile({}, { id: '01NOBODY' }))],
  ['a bad phone alone', 400, () => call('POST', '/api/profile-import', profile({ phone_number: '0612345678' }))],
  ['a bad e-mail', 400, () => call('POST', '/api/profile-import', profile({ email: 'nobody' }))],
  ['an event without properties', 400, () => call('POST', '/api/events', event({ properties: undefined }))],
  ['an event before 1990', 400, () => call('POST', '/api/events', event({ time: '1989-01-01T00:00:00Z' }))],
  ['an event two years ahead', 400, () => call('POST', '/api/events', event({ time: '2028-08-02T00:00:00Z' }))],
  [
    'an event whose profile has a text for meta',
    400,
    () =>
      call(
        'POST',
        '/api/events',
        event({ profile: { data: { type: 'profile', attributes: { email: 'a@x.org', meta: 'x' } } } }),
      ),
  ],
  [
    'a second data source of one title',
    400,
    async () => {
      const attributes = { title: 'Only once', visibility: 'private', namespace: 'custom-objects' };
      const body = { data: { type: 'data-source', attributes } };
      await call('POST', '/api/data-sources', body);
      return call('POST', '/api/data-sources', body);
    },
  ],
  ['a time without zone', 400, () => call('POST', '/api/events', event({ time: '2026-08-01 09:30' }))],
  ['a filter that is none', 400, () => call('GET', '/api/profiles?filter=email')],
  ['a page of 101', 400, () => call('GET', '/api/profiles?page%5Bsize%5D=101')],
  [
    'a scope that the key lacks',
    403,
    () => call('GET', '/api/accounts', undefined, { authorization: 'Klaviyo-API-Key pk_poor' }),
  ],
] as const) {
  test(`refuses ${name} with ${status}`, async () => {
    const answer = await run();
    assert.equal(answer.status, status);
    assert.ok(answer.body.errors[0]!.detail.length > 0);
  });
}

const subscribing = (attributes: object, more: object = {}) =>
  call('POST', '/api/profile-subscription-bulk-create-jobs', {
    data: {
      type: 'profile-subscription-bulk-create-job',
      attributes: { profiles: { data: [{ type: 'profile', attributes }] }, ...more },
    },
  });
for (const [name, run] of [
  ['no channel', () => subscribing({ email: 'a@x.org', subscriptions: {} })],
  ['no subscriptions', () => subscribing({ email: 'a@x.org' })],
  ['SMS without a number', () => subscribing({ email: 'a@x.org', subscriptions: { sms: agreeing() } })],
  ['a number beyond E.164', () => subscribing({ phone_number: '0612345678', subscriptions: { sms: agreeing() } })],
  [
    'transactional messages without the word of consent',
    () => subscribing({ phone_number: '+14155552671', subscriptions: { sms: { ...agreeing(), transactional: {} } } }),
  ],
  [
    'an unsubscription',
    () => subscribing({ email: 'a@x.org', subscriptions: { email: { marketing: { consent: 'UNSUBSCRIBED' } } } }),
  ],
  [
    'a time of consent outside a historical import',
    () => subscribing({ email: 'a@x.org', subscriptions: { email: agreeing('2026-07-01T00:00:00Z') } }),
  ],
  [
    'a historical import without the time of consent',
    () => subscribing({ email: 'a@x.org', subscriptions: { email: agreeing() } }, { historical_import: true }),
  ],
] as const) {
  test(`refuses a subscription job with ${name}`, async () => assert.equal((await run()).status, 400));
}

test('identifiers of two profiles are 409 with the other id; nothing changes', async () => {
  const first = await call('POST', '/api/profile-import', profile({ email: 'one@x.org' }));
  const second = await call('POST', '/api/profile-import', profile({ phone_number: '+33612345678' }));
  const both = await call('POST', '/api/profile-import', profile({ email: 'one@x.org', phone_number: '+33612345678' }));
  assert.equal(both.status, 409);
  assert.equal(both.body.errors[0]!.meta.duplicate_profile_id, second.body.data.id);
  const patched = await call(
    'PATCH',
    `/api/profiles/${first.body.data.id}`,
    profile({ phone_number: '+33612345678' }, { id: first.body.data.id }),
  );
  assert.equal(patched.status, 409);
});

test('a bad phone beside an e-mail is dropped, and only a header says so', async () => {
  const answer = await call(
    'POST',
    '/api/profile-import',
    profile({ email: 'partial@x.org', phone_number: '0612345678' }),
  );
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.get('x-klaviyo-partial-failure'), 'phone_number');
});

test('null clears, an omitted field stays, properties are merged, patch_properties act', async () => {
  const send = (attributes: object, meta?: object) =>
    call('POST', '/api/profile-import', profile({ email: 'merge@x.org', ...attributes }, meta ? { meta } : {}));
  await send({ first_name: 'Zoë', last_name: 'M', properties: { a: 1, b: 2 } });
  await send(
    { last_name: null, properties: { b: 3 } },
    { patch_properties: { append: { list: 'apple' }, unset: 'a' } },
  );
  const { attributes } = simulator.profiles().find((one) => one.attributes['email'] === 'merge@x.org')!;
  assert.deepEqual(
    [attributes['first_name'], attributes['last_name'], attributes.properties],
    ['Zoë', null, { b: 3, list: ['apple'] }],
  );
});

test('an empty 202 has neither body nor content type', async () => {
  const answer = await call('POST', '/api/events', event());
  assert.deepEqual([answer.status, answer.body, answer.headers.get('content-type')], [202, null, null]);
});

test('limits: a burst is 429 with Retry-After until the second is over, a minute until it is over', async () => {
  const headers = { authorization: 'Klaviyo-API-Key pk_limited' };
  const ask = async () => (await call('GET', '/api/accounts', undefined, headers)).status;
  assert.equal(await ask(), 200);
  const throttled = await call('GET', '/api/accounts', undefined, headers);
  assert.deepEqual([throttled.status, throttled.headers.get('retry-after')], [429, '1']);
  for (let second = 1; second < 15; second++) {
    nowMs += 1000;
    assert.equal(await ask(), 200);
  }
  nowMs += 1000;
  const full = await call('GET', '/api/accounts', undefined, headers);
  assert.deepEqual([full.status, full.headers.get('retry-after')], [429, '45']);
  nowMs += 45_000;
  assert.equal(await ask(), 200);
});

test('without the entitlement a data source is made, an object type is 403', async () => {
  const headers = { authorization: 'Klaviyo-API-Key pk_poor' };
  const source = await call(
    'POST',
    '/api/data-sources',
    { data: { type: 'data-source', attributes: { title: 'x' } } },
    headers,
  );
  assert.equal(source.status, 201);
  const properties = [{ id: 1, name: 'state', type: 'string' }];
  const schema = { data: { type: 'object-schema', attributes: { status: 'draft', properties } } };
  const type = await call(
    'POST',
    '/api/object-types',
    { data: { type: 'object-type', attributes: { title: 'x', 'object-schema': schema } } },
    headers,
  );
  assert.deepEqual([type.status, type.body.errors[0]!.detail], [403, 'Entitlement to create object type not found.']);
});

test('faults over HTTP: a status once, then the call works; bad orders are refused', async () => {
  const order = (body: object) =>
    fetch(`${simulator.url}/simulator/faults`, { method: 'POST', body: JSON.stringify(body) });
  assert.equal((await order({ path: '/api/events', status: 503, retryAfter: '7' })).status, 204);
  const failed = await call('POST', '/api/events', event());
  assert.deepEqual([failed.status, failed.headers.get('retry-after')], [503, '7']);
  assert.equal((await call('POST', '/api/events', event())).status, 202);
  assert.equal((await order({ stauts: 503 })).status, 400);
});
