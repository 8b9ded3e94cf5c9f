import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

let db: TestDatabase;
let api: TestApi;
let tenant: SeededTenant;
before(async () => {
  db = await createTestDatabase();
  api = await startTestApi({ database: db.database });
  tenant = await seedTenant(db, { requestsPerMinute: 1_000_000 });
});
after(async () => {
  await api.close();
  await db.drop();
});

/** Objects that look like deliveries, with any JSON in every place. */
const anything = fc.jsonValue({ maxDepth: 4 });
const delivery = fc.record(
  {
    identifiers: fc.oneof(
      anything,
      fc.record(
        { email: fc.oneof(fc.emailAddress(), anything), phone: anything, customerId: anything, serialNumber: anything },
        { requiredKeys: [] },
      ),
    ),
    passType: anything,
    additionalData: fc.oneof(anything, fc.dictionary(fc.string({ unit: 'binary' }), anything)),
    updateMetadata: anything,
    idempotency_key: fc.oneof(anything, fc.string({ unit: 'binary', maxLength: 300 })),
    version: anything,
  },
  { requiredKeys: [] },
);
/** Names that nobody knows come back as warnings, under the operation. */
const withUnknown = fc
  .tuple(delivery, fc.dictionary(fc.string({ unit: 'binary', maxLength: 8 }), anything))
  .map(([known, unknown]) => ({ ...unknown, ...known }));
const text = fc.oneof(
  withUnknown.map((value) => JSON.stringify(value)),
  fc.tuple(delivery, fc.nat(), fc.string({ unit: 'binary' })).map(([value, at, noise]) => {
    const json = JSON.stringify(value);
    const place = at % (json.length + 1);
    return json.slice(0, place) + noise + json.slice(place + noise.length);
  }),
  fc.string({ unit: 'binary' }),
);
/** What a fuzzer found once. */
const found = [
  '{"identifiers":{"customerId":"c-1"},"b\\u0000":1,"\\ud800":2}',
  '{"identifiers":{"customerId":"c-1"},"a\\u0000b":,}',
];
const path = () => `/api/${tenant.tenantId}/webhooks/listeners/klaviyo/passes/pushUpdate`;

test('whatever a delivery holds, it is accepted or refused for good: never a server error', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        text.map((t) => Buffer.from(t)),
        fc.uint8Array({ maxLength: 200 }),
      ),
      async (body) => {
        const response = await api.fetch(path(), {
          method: 'POST',
          key: tenant.keys.listener,
          body: Buffer.from(body),
        });
        const answer = await response.text();
        assert.ok([200, 400, 422].includes(response.status), `${response.status} ${answer}`);
        if (response.status !== 200) assert.ok((JSON.parse(answer) as { errors: object[] }).errors.length > 0);
      },
    ),
    { numRuns: 400, examples: found.map((one): [Uint8Array<ArrayBuffer>] => [new Uint8Array(Buffer.from(one))]) },
  );
});

test('whatever stands in address, query and headers, there is no server error', async () => {
  const part = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom('%', '%00', '..', '%2e%2e', '[]'),
  );
  const name = fc.constantFrom('pass', 'status', 'kind', 'from', 'to', 'cursor', 'limit', 'other');
  const escaped = part.map((value) => (value.startsWith('%') ? value : encodeURIComponent(value)));
  await fc.assert(
    fc.asyncProperty(escaped, fc.array(fc.tuple(name, escaped), { maxLength: 3 }), async (place, pairs) => {
      const query = pairs.map(([key, value]) => `${key}=${value}`).join('&');
      const key = tenant.keys.all;
      for (const address of [
        `/v1/passes/${place}?${query}`,
        `/api/${tenant.tenantId}/operations/${place}`,
        `/api/${tenant.tenantId}/operations?${query}`,
        `/api/${place}/operations`,
        `/problems/${place}`,
      ]) {
        const response = await api.fetch(address, { key });
        await response.arrayBuffer();
        assert.ok(response.status < 500, `${response.status} ${address}`);
      }
    }),
    { numRuns: 100 },
  );
});
