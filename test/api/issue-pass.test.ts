import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { publishVersion } from '../../src/database/tenants/pass-types.js';
import { passTypeDesign } from '../../src/passes/pass-type.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

interface Issued {
  id: string;
  serialNumber: string;
  operationId: string;
  state: string;
  passTemplate: string;
  externalId: string | null;
  urls: { landing: string; apple: string | null; google: string | null };
  recipient: { email: string | null; name: string | null; phone: string | null };
}
interface Problem {
  detail: string;
  errors: { pointer?: string; message: string; cure: string }[];
}

let db: TestDatabase;
let api: TestApi;
let tenant: SeededTenant;
const CARD = 'ptk_0xca4d';

before(async () => {
  db = await createTestDatabase();
  api = await startTestApi({ database: db.database });
  tenant = await seedTenant(db);
  await addCard(tenant.tenantId);
});
after(async () => {
  await api.close();
  await db.drop();
});

async function addCard(tenantId: string): Promise<void> {
  const design = passTypeDesign.parse({
    name: 'card',
    id: CARD,
    description: 'Card',
    organizationName: 'Test',
    fields: [
      { apiFieldName: 'member-name', type: 'text', required: true, maxLength: 20 },
      { apiFieldName: 'points', type: 'integer' },
      { apiFieldName: 'tier', type: 'text', default: 'bronze' },
    ],
    visuals: { colour: { from: 'tier', cases: { gold: 'yellow' }, default: 'brown' } },
    apple: { passTypeIdentifier: 'pass.com.example.card', style: 'storeCard' },
  });
  await publishVersion(db.database.tenant(tenantId), design, {});
}

