import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { publishVersion } from '../../src/database/tenants/pass-types.js';
import { updateSnippet, webhookSnippet } from '../../src/klaviyo/webhook-snippet.js';
import { passTypeDesign, type PassField, type PassTypeDesign } from '../../src/passes/pass-type.js';
import { renderTemplate } from '../../src/simulators/klaviyo/template.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { ended } from '../support/operations.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

let db: TestDatabase;
let api: TestApi;
let engine: TestEngine;
let tenant: SeededTenant;

before(async () => {
  db = await createTestDatabase();
  api = await startTestApi({ database: db.database });
  engine = await startEngine(db);
  tenant = await seedTenant(db);
});
after(async () => {
  await engine.stop();
  await api.close();
  await db.drop();
});

const demo = new URL('../../tenants/demo/pass-types/', import.meta.url);
const designs: PassTypeDesign[] = readdirSync(demo)
  .filter((name) => name.endsWith('.json'))
  .map((name) => passTypeDesign.parse(JSON.parse(readFileSync(new URL(name, demo), 'utf8'))))
  .map((design) => ({ ...design, name: `demo-${design.name}` }));
// Every type, with and without a default, and one that must be there.
designs.push(
  passTypeDesign.parse({
    name: 'every-type',
    id: 'ptk_0xeeee',
    description: 'Every type',
    organizationName: 'Test',
    fields: [
      { apiFieldName: 'who', type: 'text', required: true, source: 'first_name' },
      ...['text', 'number', 'integer', 'boolean', 'date', 'datetime', 'url'].flatMap((type) => [
        { apiFieldName: `a-${type}`, type },
        { apiFieldName: `d-${type}`, type, default: DEFAULT_OF(type) },
      ]),
      { apiFieldName: 'tier', type: 'text', oneOf: ['bronze', 'gold'], default: 'bronze' },
    ],
  }),
);

function DEFAULT_OF(type: string): string | number | boolean {
  const values: Record<string, string | number | boolean> = {
    number: 1.5,
    integer: 7,
    boolean: true,
    date: '2026-01-01',
    datetime: '2026-01-01T00:00:00.000Z',
    url: 'https://shop.example/',
  };
  return values[type] ?? 'default';
}

/** A value that is not the default, as it stands in a profile; also those that Klaviyo takes for missing. */
function valueOf(field: PassField, emptyLooking: boolean): unknown {
  if (field.oneOf) return 'gold';
  const values: Record<PassField['type'], unknown> = {
    text: `O'Brien & "Söhne" <1>`.slice(0, field.maxLength ?? 100),
    number: emptyLooking ? 0 : 12.25,
    integer: emptyLooking ? 0 : 500,
    boolean: false,
    date: '2027-02-28',
    datetime: '2027-02-28T10:00:00.000Z',
    url: 'https://shop.example/?a=1&b=2',
  };
  return values[field.type];
}

const ATTRIBUTES = ['email', 'phone_number', 'first_name', 'last_name'];

/** A person with one value under everything that the fields are filled from. */
function personOf(design: PassTypeDesign, email: string, valueFor: (field: PassField) => unknown) {
  const person: Record<string, unknown> = { email, first_name: 'Sarah' };
  const properties: Record<string, unknown> = {};
  for (const field of design.fields) {
    const source = (field.source ?? field.apiFieldName).replace(/^properties\./, '');
    if (ATTRIBUTES.includes(source)) continue;
    const value = valueFor(field);
    if (value !== undefined) properties[source] = value;
  }
  return { ...person, ...properties };
}

interface Posted {
  status: number;
  data: Record<string, unknown>;
}

for (const design of designs) {
  test(`${design.name}: neither printed webhook takes anything from a pass, for full and empty profiles alike`, async () => {
    await publishVersion(db.database.tenant(tenant.tenantId), design, {});
    const email = `${design.name}@example.com`;
    const place = { publicUrl: api.baseUrl, accountId: tenant.accountId, tenantId: tenant.tenantId };
    const snippets = [webhookSnippet(design, place), updateSnippet(design, place)];
    const passData = async () => {
      const [row] = await db.owner<{ data: Record<string, unknown> }>(
        `select p.data from passes p join customers c using (customer_id) where c.email = $1 and p.pass_type_id = $2`,
        [email, design.id],
      );
      return row!.data;
    };
    const post = async (which: number, person: Record<string, unknown>): Promise<Posted> => {
      const { url, body, headers } = snippets[which]!;
      const rendered = renderTemplate(body, { person, event: {} });
      const answer = await fetch(url, {
        method: 'POST',
        body: rendered,
        headers: { ...headers, 'X-API-KEY': tenant.keys.all },
      });
      const text = await answer.text();
      assert.ok(answer.status < 300, `${answer.status} ${text} ${rendered}`);
      const operationId = answer.headers.get('x-correlation-id')!;
      const row = await ended(db, tenant.tenantId, operationId);
      assert.equal(row.status, 'succeeded', `${row.outcome}: ${row.reason}`);
      return { status: answer.status, data: await passData() };
    };
    const full = personOf(design, email, (field) => valueOf(field, false));
    const zero = personOf(design, email, (field) => valueOf(field, true));
    const missing = personOf(design, email, () => undefined);
    const nulls = personOf(design, email, () => null);
    const blank = personOf(design, email, () => '');

    const first = await post(0, missing);
    assert.equal(first.status, 201);
    for (const field of design.fields) {
      if (field.default !== undefined)
        assert.deepEqual(first.data[field.apiFieldName], field.default, 'the design’s own');
    }
    const filled = await post(0, full);
    assert.equal(filled.status, 200);
    for (const field of design.fields) {
      const source = (field.source ?? field.apiFieldName).replace(/^properties\./, '');
      const expected = ATTRIBUTES.includes(source) ? full[source] : valueOf(field, false);
      if (expected !== undefined) assert.deepEqual(filled.data[field.apiFieldName], expected, field.apiFieldName);
    }
    for (const which of [0, 1]) {
      for (const person of [full, missing, nulls, blank]) {
        for (const time of ['once', 'again']) assert.deepEqual((await post(which, person)).data, filled.data, time);
      }
    }
    const zeroed = await post(1, zero);
    for (const field of design.fields.filter(({ type }) => type === 'number' || type === 'integer')) {
      assert.equal(zeroed.data[field.apiFieldName], 0, 'a zero is a value');
    }
    assert.deepEqual((await post(0, missing)).data, zeroed.data);
  });
}

test('no tag in the documents has a default that overwrites a pass', () => {
  const text = readFileSync(new URL('../../docs/klaviyo.md', import.meta.url), 'utf8');
  const bodies = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, body]) => body!);
  assert.ok(bodies.length >= 3);
  for (const body of bodies) assert.doesNotMatch(body, /default:'[^']/, body);
  for (const body of bodies) assert.doesNotMatch(body, /lookup:'[^']*'\|default/, body);
});
