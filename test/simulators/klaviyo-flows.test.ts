import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { RETRY_PAUSES_MS, startKlaviyoSimulator, type KlaviyoSimulator } from '../../src/simulators/klaviyo/klaviyo.js';

let nowMs = Date.parse('2026-08-01T00:00:00Z');
const startMs = nowMs;
let simulator: KlaviyoSimulator;
let answers: (number | 'hang' | 'cut')[] = [];
let seen: { headers: IncomingHttpHeaders; body: string }[] = [];
const merchant = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    seen.push({ headers: request.headers, body });
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
    if (answer === 'cut') request.socket.destroy();
    else if (answer !== 'hang') response.writeHead(answer, { location: '/elsewhere' }).end(`answered ${answer}`);
  });
});
let url = '';

before(async () => {
  await new Promise<void>((resolve) => merchant.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(merchant.address() as AddressInfo).port}/hook`;
  simulator = await startKlaviyoSimulator({
    clock: () => nowMs,
    sleep: (ms) => Promise.resolve(void (nowMs += ms)),
    webhookTimeoutMs: 300,
  });
});
beforeEach(() => {
  answers = [200];
  seen = [];
  nowMs = startMs;
});
after(async () => {
  await simulator.close();
  merchant.closeAllConnections();
  merchant.close();
});
const fire = () =>
  simulator.fireWebhook({ url, headers: { 'X-API-KEY': 'k' }, body: { email: 'a@x.org' }, flowId: 'WxYz12' });

test('a webhook is a POST with the author’s headers and the flow id', async () => {
  const delivery = await fire();
  assert.equal(delivery.state, 'delivered');
  assert.deepEqual([seen[0]!.headers['x-klaviyo-flow-id'], seen[0]!.headers['x-api-key']], ['WxYz12', 'k']);
  assert.equal(seen[0]!.body, '{"email":"a@x.org"}');
});

for (const status of [429, 500, 502, 503]) {
  test(`${status} is sent again until it is taken, the same bytes each time`, async () => {
    answers = [status, status, 202];
    const delivery = await fire();
    assert.deepEqual(
      delivery.attempts.map((attempt) => attempt.status),
      [status, status, 202],
    );
    assert.equal(new Set(seen.map(({ body }) => body)).size, 1);
    assert.equal(nowMs - startMs, RETRY_PAUSES_MS[0]! + RETRY_PAUSES_MS[1]!);
  });
}

test('18 attempts within 24 hours with growing pauses, then failed for good', async () => {
  answers = [503];
  const delivery = await fire();
  assert.deepEqual([delivery.state, delivery.attempts.length], ['failed', 18]);
  assert.ok(nowMs - startMs > 18 * 3_600_000 && nowMs - startMs <= 24 * 3_600_000);
  assert.ok(RETRY_PAUSES_MS.every((pause, i) => i === 0 || pause > RETRY_PAUSES_MS[i - 1]!));
});

for (const answer of [302, 400, 401, 404, 408, 413, 422, 504, 'hang', 'cut'] as const) {
  test(`${answer} loses the delivery for good`, async () => {
    answers = [answer];
    const delivery = await fire();
    assert.deepEqual([delivery.state, delivery.attempts.length, seen.length], ['skipped', 1, 1]);
    if (typeof answer === 'number') assert.equal(delivery.attempts[0]!.response, `answered ${answer}`);
  });
}

async function track(metric: string, attributes: object = {}) {
  const data = {
    type: 'event',
    attributes: {
      properties: { points: 120, note: null },
      metric: { data: { type: 'metric', attributes: { name: metric } } },
      profile: {
        data: {
          type: 'profile',
          attributes: { email: 'zoe@example.com', first_name: `Zoë "O'B"`, properties: { 'a.tier': 'Gold' } },
        },
      },
      unique_id: 'e1',
      ...attributes,
    },
  };
  const headers = {
    authorization: `Klaviyo-API-Key ${simulator.apiKey}`,
    revision: '2026-07-15',
    'content-type': 'application/json',
  };
  const response = await fetch(`${simulator.url}/api/events`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ data }),
  });
  assert.equal(response.status, 202);
  await simulator.settled();
}

test('an event starts its flow once; duplicates, other metrics and backfills start nothing', async () => {
  const template = `{"e":"{{ person.email }}","n":"{{ person.first_name }}","t":"{{ person|lookup:'a.tier' }}","p":{{ event.points }},"q":"{{ event.points }}","none":"{{ event.note }}","gone":"{{ event.gone }}","d":"{{ event.gone|default:'0' }}","id":"{{ event|lookup:'$event_id' }}","hole":{{ event.gone }}}`;
  simulator.addFlow({ id: 'F1', trigger: { metric: 'Placed Order' }, webhook: { url }, template });
  await track('Placed Order');
  await track('Placed Order');
  await track('Viewed Product');
  await track('Placed Order', { unique_id: 'e2', backfill: true });
  assert.equal(seen.length, 1);
  assert.equal(seen[0]!.headers['x-klaviyo-flow-id'], 'F1');
  assert.equal(
    seen[0]!.body,
    '{"e":"zoe@example.com","n":"Zoë &quot;O&#x27;B&quot;","t":"Gold","p":120,"q":"120","none":"None","gone":"","d":"0","id":"e1","hole":}',
  );
});

test('a flow started by hand renders for its profile; an unknown tag is a failed delivery in the log', async () => {
  const profileId = simulator.profiles()[0]!.id;
  const manual = { trigger: { manual: true as const }, webhook: { url } };
  simulator.runFlow(simulator.addFlow({ ...manual, template: '{"id":"{{ person.id }}"}' }), profileId);
  await simulator.settled();
  assert.equal(seen[0]!.body, `{"id":"${profileId}"}`);
  simulator.runFlow(simulator.addFlow({ ...manual, template: `{"x":"{{ person|lookup: 'x' }}"}` }), profileId);
  assert.match(simulator.deliveries.at(-1)!.attempts[0]!.response, /template error/);
  assert.equal(seen.length, 1);
});
