import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createActivities } from '../../src/activities/index.js';
import type { ActivityDeps } from '../../src/activities/deps.js';
import { createTenantReaders } from '../../src/database/tenants/tenant-readers.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { accept } from '../support/operations.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

describe('conversions', () => {
  let test: TestDatabase;
  let tenant: SeededTenant;
  before(async () => {
    test = await createTestDatabase();
  });
  after(() => test.drop());

  const convertTo = async (passType: string, data: object = {}) => {
    const input = { identifiers: [{ kind: 'email', value: tenant.email }], passType, data, updateMetadata: false };
    const operationId = await accept(test, tenant, { kind: 'push-update', input });
    return { tenantId: tenant.tenantId, operationId, run: 1, passId: tenant.pass.id };
  };
  const steps = () =>
    createActivities({
      database: test.database,
      ...createTenantReaders(test.database),
      now: Date.now,
    } as unknown as ActivityDeps);
  const typeNow = async () => {
    const row = await rowsOf(test).pass(tenant.pass.id, 'pass_type_id', 'revision');
    return row;
  };

  it('the type accepted last stays, though an older request for another one comes later', async () => {
    tenant = await seedTenant(test);
    const [older, newer] = [await convertTo('premium'), await convertTo('basic')];
    const worker = steps();
    assert.equal((await worker['convert-type'](newer)).outcome, 'unchanged');
    assert.equal((await worker['convert-type'](older)).outcome, 'superseded');
    assert.deepEqual(await typeNow(), { pass_type_id: tenant.passTypes.basic, revision: 1 });
  });

  it('a conversion whose values will be refused changes nothing, for nobody would be told of the half', async () => {
    tenant = await seedTenant(test);
    const ref = await convertTo('premium', { tier: 'gold', ['k'.repeat(300)]: 1 });
    await assert.rejects(steps()['convert-type'](ref), { code: 'invalid-data' });
    assert.deepEqual(await typeNow(), { pass_type_id: tenant.passTypes.basic, revision: 1 });
  });
});