const send = (body: unknown, headers: Record<string, string> = {}, path = '/v1/passes', key = tenant.keys.all) =>
  api.fetch(path, {
    method: 'POST',
    headers: { 'X-API-KEY': key, 'X-ACCOUNT-ID': tenant.accountId, 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const order = (email: string, pass: object = {}, more: object = {}) => ({
  passTemplate: CARD,
  pass: { 'member-name': 'Ada', ...pass },
  recipient: { email, name: 'Ada Lovelace' },
  ...more,
});
const count = async (table: string): Promise<number> =>
  Number((await db.owner<{ n: string }>(`select count(*) as n from ${table}`))[0]!.n);
const everything = async () => ({
  operations: await count('operations'),
  customers: await count('customers'),
  passes: await count('passes'),
  identifiers: await count('customer_identifiers'),
});

test('a 201 means a live pass: customer, data with defaults, visuals, revision, event and operation', async () => {
  const response = await send(
    order(
      'Ada@Example.com',
      { points: '120' },
      {
        customerId: 'C-7',
        externalId: 'X-1',
        recipient: { email: 'Ada@Example.com', name: 'Ada Lovelace', phone: '+1 415 555 2671' },
      },
    ),
    { 'X-Klaviyo-Flow-ID': 'Flow1' },
  );
  assert.equal(response.status, 201);
  const issued = (await response.json()) as Issued;
  assert.ok(Buffer.from(issued.serialNumber, 'base64url').length >= 16, 'at least 128 bits');
  assert.equal(encodeURIComponent(issued.serialNumber), issued.serialNumber);
  assert.deepEqual(issued.urls, {
    landing: `https://passes.example/p/${issued.serialNumber}`,
    apple: `https://passes.example/p/${issued.serialNumber}/pass.pkpass`,
    google: null,
  });
  assert.deepEqual(issued.recipient, { email: 'ada@example.com', name: 'Ada Lovelace', phone: '+14155552671' });
  assert.deepEqual([issued.state, issued.passTemplate, issued.externalId], ['active', CARD, 'X-1']);

  const pass = await rowsOf(db).pass(issued.id);
  const operation = await rowsOf(db).operation(issued.operationId);
  const sequence = operation.acceptance_sequence as string;
  assert.deepEqual(pass.data, { 'member-name': 'Ada', points: 120, tier: 'bronze' });
  assert.deepEqual(pass.field_sequences, { 'member-name': sequence, points: sequence, tier: sequence });
  assert.deepEqual(pass.visuals, { colour: 'brown' });
  assert.equal(pass.apple_pass_type_identifier, 'pass.com.example.card');
  assert.deepEqual(
    [operation.kind, operation.origin, operation.flow_id, operation.status],
    ['issue-pass', 'klaviyo', 'Flow1', 'accepted'],
  );
  const customer = await rowsOf(db).customer(pass.customer_id);
  assert.deepEqual(
    [customer.email, customer.phone, customer.external_customer_id, customer.first_name, customer.last_name],
    ['ada@example.com', '+14155552671', 'C-7', 'Ada', 'Lovelace'],
  );
  const revisions = await rowsOf(db).revisions({ passId: issued.id }, 'revision', 'change', 'operation_id');
  assert.deepEqual(revisions, [{ revision: 1, change: 'created', operation_id: issued.operationId }]);
  const events = await rowsOf(db).events({ passId: issued.id }, 'type', 'operation_id');
  assert.deepEqual(events, [{ type: 'pass.created', operation_id: issued.operationId }]);
  const read = await api.fetch(`/v1/passes/${issued.serialNumber}`, { key: tenant.keys.all });
  assert.equal(((await read.json()) as { id: string }).id, issued.id);
});

test('the same key and body give the stored answer, another body 422, and redeliveries make nothing', async () => {
  const body = order('grace@example.com', {}, { idempotency_key: 'evt-1' });
  const first = await send(body);
  const before = await everything();
  const text = await first.text();
  for (let delivery = 0; delivery < 17; delivery++) {
    const again = await send(body);
    assert.equal(again.status, 201);
    assert.deepEqual(await again.json(), JSON.parse(text));
  }
  const other = await send(order('grace@example.com', { points: 9 }, { idempotency_key: 'evt-1' }));
  assert.equal(other.status, 422);
  assert.match(((await other.json()) as { type: string }).type, /idempotency-key-reused$/);
  assert.deepEqual(await everything(), before);
});

test('without a key the second call updates the live pass, by the same way as every change', async () => {
  const first = (await (await send(order('lin@example.com', { points: 1 }))).json()) as Issued;
  const second = await send(order('lin@example.com', { points: 2 }));
  assert.equal(second.status, 200);
  const again = (await second.json()) as Issued;
  assert.deepEqual([again.id, again.serialNumber], [first.id, first.serialNumber]);
  const operation = await rowsOf(db).operation(again.operationId, 'kind', 'input');
  assert.equal(operation.kind, 'push-update');
  assert.deepEqual(operation.input, {
    identifiers: [{ kind: 'serialNumber', value: first.serialNumber }],
    passType: null,
    data: { 'member-name': 'Ada', points: 2 },
    updateMetadata: true,
  });
});

test('simultaneous identical requests for a new person make one customer and one pass', async () => {
  for (const [n, more] of [{}, { customerId: 'C-9' }, { idempotency_key: 'twin' }].entries()) {
    const email = `twin${n}@example.com`;
    const responses = await Promise.all(Array.from({ length: 6 }, () => send(order(email, {}, more))));
    const statuses = responses.map(({ status }) => status).sort();
    const bodies = (await Promise.all(responses.map((response) => response.json()))) as Issued[];
    assert.equal(new Set(bodies.map(({ id }) => id)).size, 1, JSON.stringify(bodies));
    if ('idempotency_key' in more) assert.deepEqual(statuses, [201, 201, 201, 201, 201, 201]);
    else assert.deepEqual(statuses, [200, 200, 200, 200, 200, 201]);
    const passes = await db.owner(
      'select p.pass_id from passes p join customers c using (customer_id) where c.email = $1',
      [email],
    );
    assert.equal(passes.length, 1);
  }
});

test('where nobody is named, the id that the merchant gave stands for the holder: redeliveries make no second pass', async () => {
  const { passTemplate, pass } = order('x@example.com');
  const body = { passTemplate, pass, externalId: 'CARD-1' };
  const responses = await Promise.all(Array.from({ length: 6 }, () => send(body)));
  assert.deepEqual(responses.map(({ status }) => status).sort(), [200, 200, 200, 200, 200, 201]);
  const bodies = (await Promise.all(responses.map((response) => response.json()))) as Issued[];
  assert.equal(new Set(bodies.map(({ id }) => id)).size, 1);
  assert.equal((await send({ ...body, externalId: 'CARD-2' })).status, 201);
  const rows = await db.owner(`select count(*)::int as count from passes where external_id in ('CARD-1', 'CARD-2')`);
  assert.equal(rows[0]!['count'], 2);
});

test('a tenant that allows several passes gets one for every call', async () => {
  const several = await seedTenant(db, { allowSeveralPasses: true });
  await addCard(several.tenantId);
  const ids = new Set<string>();
  for (let call = 0; call < 2; call++) {
    const response = await send(
      order('sam@example.com'),
      { 'X-ACCOUNT-ID': several.accountId },
      '/v1/passes',
      several.keys.all,
    );
    assert.equal(response.status, 201);
    ids.add(((await response.json()) as Issued).id);
  }
  assert.equal(ids.size, 2);
});

test('all problems come at once, each with its place and cure, and nothing is half made', async () => {
  const before = await everything();
  const response = await send({
    passTemplate: CARD,
    pass: { 'member-nam': 'Ada', points: 'many', tier: 'gold' },
    recipient: { email: 'no address' },
  });
  assert.equal(response.status, 422);
  assert.match(response.headers.get('content-type')!, /^application\/problem\+json/);
  const { errors, detail } = (await response.json()) as Problem;
  const at = (pointer: string) => errors.find((error) => error.pointer === pointer);
  assert.match(at('/pass/member-nam')!.cure, /did you mean "member-name"/);
  assert.match(at('/pass/member-name')!.message, /required/);
  assert.equal(at('/pass/points'), undefined, 'an optional value costs nothing but itself');
  assert.match(detail, /Besides: points: "many" is not a whole number/);
  assert.ok(at('/recipient/email'));
  const unknown = (await (await send({ ...order('a@example.com'), passTemplate: 'ptk_0xca4e' })).json()) as Problem;
  assert.match(unknown.errors[0]!.cure, /did you mean "ptk_0xca4d"/);
  const long = (await (await send(order('a@example.com', { 'member-name': 'x'.repeat(21) }))).json()) as Problem;
  assert.match(long.errors[0]!.message, /longer than 20/);
  assert.equal((await send(order('a@example.com'), { 'X-API-KEY': 'wrong' })).status, 401);
  assert.equal((await send(order('a@example.com'), { 'X-ACCOUNT-ID': 'aid_0xdead' })).status, 403);
  assert.equal((await send(order('a@example.com'), {}, '/v1/passes', tenant.keys.listener)).status, 403);
  assert.deepEqual(await everything(), before);
});

test('identifiers of two people are refused, and a shared phone hands nobody another one’s pass', async () => {
  await send(order('one@example.com', {}, { customerId: 'C-one' }));
  await send({ ...order('two@example.com'), recipient: { email: 'two@example.com', phone: '+14155552672' } });
  const before = await everything();
  assert.equal((await send(order('two@example.com', {}, { customerId: 'C-one' }))).status, 409);
  const shared = { ...order('three@example.com'), recipient: { email: 'three@example.com', phone: '+14155552672' } };
  assert.deepEqual(await everything(), before);
  assert.equal((await send(shared)).status, 201, 'a pass of their own, by e-mail');
  const moved = await send(order('one.new@example.com', {}, { customerId: 'C-one' }));
  assert.equal(moved.status, 200, 'a customer id may bring a new address');
});

test('PATCH and POST change a pass by its serial number; what cannot be applied is refused at once', async () => {
  const issued = (await (await send(order('pat@example.com'))).json()) as Issued;
  const path = `/v1/passes/${issued.serialNumber}`;
  for (const method of ['PATCH', 'POST']) {
    const response = await api.fetch(path, { method, key: tenant.keys.all, body: '{"pass":{"points":7}}' });
    assert.equal(response.status, 202);
    const { operationId } = (await response.json()) as { operationId: string };
    const row = await rowsOf(db).operation(operationId, 'kind', 'input');
    assert.equal(row.kind, 'push-update');
    assert.deepEqual((row.input as { identifiers: unknown }).identifiers, [
      { kind: 'serialNumber', value: issued.serialNumber },
    ]);
  }
  const wrong = await send({ pass: { 'member-name': null } }, {}, path);
  assert.equal(wrong.status, 422);
  assert.equal(((await wrong.json()) as Problem).errors[0]!.pointer, '/pass/member-name');
  assert.equal((await send({ pass: { points: 1 } }, {}, '/v1/passes/nobody')).status, 404);
  assert.equal((await send({}, {}, path)).status, 422);
});

test('lists are filtered and paged', async () => {
  const own = await seedTenant(db);
  await addCard(own.tenantId);
  const headers = { 'X-ACCOUNT-ID': own.accountId };
  for (const email of ['l1@example.com', 'l2@example.com', 'l3@example.com']) {
    await send(order(email, {}, { customerId: `id-${email}`, externalId: email }), headers, '/v1/passes', own.keys.all);
  }
  const list = async (query: string) => {
    const response = await api.fetch(`/v1/passes?${query}`, { key: own.keys.all });
    return (await response.json()) as { passes: { externalId: string | null }[]; next: string | null };
  };
  assert.deepEqual(
    (await list('email=L2%40example.com')).passes.map((pass) => pass.externalId),
    ['l2@example.com'],
  );
  assert.deepEqual((await list('customerId=id-l3@example.com&state=active')).passes.length, 1);
  assert.equal((await list('customerId=id-l3@example.com&state=voided')).passes.length, 0);
  assert.equal((await list('externalId=l1@example.com&passType=card')).passes.length, 1);
  const seen: (string | null)[] = [];
  let next: string | null = '';
  while (next !== null) {
    const page = await list(`passType=card&limit=2${next === '' ? '' : `&cursor=${next}`}`);
    seen.push(...page.passes.map((pass) => pass.externalId));
    next = page.next;
  }
  assert.deepEqual(seen, ['l3@example.com', 'l2@example.com', 'l1@example.com']);
  assert.equal((await api.fetch('/v1/passes?cursor=x', { key: own.keys.all })).status, 400);
});
