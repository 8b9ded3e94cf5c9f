import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { until } from '../support/operations.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { operationView } from '../../src/api/routes/present-operation.js';

let db: TestDatabase;
let api: TestApi;
let tenant: SeededTenant;
let other: SeededTenant;
before(async () => {
  db = await createTestDatabase();
  api = await startTestApi({ database: db.database });
  tenant = await seedTenant(db);
  other = await seedTenant(db);
});
after(async () => {
  await api.close();
  await db.drop();
});

interface Page {
  operations: { correlationId: string; status: string; kind: string; links: object }[];
  next: string | null;
}
const accept = async (owner: SeededTenant): Promise<string> => {
  const response = await api.pushUpdate(owner.tenantId, owner.keys.all, { identifiers: { email: owner.email } });
  assert.equal(response.status, 200);
  return response.headers.get('x-correlation-id')!;
};
const list = async (query: string, owner = tenant): Promise<Page> => {
  const response = await api.fetch(`/api/${owner.tenantId}/operations?${query}`, { key: owner.keys.all });
  assert.equal(response.status, 200, query);
  return (await response.json()) as Page;
};

test('the status answers from the moment of acceptance', async () => {
  const id = await accept(tenant);
  const response = await api.fetch(`/api/${tenant.tenantId}/operations/${id}`, { key: tenant.keys.all });
  assert.equal(response.status, 200);
  const operation = operationView.parse(await response.json());
  assert.equal(operation.status, 'accepted');
  assert.equal(operation.kind, 'push-update');
  assert.deepEqual(operation.steps, []);
  assert.equal(
    operation.links.temporal,
    `http://temporal.example:8233/namespaces/default/workflows/push-update%2F${id}`,
  );
});

test('while an operation is in a burst, its link leads to the run of the burst', async () => {
  const id = await accept(tenant);
  const burstId = randomUUID();
  const linkOf = async (): Promise<string | null> => {
    const response = await api.fetch(`/api/${tenant.tenantId}/operations/${id}`, { key: tenant.keys.all });
    const { links } = operationView.parse(await response.json());
    const { operations } = await list('limit=1');
    assert.deepEqual([operations[0]?.correlationId, operations[0]?.links], [id, links], 'and in the list');
    return links.temporal;
  };
  const workflows = 'http://temporal.example:8233/namespaces/default/workflows/';
  await db.owner('update operations set burst_id = $2 where operation_id = $1', [id, burstId]);
  assert.equal(await linkOf(), `${workflows}push-update-burst%2F${burstId}`);
  await db.owner('update operations set burst_id = null where operation_id = $1', [id]);
  assert.equal(await linkOf(), `${workflows}push-update%2F${id}`);
});

test('it shows steps, their last error, what changed, and each device', async () => {
  const id = await accept(tenant);
  await db.owner(
    `update operations set status = 'retrying', pass_id = $2, matched = '{email}', changed_fields = '{points}', revision = 2, run = 2
      where operation_id = $1`,
    [id, tenant.pass.id],
  );
  await db.owner(
    `insert into operation_steps (tenant_id, operation_id, step, state, attempts, started_at, ended_at, last_error, detail) values
     ($1, $2, 'find-pass', 'succeeded', 1, now() - interval '2 s', now(), null, '{"tried": 1}'),
     ($1, $2, 'notify-devices', 'retrying', 3, now() - interval '1 s', null, '{"code": "apns-unavailable", "message": "503"}', '{}')`,
    [tenant.tenantId, id],
  );
  await db.owner(
    `insert into notifications (tenant_id, operation_id, target, pass_id, platform, state, attempts, reason)
     values ($1, $2, 'secret-push-token', $3, 'apple', 'gone', 1, 'Unregistered')`,
    [tenant.tenantId, id, tenant.pass.id],
  );
  const response = await api.fetch(`/api/${tenant.tenantId}/operations/${id}`, { key: tenant.keys.all });
  const text = await response.text();
  assert.ok(!text.includes('secret-push-token'));
  const operation = operationView.parse(JSON.parse(text));
  assert.equal(operation.status, 'retrying');
  assert.deepEqual(operation.pass, { id: tenant.pass.id, serialNumber: tenant.pass.serialNumber });
  assert.deepEqual(operation.matched, ['email']);
  assert.deepEqual(operation.changedFields, ['points']);
  assert.equal(operation.revision, 2);
  assert.deepEqual(
    operation.steps.map((step) => [step.step, step.state, step.attempts, step.lastError?.code ?? null]),
    [
      ['find-pass', 'succeeded', 1, null],
      ['notify-devices', 'retrying', 3, 'apns-unavailable'],
    ],
  );
  assert.deepEqual(
    operation.devices.map((device) => [device.platform, device.state, device.reason]),
    [['apple', 'gone', 'Unregistered']],
  );
  assert.ok(operation.links.temporal?.endsWith(`${id}%2F2`));
});

