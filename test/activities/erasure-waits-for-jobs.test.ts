import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createKlaviyoClient } from '../../src/klaviyo/client.js';
import { passesOf, startBackfillDrill, type BackfillDrill } from '../support/backfill.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { accept } from '../support/operations.js';

let db: TestDatabase;
before(async () => void (db = await createTestDatabase()));
after(() => db.drop());

const COUNT = 22;
const waits = { code: 'klaviyo-job' };

/** What Klaviyo says of somebody's pass. */
const told = ({ simulator }: BackfillDrill, email: string): string[] =>
  simulator
    .profiles()
    .filter(({ attributes }) => attributes['email'] === email)
    .flatMap(({ attributes }) => Object.keys(attributes.properties))
    .filter((name) => name.startsWith('wallet_pass'));

test('whenever an erasure comes while a backfill prepares and sends its job, nothing of the person returns to Klaviyo', async () => {
  let last = 1;
  for (let place = 1; place <= last; place++) {
    const meanwhile = new Map<number, () => Promise<void>>();
    const drill = await startBackfillDrill(db, COUNT, { meanwhile });
    try {
      const person = (await passesOf(db, drill.tenant))[4]!;
      let waiting = false;
      meanwhile.set(place, async () => {
        waiting = await drill.clearProfile(person.customer_id).then(
          () => false,
          (error: unknown) => {
            assert.equal((error as { code: string }).code, waits.code);
            return true;
          },
        );
      });
      await drill.visit();
      if (place === 1) last = drill.ticks();
      await drill.run();
      if (waiting) await drill.clearProfile(person.customer_id);
      assert.deepEqual(told(drill, person.email), [], `erased before call ${place} of ${last}`);
    } finally {
      await drill.close();
    }
  }
  assert.ok(last > 10, `${last} places`);
});

test('an erasure waits for the job of a gathering, and for none that has ended', async () => {
  const drill = await startBackfillDrill(db, COUNT);
  try {
    const [person] = await passesOf(db, drill.tenant);
    const { email, customer_id: customerId, pass_id: passId } = person!;
    const client = createKlaviyoClient({ apiUrl: drill.simulator.url, apiKey: drill.apiKey });
    const attributes = { email, properties: { wallet_pass_serial: 'of a gathering' } };
    const job = await client.importProfiles([{ data: { type: 'profile', attributes } }]);
    const input = { identifiers: [], passType: null, data: {}, updateMetadata: false };
    const operationId = await accept(db, drill.tenant, { kind: 'push-update', input });
    await db.owner(`update operations set pass_id = $2, customer_id = $3 where operation_id = $1`, [
      ...[operationId, passId, customerId],
    ]);
    await db.owner(
      `insert into operation_steps (tenant_id, operation_id, step, state, detail) values ($1, $2, 'write-back-profile', 'waiting', $3)`,
      [drill.tenant.tenantId, operationId, JSON.stringify({ bulk: operationId, job })],
    );
    await assert.rejects(drill.clearProfile(customerId), waits);
    drill.pass(1);
    await drill.clearProfile(customerId);
    assert.deepEqual(told(drill, email), []);
  } finally {
    await drill.close();
  }
});
