import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Database, Sql } from '../../../src/database/connect.js';
import { createAcceptance } from '../../../src/database/operations/accept-together.js';
import { insertOrFindOperation, type NewOperation } from '../../../src/database/operations/operations.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { seedTenant, type SeededTenant } from '../../support/tenant.js';

const hash = (text: string): Buffer => createHash('sha256').update(text).digest();

/** An order to notify the wallets of a pass; the key is an event's. */
const order = (change: Partial<NewOperation> = {}): NewOperation =>
  ({
    operationId: randomUUID(),
    kind: 'notify-pass',
    origin: 'api',
    input: { serialNumber: 'a "quoted" one', reason: 'Grüße' },
    ...change,
  }) as NewOperation;

describe('acceptances of one tenant', () => {
  let db: TestDatabase;
  let tenant: SeededTenant;
  let other: SeededTenant;
  let statements = 0;
  let counted: Database;
  before(async () => {
    db = await createTestDatabase();
    tenant = await seedTenant(db);
    other = await seedTenant(db);
    counted = {
      ...db.database,
      tenant(tenantId) {
        const sql = db.database.tenant(tenantId);
        const query = ((...args: Parameters<Sql['query']>) => {
          statements++;
          return sql.query(...args);
        }) as Sql['query'];
        return { ...sql, query };
      },
    };
  });
  after(() => db?.drop());

  it('share statements when they come together, and keep the order in which they came', async () => {
    statements = 0;
    const accept = createAcceptance(counted);
    const orders = Array.from({ length: 200 }, () => order());
    const accepted = await Promise.all(orders.map((one) => accept(tenant.tenantId, one)));
    // Two that went alone, and the other 198 in at least four statements.
    assert.ok(statements <= 10, `${statements} statements`);
    assert.deepEqual(
      accepted.map(({ operationId }) => operationId),
      orders.map(({ operationId }) => operationId),
    );
    assert.ok(
      accepted.every(({ duplicate, conflict }) => !duplicate && !conflict),
      'all are new',
    );
    // Two statements at once may commit in either order; in each the order is kept.
    const sequences = accepted.map(({ acceptanceSequence }) => BigInt(acceptanceSequence));
    const steps = sequences.slice(1).filter((sequence, index) => sequence < sequences[index]!).length;
    assert.ok(steps < statements, `${steps} turns in ${statements} statements`);
    const stored = await db.owner<{ id: string; input: unknown; accepted: string }>(
      `select operation_id as id, input, acceptance_sequence::text as accepted from operations where tenant_id = $1`,
      [tenant.tenantId],
    );
    const byId = new Map(stored.map(({ id, accepted: sequence }) => [id, sequence]));
    for (const { operationId, acceptanceSequence } of accepted) assert.equal(byId.get(operationId), acceptanceSequence);
    assert.deepEqual(stored[0]!.input, orders[0]!.input);
  });

  it('find their twins, in their own statement and in earlier ones, and only in their tenant', async () => {
    const accept = createAcceptance(counted);
    const first = order({ idempotencyKey: 'k1', bodyHash: hash('a') });
    await accept(tenant.tenantId, first);
    const fill = Array.from({ length: 5 }, () => order());
    const [, , , , , again, meantElse, twoA, twoB, elsewhere] = await Promise.all([
      ...fill.map((one) => accept(tenant.tenantId, one)),
      accept(tenant.tenantId, order({ idempotencyKey: 'k1', bodyHash: hash('a') })),
      accept(tenant.tenantId, order({ idempotencyKey: 'k1', bodyHash: hash('b') })),
      accept(tenant.tenantId, order({ idempotencyKey: 'k2', bodyHash: hash('a') })),
      accept(tenant.tenantId, order({ idempotencyKey: 'k2', bodyHash: hash('a') })),
      accept(other.tenantId, order({ idempotencyKey: 'k1', bodyHash: hash('a') })),
    ]);
    assert.deepEqual(
      [again!.operationId, again!.duplicate, again!.conflict],
      [first.operationId, true, false],
      'the same event again',
    );
    assert.deepEqual([meantElse!.duplicate, meantElse!.conflict], [true, true], 'another body under its key');
    assert.deepEqual([twoA!.duplicate, twoB!.duplicate, twoB!.conflict], [false, true, false], 'two in one statement');
    assert.equal(twoB!.operationId, twoA!.operationId);
    assert.equal(elsewhere!.duplicate, false, 'a key belongs to its tenant');
  });

  it('pass those that wait for a lock', async () => {
    const accept = createAcceptance(counted);
    const held = (idempotencyKey: string) => order({ idempotencyKey, bodyHash: hash('a') });
    const done = await db.database.tenant(tenant.tenantId).transaction(async (sql) => {
      // Somebody else's uncommitted rows with the keys of two requests: both statements wait for them.
      for (const key of ['l1', 'l2']) await insertOrFindOperation(sql, held(key));
      const waiting = [accept(tenant.tenantId, held('l1')), accept(tenant.tenantId, held('l2'))];
      const others = await Promise.all([accept(tenant.tenantId, order()), accept(tenant.tenantId, order())]);
      assert.ok(
        others.every(({ duplicate }) => !duplicate),
        'others are accepted meanwhile',
      );
      return { waiting };
    });
    for (const acceptance of await Promise.all(done.waiting)) assert.equal(acceptance.duplicate, true);
  });

  it('fail alone for what the database refuses', async () => {
    const accept = createAcceptance(counted);
    const refused = order({ input: { serialNumber: 'x\u0000', reason: '' } as never });
    const orders = [order(), order(), order(), refused, order(), order()];
    const results = await Promise.allSettled(orders.map((one) => accept(tenant.tenantId, one)));
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    );
  });

  it('fail together where the database is away, once', async () => {
    let tries = 0;
    const gone = Object.assign(new Error('down'), { code: '57P03' });
    const away = {
      ...db.database,
      tenant: (tenantId: string) => ({
        ...db.database.tenant(tenantId),
        query: () => {
          tries++;
          return Promise.reject(gone);
        },
      }),
    } as Database;
    const accept = createAcceptance(away);
    const results = await Promise.allSettled(Array.from({ length: 50 }, () => accept(tenant.tenantId, order())));
    assert.ok(
      results.every((result) => result.status === 'rejected' && result.reason === gone),
      'each is told why',
    );
    assert.equal(tries, 3, 'two alone, the rest together');
  });
});