test('pages by cursor show every operation once, newest first, while new ones arrive', async () => {
  const reader = await seedTenant(db);
  const ids: string[] = [];
  for (let i = 0; i < 7; i++) ids.unshift(await accept(reader));
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page: Page = await list(`limit=3${cursor ? `&cursor=${cursor}` : ''}`, reader);
    seen.push(...page.operations.map((operation) => operation.correlationId));
    cursor = page.next;
    await accept(reader);
  } while (cursor);
  assert.deepEqual(seen, ids);
});

test('filters narrow the list', async () => {
  const reader = await seedTenant(db);
  const [a, b, c] = [await accept(reader), await accept(reader), await accept(reader)];
  await db.owner(`update operations set pass_id = $2, status = 'succeeded' where operation_id = $1`, [
    b,
    reader.pass.id,
  ]);
  await db.owner(
    `update operations set accepted_at = '2020-01-01T00:00:00Z', kind = 'void-pass' where operation_id = $1`,
    [a],
  );
  const ids = async (query: string) => (await list(query, reader)).operations.map((one) => one.correlationId);
  assert.deepEqual(await ids(`pass=${reader.pass.serialNumber}`), [b]);
  assert.deepEqual(await ids(`pass=${reader.pass.id}`), [b]);
  assert.deepEqual(await ids('pass=nobody'), []);
  assert.deepEqual(await ids(`pass=${other.pass.serialNumber}`), []);
  assert.deepEqual(await ids('status=succeeded'), [b]);
  assert.deepEqual(await ids('kind=void-pass'), [a]);
  assert.deepEqual(await ids('to=2020-01-02T00:00:00Z'), [a]);
  assert.deepEqual(await ids('from=2020-01-02T00:00:00%2B01:00&status=accepted'), [c]);
});

test('parameters that are not valid are named', async () => {
  for (const [query, parameter] of [
    ['status=done', 'status'],
    ['kind=x', 'kind'],
    ['from=yesterday', 'from'],
    ['limit=0', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['cursor=abc', 'cursor'],
    ['pass=%00', 'pass'],
  ]) {
    const response = await api.fetch(`/api/${tenant.tenantId}/operations?${query}`, { key: tenant.keys.all });
    assert.equal(response.status, 400, query);
    const { errors } = (await response.json()) as { errors: { parameter: string }[] };
    assert.equal(errors[0]?.parameter, parameter);
  }
  const response = await api.fetch(`/api/${tenant.tenantId}/operations/not-an-id`, { key: tenant.keys.all });
  assert.equal(response.status, 400);
});

/** An answer without what differs between any two answers. */
const comparable = async (response: Response, own: string, theirs: string) => {
  const text = (await response.text()).replaceAll(own, '<id>').replaceAll(theirs, '<id>');
  return {
    status: response.status,
    body: text.replace(/"correlationId":"[^"]+"/, ''),
    headers: [...response.headers.keys()].sort(),
  };
};

test('a tenant holds fifty streams open, no more, and keeps nobody else from theirs', async () => {
  const leave = new AbortController();
  const watch = async (owner: SeededTenant) => {
    const path = `/api/${owner.tenantId}/operations/${await accept(owner)}/events`;
    return api.fetch(path, { key: owner.keys.all, signal: leave.signal });
  };
  const streams = await Promise.all(Array.from({ length: 50 }, () => watch(tenant)));
  assert.ok(streams.every(({ status }) => status === 200));
  const refused = await watch(tenant);
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '10']);
  assert.equal((await watch(other)).status, 200);
  leave.abort();
  const path = `/api/${tenant.tenantId}/operations/${await accept(tenant)}/events`;
  await until(async () => {
    const again = await api.fetch(path, { key: tenant.keys.all });
    await again.body?.cancel();
    return again.status === 200;
  }, 'a place to become free');
});

test('what belongs to another tenant looks like what does not exist', async () => {
  const theirs = await accept(other);
  const nobody = randomUUID();
  const key = tenant.keys.all;
  for (const [theirPath, missingPath] of [
    [`/api/${tenant.tenantId}/operations/${theirs}`, `/api/${tenant.tenantId}/operations/${nobody}`],
    [`/api/${other.tenantId}/operations/${theirs}`, `/api/no-such-tenant/operations/${theirs}`],
    [`/api/${other.tenantId}/operations`, '/api/no-such-tenant/operations'],
    [`/v1/passes/${other.pass.serialNumber}`, '/v1/passes/no-such-pass'],
    [
      `/api/${tenant.tenantId}/operations?pass=${other.pass.serialNumber}`,
      `/api/${tenant.tenantId}/operations?pass=none`,
    ],
  ] as const) {
    const [a, b] = await Promise.all([api.fetch(theirPath, { key }), api.fetch(missingPath, { key })]);
    assert.deepEqual(await comparable(a, theirs, nobody), await comparable(b, theirs, nobody), theirPath);
  }
  const push = { identifiers: { email: other.email } };
  const [a, b] = [await api.pushUpdate(other.tenantId, key, push), await api.pushUpdate('no-such-tenant', key, push)];
  assert.equal(a.status, 403);
  assert.deepEqual(await comparable(a, theirs, nobody), await comparable(b, theirs, nobody));
});
