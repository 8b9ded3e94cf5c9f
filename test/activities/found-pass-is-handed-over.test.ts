import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createActivities } from '../../src/activities/index.js';
import type { ActivityDeps } from '../../src/activities/deps.js';
import type { FoundPass } from '../../src/activities/find-pass.js';
import type { Database, TenantSql } from '../../src/database/connect.js';
import { createTenantReaders } from '../../src/database/tenants/tenant-readers.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { accept } from '../support/operations.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

describe('what find-pass read serves the step that follows', () => {
  let test: TestDatabase;
  let tenant: SeededTenant;
  let statements: string[];
  before(async () => {
    test = await createTestDatabase();
  });
  after(() => test.drop());

  /** The steps of one worker process, with a note of each statement. */
  function steps() {
    const noting = (sql: TenantSql): TenantSql => ({
      ...sql,
      query: (text, values) => (statements.push(typeof text === 'string' ? text : text.text), sql.query(text, values)),
    });
    const database: Database = { ...test.database, tenant: (id) => noting(test.database.tenant(id)) };
    return createActivities({ database, ...createTenantReaders(test.database), now: Date.now } as ActivityDeps);
  }
  const update = (data: object): Promise<string> =>
    accept(test, tenant, {
      kind: 'push-update',
      input: { identifiers: [{ kind: 'email', value: tenant.email }], passType: null, data, updateMetadata: false },
    });
  async function found(worker: ReturnType<typeof steps>, operationId: string, run = 1) {
    const ref = { tenantId: tenant.tenantId, operationId, run };
    const answer = (await worker['find-pass'](ref)) as Extract<FoundPass, { found: true }>;
    return { ...ref, passId: answer.passId, found: answer.evidence! };
  }
  const dataNow = () => rowsOf(test).pass(tenant.pass.id, 'data', 'revision');

  it('costs the update one statement less, and is not trusted twice', async () => {
    statements = [];
    tenant = await seedTenant(test);
    const worker = steps();
    const ref = await found(worker, await update({ points: 20 }));
    statements = [];
    assert.deepEqual(await worker['apply-data'](ref), { changed: 1, superseded: 0, revision: 2 });
    assert.equal(statements.length, 1, 'the write alone');
    // The answer was lost, and Temporal asks again.
    assert.deepEqual(await worker['apply-data'](ref), { changed: 1, superseded: 0, revision: 2 });
    assert.deepEqual(await dataNow(), { data: { points: 20 }, revision: 2 });
  });

  it('overwrites nobody who came between: the pass is read again', async () => {
    statements = [];
    tenant = await seedTenant(test);
    const worker = steps();
    const [older, newer] = [await update({ points: 30, tier: 'gold' }), await update({ points: 31 })];
    const ref = await found(worker, older);
    await steps()['apply-data'](await found(steps(), newer));
    assert.deepEqual(await worker['apply-data'](ref), { changed: 1, superseded: 1, revision: 3 });
    assert.deepEqual(await dataNow(), { data: { points: 31, tier: 'gold' }, revision: 3 });
  });

  it('is of no use to a run that follows one which had written', async () => {
    statements = [];
    tenant = await seedTenant(test);
    const operationId = await update({ points: 40 });
    await steps()['apply-data'](await found(steps(), operationId));
    await test.owner(`update operations set status = 'accepted', run = 2 where operation_id = $1`, [operationId]);
    const worker = steps();
    assert.deepEqual(await worker['apply-data'](await found(worker, operationId, 2)), {
      changed: 1,
      superseded: 0,
      revision: 2,
    });
    assert.equal((await dataNow())!.revision, 2);
  });
});
