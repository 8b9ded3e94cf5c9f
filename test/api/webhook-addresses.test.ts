import assert from 'node:assert/strict';
import type { lookup } from 'node:dns';
import { after, before, test } from 'node:test';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

const DNS: Readonly<Record<string, string>> = { 'inside.example.com': '10.0.0.7', 'shop.example.com': '93.184.216.34' };
const resolve = ((host: string, _: unknown, answer: (error: Error | null, found: object[]) => void) => {
  const address = DNS[host];
  if (address !== undefined) return answer(null, [{ address, family: 4 }]);
  answer(Object.assign(new Error('no'), { code: host === 'slow.example.com' ? 'EAI_AGAIN' : 'ENOTFOUND' }), []);
}) as unknown as typeof lookup;

let db: TestDatabase;
let api: TestApi;
let tenant: SeededTenant;
before(async () => {
  db = await createTestDatabase();
  tenant = await seedTenant(db);
  api = await startTestApi({ database: db.database, installation: 'production', resolve });
});
after(async () => {
  await api?.close();
  await db.drop();
});

interface Answer {
  id: string;
  warning?: string;
  errors?: { pointer: string; message: string; cure: string }[];
}
const send = async (method: string, path: string, body: object): Promise<{ status: number; answer: Answer }> => {
  const url = `/api/${tenant.tenantId}/webhook-endpoints${path}`;
  const response = await api.fetch(url, { method, key: tenant.keys.all, body: JSON.stringify(body) });
  return { status: response.status, answer: (await response.json()) as Answer };
};

test('a host inside is refused when it is registered or changed, one that has no name yet is told', async () => {
  const good = await send('POST', '', { url: 'https://shop.example.com/hooks' });
  assert.deepEqual([good.status, good.answer.warning], [201, undefined]);
  const unclear = await send('POST', '', { url: 'https://slow.example.com/hooks' });
  assert.deepEqual([unclear.status, unclear.answer.warning], [201, undefined]);
  const unknown = await send('POST', '', { url: 'https://nowhere.example.com/hooks' });
  assert.equal(unknown.status, 201);
  assert.match(unknown.answer.warning!, /does not know the host nowhere\.example\.com/);

  for (const [method, path] of [
    ['POST', ''],
    ['PATCH', `/${good.answer.id}`],
  ] as const) {
    const inside = await send(method, path, { url: 'https://inside.example.com/hooks' });
    assert.equal(inside.status, 422);
    const [fault] = inside.answer.errors!;
    assert.equal(fault!.pointer, '/url');
    assert.match(fault!.message, /inside\.example\.com resolves to a private/);
    assert.match(fault!.cure, /public address/);
  }
  const moved = await send('PATCH', `/${good.answer.id}`, { url: 'https://nowhere.example.com/hooks' });
  assert.match(moved.answer.warning!, /does not know/);
});

test('a wrong address and a wrong event type are named together, each with its cure', async () => {
  const { status, answer } = await send('POST', '', { url: 'http://10.0.0.1/', eventTypes: ['pass.update'] });
  assert.equal(status, 422);
  assert.deepEqual(answer.errors!.map(({ pointer }) => pointer).sort(), ['/eventTypes/0', '/url']);
  for (const { cure } of answer.errors!) assert.ok(cure.length > 10);
});

test('a delivery that is under way is a conflict, one that does not exist is not found', async () => {
  const [row] = await db.owner<{ id: string }>(
    `with event as (insert into events (event_id, tenant_id, type, payload, fanned_out)
                    values (gen_random_uuid(), $1, 'webhook.test', '{}', true) returning event_id)
     insert into deliveries (delivery_id, tenant_id, endpoint_id, event_id)
     select gen_random_uuid(), $1, endpoint_id, event_id from event, webhook_endpoints where tenant_id = $1 limit 1
     returning delivery_id as id`,
    [tenant.tenantId],
  );
  const redeliver = (id: string) =>
    api.fetch(`/api/${tenant.tenantId}/deliveries/${id}/redeliver`, { method: 'POST', key: tenant.keys.all });
  assert.equal((await redeliver(row!.id)).status, 409);
  assert.equal((await redeliver('00000000-0000-4000-8000-000000000000')).status, 404);
});

test('a parameter that a call of the API does not know is refused with the name that was meant', async () => {
  const get = (path: string) => api.fetch(path, { key: tenant.keys.all });
  const refused = await get(`/api/${tenant.tenantId}/operations?staus=failed&limit=5`);
  assert.equal(refused.status, 400);
  assert.deepEqual(((await refused.json()) as { errors: object[] }).errors, [
    { parameter: 'staus', message: '"staus" is not known here.', cure: 'write "status" instead.' },
  ]);
  assert.equal((await get(`/api/${tenant.tenantId}/operations?limit=5`)).status, 200);
  assert.equal((await api.fetch('/readyz?probe=1')).status, 200);
  const { keys, tenantId, email } = tenant;
  const path = `/api/${tenantId}/webhooks/listeners/klaviyo/passes/pushUpdate?utm_source=klaviyo`;
  const flow = await api.fetch(path, {
    method: 'POST',
    key: keys.all,
    body: JSON.stringify({ identifiers: { email }, additionalData: { points: 1 } }),
  });
  assert.equal(flow.status, 200, 'flows carry parameters of trackers');
});
