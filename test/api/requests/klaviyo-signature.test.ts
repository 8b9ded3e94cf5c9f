import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signSystemWebhook, verifySystemWebhook } from '../../../src/api/requests/klaviyo-signature.js';

const SENT = '2026-04-13T22:50:12.101159+00:00';
const envelope = {
  meta: { timestamp: SENT, klaviyo_webhook_id: 'W1', klaviyo_account_id: 'A1', version: '2024-06-28' },
  data: [{ topic: 'event:klaviyo.unsubscribed_from_email_marketing', external_id: 'E1', payload: {} }],
};
const raw = Buffer.from(JSON.stringify(envelope));
const stamp = 'Tue, 14 Apr 2026 03:50:12 GMT';
const headers = {
  'klaviyo-webhook-id': 'W1',
  'klaviyo-timestamp': stamp,
  'klaviyo-signature': signSystemWebhook('new', raw, stamp),
};
const now = () => Date.parse(SENT) + 60_000;
const reason = (result: ReturnType<typeof verifySystemWebhook>) => (result.ok ? 'ok' : result.reason);

test('accepts a valid request with the current or the former secret', () => {
  assert.equal(reason(verifySystemWebhook(headers, raw, { secrets: ['new'], now })), 'ok');
  assert.equal(reason(verifySystemWebhook(headers, raw, { secrets: ['newer', 'new'], now })), 'ok');
});

test('the HMAC is that of an independent computation over body and time stamp', async () => {
  const key = await crypto.subtle.importKey('raw', Buffer.from('new'), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
  ]);
  const mac = await crypto.subtle.sign('HMAC', key, Buffer.concat([raw, Buffer.from(stamp)]));
  assert.equal(headers['klaviyo-signature'], Buffer.from(mac).toString('hex'));
});

for (const [name, expected, change] of [
  ['another secret', 'wrong-signature', () => verifySystemWebhook(headers, raw, { secrets: ['old'], now })],
  [
    'an empty secret',
    'wrong-signature',
    () =>
      verifySystemWebhook({ ...headers, 'klaviyo-signature': signSystemWebhook('', raw, stamp) }, raw, {
        secrets: [''],
        now,
      }),
  ],
  [
    'one byte more',
    'wrong-signature',
    () => verifySystemWebhook(headers, Buffer.concat([raw, Buffer.from(' ')]), { secrets: ['new'], now }),
  ],
  [
    'another time stamp',
    'wrong-signature',
    () => verifySystemWebhook({ ...headers, 'klaviyo-timestamp': 'x' }, raw, { secrets: ['new'], now }),
  ],
  [
    'no signature',
    'missing-header',
    () => verifySystemWebhook({ ...headers, 'klaviyo-signature': undefined }, raw, { secrets: ['new'], now }),
  ],
  [
    'another webhook id',
    'wrong-webhook-id',
    () => verifySystemWebhook({ ...headers, 'klaviyo-webhook-id': 'W2' }, raw, { secrets: ['new'], now }),
  ],
  [
    'an old event',
    'too-old',
    () => verifySystemWebhook(headers, raw, { secrets: ['new'], now: () => now() + 26 * 3_600_000 }),
  ],
  [
    'an event from the future',
    'too-old',
    () => verifySystemWebhook(headers, raw, { secrets: ['new'], now: () => now() - 3_600_000, toleranceMs: 60_000 }),
  ],
] as const) {
  test(`refuses ${name}`, () => assert.equal(reason(change()), expected));
}

test('refuses a signed body that is no envelope, or has no readable time', () => {
  for (const body of [
    '[]',
    '{}',
    'x',
    JSON.stringify({ ...envelope, meta: { ...envelope.meta, timestamp: 'soon' } }),
  ]) {
    const bytes = Buffer.from(body);
    const signed = { ...headers, 'klaviyo-signature': signSystemWebhook('new', bytes, stamp) };
    assert.match(reason(verifySystemWebhook(signed, bytes, { secrets: ['new'], now })), /malformed|too-old/);
  }
});
