import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { newWebhookSecret, webhookHeaders } from '../../src/merchants/sign.js';

test('each valid secret verifies the delivery, by the library and by hand; another one and an altered body do not', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.json(), fc.integer({ min: 1, max: 3 }), (id, body, count) => {
      const secrets = Array.from({ length: count }, newWebhookSecret);
      const now = new Date();
      const headers = webhookHeaders(secrets, { id, body, now });
      for (const secret of secrets) {
        assert.deepEqual(new Webhook(secret).verify(body, headers), JSON.parse(body));
        const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
        const signed = `${id}.${headers['webhook-timestamp']}.${body}`;
        const signature = `v1,${createHmac('sha256', key).update(signed, 'utf8').digest('base64')}`;
        assert.ok(headers['webhook-signature']!.split(' ').includes(signature));
        assert.throws(() => new Webhook(secret).verify(`${body} `, headers));
      }
      assert.throws(() => new Webhook(newWebhookSecret()).verify(body, headers));
      assert.equal(headers['webhook-timestamp'], String(Math.floor(now.getTime() / 1000)));
    }),
    { numRuns: 50 },
  );
});
