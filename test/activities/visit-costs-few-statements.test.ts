import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { writeBackVisitActivity } from '../../src/activities/write-back-visit.js';
import type { Database, TenantSql } from '../../src/database/connect.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestKlaviyo, type TestKlaviyo } from '../support/klaviyo.js';
import { acceptMany } from '../support/segment.js';
import { createTestDeps } from '../support/deps.js';

/** Each is a transaction of its own: a commit, and a round trip. */
const MOST = 15;

describe('a visit to Klaviyo with nothing in trouble', () => {
  let test: TestDatabase;
  let klaviyo: TestKlaviyo;
  let commits = 0;
  before(async () => {
    test = await createTestDatabase();
    const { database } = test;
    const counted = (sql: TenantSql): TenantSql => ({
      tenantId: sql.tenantId,
      query: (...args) => {
        commits += 1;
        return sql.query(...args);
      },
      transaction: (work) => {
        commits += 1;
        return sql.transaction(work);
      },
    });
    const counting: Database = { ...database, tenant: (id) => counted(database.tenant(id)), system: database.system };
    test = { ...test, database: counting };
    klaviyo = await startTestKlaviyo(test);
  });
  after(async () => {
    await klaviyo.simulator.close();
    await test.drop();
  });

  it(`commits ${MOST} times at most, for profile, record and event`, async () => {
    const tenant = await klaviyo.tenant();
    const { tenantId } = tenant;
    const deps = createTestDeps(test, { klaviyo: klaviyo.access });
    const { id: passId } = tenant.pass;
    const visitKlaviyo = writeBackVisitActivity(deps);
    const visit = async (): Promise<number> => {
      const [operationId] = await acceptMany(test, tenant, [{ identifiers: [], data: {} }], { later: true });
      await test.owner(`update operations set status = 'running', pass_id = $2 where operation_id = $1`, [
        operationId,
        passId,
      ]);
      commits = 0;
      const visited = await visitKlaviyo({
        ...{ tenantId, operationId: operationId!, run: 1, passId, event: 'updated' },
      });
      assert.deepEqual(visited, { next: null });
      return commits;
    };
    // The first one makes the link and learns of account and profile.
    await visit();
    const count = await visit();
    assert.ok(count <= MOST, `${count} commits`);
    assert.equal(klaviyo.simulator.events().length, 2);
  });
});
