import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { countStatementShapes } from '../../src/database/connect.js';
import {
  findOperation,
  insertOrFindOperation,
  listSteps,
  type OperationRow,
} from '../../src/database/operations/operations.js';
import type { Identifier, PushUpdateInput } from '../../src/passes/operation-input.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

describe('push-update on a real Temporal server', () => {
  let test: TestDatabase;
  let engine: TestEngine;
  let tenant: SeededTenant;

  before(async () => {
    test = await createTestDatabase();
    tenant = await seedTenant(test, { waitForUnknownPassSeconds: 0 });
    engine = await startEngine(test);
  });
  after(async () => {
    await engine.stop();
    await test.drop();
  });

  async function push(input: Partial<PushUpdateInput>): Promise<OperationRow> {
    const operationId = randomUUID();
    const full = {
      identifiers: [{ kind: 'email', value: tenant.email }],
      passType: null,
      data: {},
      updateMetadata: false,
      ...input,
    };
    await insertOrFindOperation(test.database.tenant(tenant.tenantId), {
      operationId,
      kind: 'push-update',
      origin: 'klaviyo',
      input: full,
    });
    for (;;) {
      const row = await findOperation(test.database.tenant(tenant.tenantId), operationId);
      if (row && ['succeeded', 'failed', 'cancelled'].includes(row.status)) return row;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  const steps = async (row: OperationRow): Promise<string[]> =>
    (await listSteps(test.database.tenant(tenant.tenantId), row.operation_id)).map(
      ({ step, state, attempts }) => `${step} ${state} ${attempts}`,
    );

  it('applies data, and applying it again changes nothing', async () => {
    const row = await push({ data: { points: 42 } });
    assert.deepEqual(
      [row.status, row.outcome, row.changed_fields, row.matched],
      ['succeeded', 'updated', ['points'], ['email']],
    );
    assert.deepEqual(await steps(row), [
      'find-pass succeeded 1',
      'apply-data succeeded 1',
      'notify-devices succeeded 1',
    ]);
    const again = await push({ data: { points: '42' } });
    assert.deepEqual([again.status, again.outcome, again.revision], ['succeeded', 'unchanged', null]);
  });

  it('converts the type and recomputes what depends on it', async () => {
    const row = await push({ passType: 'premium', data: { tier: 'gold' } });
    assert.deepEqual([row.status, row.outcome], ['succeeded', 'converted']);
    const pass = await rowsOf(test).pass(tenant.pass.id);
    assert.equal(pass.pass_type_id, tenant.passTypes.premium);
    assert.deepEqual(pass.data, { points: 42, tier: 'gold' });
  });

  it('names a pass type that does not exist, and the one that was meant', async () => {
    const unknown = await push({ passType: 'premum' });
    assert.deepEqual([unknown.status, unknown.outcome], ['failed', 'invalid-data']);
    assert.deepEqual(
      await steps(unknown),
      ['find-pass succeeded 1', 'convert-type failed 1'],
      'permanent faults are not retried',
    );
    assert.match(unknown.reason ?? '', /Did you mean "premium"/);
  });

  it('prepares no further statements for other values, more fields and more identifiers', async () => {
    const email = { kind: 'email', value: tenant.email };
    const serialNumber = { kind: 'serialNumber', value: tenant.pass.serialNumber };
    const work = async (identifiers: Identifier[], ...batches: PushUpdateInput['data'][]) => {
      for (const data of batches) await push({ identifiers, data });
      await push({ identifiers, data: batches[0]!, updateMetadata: true });
      await push({ identifiers: [{ kind: 'email', value: `${randomUUID()}@example.com` }, ...identifiers.slice(1)] });
    };
    await work([email], { points: 1 }, { points: 2 });
    await work([serialNumber], { points: 3 });
    const shapes = countStatementShapes();
    await work([email, serialNumber], { points: 4, tier: 'silver' }, { tier: 'gold' }, { points: 5 });
    assert.equal(countStatementShapes(), shapes);
    assert.ok(shapes > 10 && shapes < 150, `${shapes} statements`);
  });

  it('does not guess', async () => {
    const row = await push({ identifiers: [{ kind: 'email', value: 'nobody@example.com' }], data: { points: 1 } });
    assert.deepEqual([row.status, row.outcome], ['succeeded', 'pass-not-found']);
  });
});
