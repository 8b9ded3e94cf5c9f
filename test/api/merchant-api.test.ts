import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  createPassrelayClient,
  PassrelayError,
  type MerchantEvent,
  type PassrelayClient,
} from '../../client/src/index.js';
import { EVENT_TYPES } from '../../src/merchants/events.js';
import { startMerchantSimulator } from '../../src/simulators/merchant/merchant.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { until } from '../support/operations.js';
import { addCustomer, seedProfileTenant, type ProfileTenant } from '../support/profiles.js';

describe('profile sync and the merchant’s calls, through the published client', () => {
  let test: TestDatabase;
  let engine: TestEngine;
  let api: TestApi;
  let tenant: ProfileTenant;
  let other: ProfileTenant;
  let client: PassrelayClient;
  const clientOf = (owner: ProfileTenant, apiKey = owner.keys.all) =>
    createPassrelayClient({ baseUrl: api.baseUrl, apiKey, tenantId: owner.tenantId });

  before(async () => {
    test = await createTestDatabase();
    tenant = await seedProfileTenant(test, {
      defaultCountry: 'FR',
      pushWindowSeconds: 2,
      requestsPerMinute: 1_000_000,
    });
    other = await seedProfileTenant(test, { listeners: { profileSync: false } });
    engine = await startEngine(test);
    api = await startTestApi({ database: test.database });
    client = clientOf(tenant);
  });
  after(async () => {
    await api.close();
    await engine.stop();
    await test.drop();
  });

  const refused = (status: number, code: string) => (error: unknown) =>
    error instanceof PassrelayError && error.status === status && error.code === code;

  it('accepts a changed profile with 202 and shows its way; finds it by any form of a phone number', async () => {
    const sarah = await addCustomer(test, tenant, { email: 'phone@example.com', phone: '+33612345678' });
    for (const [index, phone] of [
      '06 12 34 56 78',
      '+33 6 12 34 56 78',
      'tel:+33612345678',
      '0033612345678',
    ].entries()) {
      const accepted = await client.syncProfile({ email: null, phone_number: phone, first_name: `Sarah ${index}` });
      assert.equal(
        accepted.statusUrl,
        `https://passes.example/api/${tenant.tenantId}/operations/${accepted.correlationId}`,
      );
      const done = await client.waitForOperation(accepted.correlationId, 30_000, 50);
      assert.deepEqual([done.status, done.outcome, done.customerId], ['succeeded', 'synced', sarah.customerId], phone);
    }
    const found = await client.getCustomer(sarah.customerId);
    assert.deepEqual(
      [found.phone, found.firstName, found.passes[0]?.data['name']],
      ['+33612345678', 'Sarah 3', 'Sarah 3'],
    );
  });

  it('answers what cannot be accepted with the cure', async () => {
    const blank = { email: null, phone_number: '  ' };
    await assert.rejects(client.syncProfile(blank), (error: unknown) => {
      assert.ok(refused(400, 'identifier-missing')(error));
      return /person\.email/.test((error as Error).message);
    });
    await assert.rejects(
      clientOf(other).syncProfile({ email: other.email, phone_number: null }),
      refused(403, 'listener-closed'),
    );
    await assert.rejects(clientOf(other, tenant.keys.all).syncProfile(blank), refused(403, 'wrong-tenant'));
    const answer = await api.fetch(`/api/${tenant.tenantId}/webhooks/listeners/klaviyo/profiles/sync`, {
      method: 'POST',
      key: tenant.keys.listener,
      body: JSON.stringify({ email: tenant.email, phone_number: null }),
    });
    const { correlationId } = (await answer.json()) as { correlationId: string };
    assert.equal(answer.status, 202);
    assert.equal(answer.headers.get('x-correlation-id'), correlationId);
    assert.match(answer.headers.get('location') ?? '', new RegExp(`/operations/${correlationId}$`));
  });

  it('a burst of 50 for one customer ends with the newest, and tells the merchant a few times, not 50', async () => {
    const customer = await addCustomer(test, tenant, { email: 'burst@example.com' });
    const accepted = [];
    for (let points = 1; points <= 50; points++) {
      accepted.push(
        await client.syncProfile({
          email: 'burst@example.com',
          phone_number: null,
          properties: { loyalty_tier: `tier ${points}` },
        }),
      );
    }
    const ended = [];
    for (const { correlationId } of accepted) ended.push(await client.waitForOperation(correlationId, 60_000, 50));
    assert.ok(ended.every(({ status }) => status === 'succeeded'));
    assert.deepEqual([...new Set(ended.map(({ outcome }) => outcome))].sort(), ['superseded', 'synced']);
    const last = ended.at(-1)!;
    assert.equal(last.outcome, 'synced');
    const covered = ended.find(({ outcome }) => outcome === 'superseded')!;
    assert.match(covered.reason ?? '', /covers this one: [0-9a-f-]{36}/);
    const [pass] = (await client.getCustomer(customer.customerId)).passes;
    assert.equal(pass?.data['tier'], 'tier 50');
    const events = await test.owner(`select from events where customer_id = $1 and type = 'customer.updated'`, [
      customer.customerId,
    ]);
    assert.ok(events.length <= 6, `${events.length} events`);
    const listed = [];
    for await (const one of client.listOperations({ customer: customer.customerId })) listed.push(one.correlationId);
    assert.deepEqual(listed, accepted.map(({ correlationId }) => correlationId).reverse());
  });

  it('streams an operation until it ends', async () => {
    await addCustomer(test, tenant, { email: 'stream@example.com' });
    const { correlationId } = await client.syncProfile({
      email: 'stream@example.com',
      phone_number: null,
      first_name: 'S',
    });
    const path = `/api/${tenant.tenantId}/operations/${correlationId}/events`;
    const response = await api.fetch(path, { key: tenant.keys.all });
    assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
    const text = await response.text();
    const last = text.trim().split('\n\n').at(-1)!.split('\n');
    assert.equal(last[0], 'event: end');
    const operation = JSON.parse(last[1]!.replace(/^data: /, '')) as { status: string; correlationId: string };
    assert.deepEqual([operation.status, operation.correlationId], ['succeeded', correlationId]);

    // Whoever reconnects gets what they have not seen, and nothing once they have seen the end.
    const ids = [...text.matchAll(/^id: (.+)$/gm)].map(([, id]) => id!);
    assert.deepEqual(ids.slice(-2), [ids.at(-2), `${ids.at(-2)}.end`]);
    const reconnect = (id: string) => api.fetch(path, { key: tenant.keys.all, headers: { 'Last-Event-ID': id } });
    const rest = await (await reconnect(ids.at(-2)!)).text();
    assert.deepEqual(rest.match(/^event: .+$/gm), ['event: end']);
    assert.equal((await reconnect(ids.at(-1)!)).status, 204);
    const seen = [];
    for await (const { status, steps } of client.watchOperation(correlationId)) seen.push([status, steps.length > 0]);
    assert.deepEqual(seen, [['succeeded', true]]);
    assert.equal((await api.fetch(path.replace(tenant.tenantId, other.tenantId), { key: other.keys.all })).status, 404);
  });

  it('lets the merchant pull every event once, in order, and nobody else’s', async () => {
    const seen: MerchantEvent[] = [];
    let next: string | undefined;
    await until(async () => {
      const page = await client.pullEvents({ ...(next !== undefined && { after: next }), limit: 3 });
      next = page.next;
      seen.push(...page.events);
      return (
        seen.some(
          ({ data }) => data['changedFields'] instanceof Array && data['changedFields'].includes('firstName'),
        ) && !page.more
      );
    }, 'events of the syncs');
    assert.equal(new Set(seen.map(({ id }) => id)).size, seen.length);
    const keys = seen.map(({ data }) => Number(data.orderKey));
    assert.deepEqual(
      keys,
      [...keys].sort((a, b) => a - b),
    );
    assert.deepEqual((await clientOf(other).pullEvents()).events, []);
    await assert.rejects(clientOf(tenant, other.keys.all).pullEvents(), refused(403, 'wrong-tenant'));
    await assert.rejects(client.pullEvents({ after: 'nonsense' }), refused(400, 'invalid-parameter'));
  });

  it('registers, tests, rotates, changes and deletes an endpoint, with the log of deliveries', async () => {
    const made = await client.createWebhookEndpoint('http://127.0.0.1:1/webhooks');
    const merchant = await startMerchantSimulator({ secret: made.secret });
    try {
      await client.updateWebhookEndpoint(made.id, { url: merchant.url, eventTypes: ['pass.voided'] });
      const first = await client.sendTestEvent(made.id);
      const delivered = (id: string) =>
        until(async () => {
          for await (const one of client.listDeliveries({ endpoint: made.id }))
            if (one.id === id && one.status === 'delivered') return one;
          return undefined;
        }, 'the test event');
      assert.equal((await delivered(first.deliveryId)).attempts[0]?.status, 200);
      const { secret } = await client.rotateWebhookSecret(made.id, 0);
      merchant.useSecrets(secret);
      await delivered((await client.sendTestEvent(made.id)).deliveryId);
      await client.redeliver(first.deliveryId);
      await until(
        async () => merchant.deliveries.filter(({ id }) => id === first.eventId).length === 2,
        'the redelivery',
      );
      assert.equal(merchant.deliveries.at(-1)?.duplicate, true);
      await test.owner(`update webhook_endpoints set state = 'disabled' where endpoint_id = $1`, [made.id]);
      await assert.rejects(client.redeliverFailed(made.id), refused(409, 'conflict'));
      await client.redeliver(first.deliveryId);
      const shown = await client.getWebhookEndpoint(made.id);
      assert.deepEqual([shown.eventTypes, 'secret' in shown], [['pass.voided'], false]);

      const stranger = clientOf(other);
      await assert.rejects(stranger.getWebhookEndpoint(made.id), refused(404, 'not-found'));
      await assert.rejects(stranger.redeliver(first.deliveryId), refused(404, 'not-found'));
      await assert.rejects(stranger.deleteWebhookEndpoint(made.id), refused(404, 'not-found'));
      await assert.rejects(stranger.getCustomer(tenant.customerId), refused(404, 'not-found'));
      await assert.rejects(
        clientOf(tenant, tenant.keys.listener).listWebhookEndpoints(),
        refused(403, 'missing-scope'),
      );
      await assert.rejects(client.createWebhookEndpoint('http://169.254.169.254/'), refused(422, 'invalid-request'));
      await client.deleteWebhookEndpoint(made.id);
      assert.deepEqual(await client.listWebhookEndpoints(), []);
    } finally {
      await merchant.stop();
    }
  });

  it('says of a refused body what is wrong, where and how to write it', async () => {
    const refusal = async (body: object) => {
      const response = await api.fetch(`/api/${tenant.tenantId}/webhook-endpoints`, {
        method: 'POST',
        key: tenant.keys.all,
        body: JSON.stringify(body),
      });
      assert.equal(response.status, 422);
      return ((await response.json()) as { errors: object[] }).errors;
    };
    assert.deepEqual(await refusal({ uri: 'https://shop.example/hooks', eventTypes: [] }), [
      {
        pointer: '/url',
        message: '"url" is missing.',
        cure: 'add "url": a text ("…").',
      },
      {
        pointer: '/eventTypes',
        message: '"eventTypes" has too few entries.',
        cure: 'give at least 1 entry.',
      },
      { pointer: '/uri', message: '"uri" is not known here.', cure: 'write "url" instead.' },
    ]);
    assert.deepEqual(await refusal({ url: 'shop', eventTypes: ['pass.update'] }), [
      {
        pointer: '/url',
        message: '"url" is "shop", which is not in the right form.',
        cure: 'use a complete address, such as https://shop.example/hooks.',
      },
      {
        pointer: '/eventTypes/0',
        message: 'entry 1 of "eventTypes" is "pass.update", which is not known here.',
        cure: `write "pass.updated"; possible are ${EVENT_TYPES.map((type) => `"${type}"`).join(', ')}.`,
      },
    ]);
  });

  it('the client waits as it is told and then goes on, and creates nothing twice', async () => {
    const waits: number[] = [];
    const keys: (string | null)[] = [];
    const answers = [429, 503, 202];
    const flaky = createPassrelayClient({
      baseUrl: 'https://passes.example',
      apiKey: 'key',
      tenantId: 'demo',
      sleep: async (ms) => void waits.push(ms),
      fetch: async (_url, init) => {
        keys.push(new Headers(init?.headers).get('idempotency-key'));
        const status = answers.shift()!;
        return new Response(JSON.stringify({ correlationId: 'x', statusUrl: 'y' }), {
          status,
          headers: status === 429 ? { 'retry-after': '7' } : {},
        });
      },
    });
    assert.deepEqual(await flaky.syncProfile({ email: 'a@example.com', phone_number: null }), {
      correlationId: 'x',
      statusUrl: 'y',
    });
    assert.deepEqual([waits.length, waits[0], new Set(keys).size], [2, 7_000, 1]);
    // What carries no key is not tried again where something may have been made.
    answers.push(503, 429, 201);
    await assert.rejects(flaky.createWebhookEndpoint('https://shop.example'), { status: 503 });
    await flaky.createWebhookEndpoint('https://shop.example');
    assert.deepEqual([answers.length, keys.at(-1)], [0, null]);
  });

  it('the client takes a broken stream up again where it broke, until the end', async () => {
    const given: (string | null)[] = [];
    const block = (id: string, event: string, status: string) =>
      `event: ${event}\ndata: ${JSON.stringify({ status })}\nid: ${id}\n\n`;
    const streams = [
      `${block('1', 'operation', 'accepted')}: still there\n\nevent: operation\ndata: {"sta`,
      block('2', 'operation', 'succeeded') + block('2.end', 'end', 'succeeded'),
    ];
    const watching = createPassrelayClient({
      baseUrl: 'https://passes.example',
      apiKey: 'key',
      tenantId: 'demo',
      sleep: async () => undefined,
      fetch: async (_url, init) => {
        given.push(new Headers(init?.headers).get('last-event-id'));
        return new Response(streams.shift());
      },
    });
    const seen = [];
    for await (const { status } of watching.watchOperation('x')) seen.push(status);
    assert.deepEqual(
      [seen, given],
      [
        ['accepted', 'succeeded'],
        [null, '1'],
      ],
    );
  });
});
