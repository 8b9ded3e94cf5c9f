import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { startMerchantSimulator, type MerchantSimulator } from '../../src/simulators/merchant/merchant.js';

const secretOf = (): string => `whsec_${randomBytes(32).toString('base64')}`;
const SECRET = secretOf();
const NOW = new Date('2026-01-01T00:00:00Z');
let merchant: MerchantSimulator;

beforeEach(async () => (merchant = await startMerchantSimulator({ secret: SECRET, clock: () => NOW.getTime() })));
afterEach(() => merchant.stop());

interface Attempt {
  readonly id?: string;
  readonly at?: Date;
  readonly secret?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly sentBody?: string;
  readonly method?: string;
  readonly timeoutMs?: number;
}

/** Signed by the standardwebhooks library, then broken as the attempt says. */
function deliver({
  id = 'msg_1',
  at = NOW,
  secret = SECRET,
  body = '{"type":"pass.updated"}',
  ...rest
}: Attempt = {}): Promise<Response> {
  const method = rest.method ?? 'POST';
  return fetch(merchant.url, {
    method,
    redirect: 'manual',
    headers: {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(id, at, body),
      ...rest.headers,
    },
    ...(rest.timeoutMs === undefined ? {} : { signal: AbortSignal.timeout(rest.timeoutMs) }),
    ...(method === 'POST' ? { body: rest.sentBody ?? body } : {}),
  });
}

test('a delivery signed by the standardwebhooks library is taken', async () => {
  assert.equal((await deliver({ body: '{"type":"pass.updated","text":"é€😀"}' })).status, 200);
  assert.deepEqual(
    merchant.received.map(({ id, payload }) => ({ id, payload })),
    [{ id: 'msg_1', payload: { type: 'pass.updated', text: 'é€😀' } }],
  );
});

const minutes = (count: number): Date => new Date(NOW.getTime() + count * 60_000);
const refusals: [string, Attempt][] = [
  ['another secret', { secret: secretOf() }],
  ['a body with one more space', { sentBody: '{"type": "pass.updated"}' }],
  ['another id than the signed one', { headers: { 'webhook-id': 'msg_2' } }],
  ['another timestamp than the signed one', { headers: { 'webhook-timestamp': String(NOW.getTime() / 1000 + 1) } }],
  ['a timestamp six minutes old', { at: minutes(-6) }],
  ['a timestamp six minutes ahead', { at: minutes(6) }],
  ['a timestamp in milliseconds', { headers: { 'webhook-timestamp': String(NOW.getTime()) } }],
  ['no signature', { headers: { 'webhook-signature': '' } }],
  [
    'a signature of another version',
    {
      headers: {
        'webhook-signature': new Webhook(SECRET).sign('msg_1', NOW, '{"type":"pass.updated"}').replace('v1,', 'v2,'),
      },
    },
  ],
  ['an empty id', { headers: { 'webhook-id': '' } }],
  ['another method', { method: 'PUT' }],
];
for (const [name, attempt] of refusals) {
  test(`401 for ${name}`, async () => {
    assert.equal((await deliver(attempt)).status, 401);
    assert.equal(merchant.received.length, 0);
    assert.notEqual(merchant.deliveries[0]?.fault, undefined);
  });
}

test('four minutes off are tolerated; while rotating, either of two secrets is right, and afterwards only the new one', async () => {
  const next = secretOf();
  assert.equal((await deliver({ at: minutes(-4) })).status, 200);
  merchant.useSecrets(SECRET, next);
  assert.equal((await deliver({ id: 'msg_2' })).status, 200);
  assert.equal((await deliver({ id: 'msg_3', secret: next })).status, 200);
  merchant.useSecrets(next);
  assert.equal((await deliver({ id: 'msg_4' })).status, 401);
  const both = [SECRET, next].map((secret) => new Webhook(secret).sign('msg_5', NOW, '{}')).join(' ');
  assert.equal((await deliver({ id: 'msg_5', body: '{}', headers: { 'webhook-signature': both } })).status, 200);
  assert.throws(() => merchant.useSecrets('whsec_c2hvcnQ='), /24 to 64 bytes/);
});

test('a repeated id is answered but acted on once; a refused attempt does not count as the first', async () => {
  merchant.answerWith({ status: 503, times: 1 });
  const statuses = [await deliver(), await deliver(), await deliver()].map(({ status }) => status);
  assert.deepEqual(statuses, [503, 200, 200]);
  assert.deepEqual(
    merchant.deliveries.map(({ duplicate }) => duplicate),
    [false, false, true],
  );
  assert.equal(merchant.received.length, 1);
});

test('an event older than one already taken of the same subject is dropped', async () => {
  const event = (orderKey: number, serialNumber: string): string =>
    JSON.stringify({ data: { orderKey, serialNumber } });
  await deliver({ id: 'a', body: event(2, 'one') });
  await deliver({ id: 'b', body: event(1, 'one') });
  await deliver({ id: 'c', body: event(1, 'two') });
  assert.deepEqual(
    merchant.received.map(({ id }) => id),
    ['a', 'c'],
  );
  assert.equal(merchant.deliveries[1]?.stale, true);
});

test('answers as told, over HTTP, too: status, Retry-After, redirect, delay, and silence', async () => {
  const told = await fetch(`${merchant.controlUrl}/simulator/answers`, {
    method: 'POST',
    body: JSON.stringify([
      { status: 429, headers: { 'retry-after': '7' }, times: 1 },
      { status: 302, headers: { location: 'http://169.254.169.254/' }, times: 1 },
      { status: 410, delayMs: 1, times: 1 },
      { silent: true, times: 1 },
    ]),
  });
  assert.equal(told.status, 200);
  const throttled = await deliver();
  assert.deepEqual([throttled.status, throttled.headers.get('retry-after')], [429, '7']);
  const redirect = await deliver();
  assert.deepEqual([redirect.status, redirect.headers.get('location')], [302, 'http://169.254.169.254/']);
  assert.equal((await deliver()).status, 410);
  await assert.rejects(deliver({ timeoutMs: 50 }), { name: 'TimeoutError' });
  assert.equal((await deliver()).status, 200);

  const listed = await fetch(`${merchant.controlUrl}/simulator/deliveries`);
  const { deliveries, received } = (await listed.json()) as { deliveries: { status: number }[]; received: string[] };
  assert.deepEqual(
    deliveries.map(({ status }) => status),
    [429, 302, 410, 0, 200],
  );
  assert.deepEqual(received, ['msg_1']);
});

test('an answer that makes no sense is refused with the reason', async () => {
  const response = await fetch(`${merchant.controlUrl}/simulator/answers`, { method: 'POST', body: '{"status":99}' });
  assert.equal(response.status, 400);
  assert.match(await response.text(), /status must be from 200 to 599/);
});
