import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { pino } from 'pino';
import { findOperation } from '../../src/database/operations/operations.js';
import { claimUnderWay } from '../../src/database/operations/reconcile.js';
import { retryOperation } from '../../src/database/operations/retries.js';
import type { Loop } from '../../src/common/loop.js';
import { reconcile, startReconciler } from '../../src/dispatch/reconcile.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { accept, ended, until } from '../support/operations.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

describe('an operation whose workflow is gone', () => {
  let test: TestDatabase;
  let engine: TestEngine;
  let reconciler: Loop;
  let tenant: SeededTenant;
  const log = pino({ level: 'silent' });
  before(async () => {
    test = await createTestDatabase();
    tenant = await seedTenant(test, {
      waitForUnknownPassSeconds: 3600,
      waitForPassSeconds: 3600,
      pushWindowSeconds: 0,
    });
    engine = await startEngine(test);
    reconciler = startReconciler({ database: test.database, client: engine.client, log, everyMs: 25 });
  });
  after(async () => {
    await reconciler.stop();
    await engine.stop();
    await test.drop();
  });

  const input = (email: string, points: number) => ({
    identifiers: [{ kind: 'email', value: email }],
    passType: null,
    data: { points },
    updateMetadata: false,
  });
  const row = (id: string) => findOperation(test.database.tenant(tenant.tenantId), id);
  const handle = (id: string) => engine.client.workflow.getHandle(`push-update/${id}`);
  /** As if nobody had looked at it for six minutes. */
  const age = (id: string) =>
    test.owner(`update operations set dispatch_after = now() - interval '6 minutes' where operation_id = $1`, [id]);
  async function waiting(): Promise<string> {
    const id = await accept(test, tenant, { kind: 'push-update', input: input('nobody@example.com', 1) });
    await until(async () => (await row(id))?.status === 'running', 'the wait for a pass');
    return id;
  }
  const write = async (status: string, points: number) => {
    const id = randomUUID();
    await test.owner(
      `insert into operations (operation_id, tenant_id, kind, input, status, dispatch_after)
       values ($1, $2, 'push-update', $3, $4, now() + interval '1 hour')`,
      [id, tenant.tenantId, JSON.stringify(input(tenant.email, points)), status],
    );
    return id;
  };

  it('starts again where Temporal does not know it: the same run, done once', async () => {
    for (const status of ['running', 'retrying']) {
      const points = status === 'running' ? 501 : 502;
      const id = await write(status, points);
      await age(id);
      const done = await ended(test, tenant.tenantId, id);
      assert.deepEqual([done.status, done.outcome, done.run], ['succeeded', 'updated', 1]);
      const made = await rowsOf(test).revisions({ operationId: id });
      assert.equal(made.length, 1);
    }
  });

  it('fails with the cure where it was terminated, tells the merchant, and can be retried', async () => {
    const id = await waiting();
    await handle(id).terminate('by hand');
    await age(id);
    const failed = await ended(test, tenant.tenantId, id);
    assert.deepEqual([failed.status, failed.outcome], ['failed', 'internal-error']);
    assert.match(failed.reason!, new RegExp(`TERMINATED.*POST /api/${tenant.tenantId}/operations/${id}/retry`));
    const told = await rowsOf(test).events({ operationId: id }, 'type');
    assert.deepEqual(told, [{ type: 'operation.failed' }]);

    assert.equal(await retryOperation(test.database.tenant(tenant.tenantId), id), 2);
    await until(async () => (await row(id))?.status === 'running', 'the second run');
    const former = { tenantId: tenant.tenantId, operationId: id, kind: 'push-update', run: 1, burstId: null } as const;
    await reconcile({ database: test.database, client: engine.client, log }, former);
    assert.equal((await row(id))?.status, 'running', 'the end of a former run is no end of this one');
  });

  it('fails, too, where it was terminated before its first step', async () => {
    const id = await write('accepted', 503);
    await engine.client.workflow.start('pushUpdate', {
      workflowId: `push-update/${id}`,
      taskQueue: `nobody-${id}`,
      args: [{ tenantId: tenant.tenantId, operationId: id }],
    });
    await handle(id).terminate('by hand');
    await age(id);
    assert.equal((await ended(test, tenant.tenantId, id)).outcome, 'internal-error');
  });

  it('leaves one alone that is at work, and looks again ten minutes later', async () => {
    const id = await waiting();
    await age(id);
    const seen = async () => {
      const [next] = await test.owner<{ minutes: number }>(
        `select extract(epoch from dispatch_after - now())::float8 / 60 as minutes from operations where operation_id = $1`,
        [id],
      );
      return next!.minutes > 0 && next!.minutes;
    };
    // Five minutes from now it is old enough to be looked at after five more.
    assert.equal(Math.round(await until(seen, 'a look')), 5);
    const later = await write('running', 504);
    await age(later);
    await ended(test, tenant.tenantId, later);
    assert.deepEqual([(await row(id))!.status, (await handle(id).describe()).status.name], ['running', 'RUNNING']);
  });

  it('is found by the index of those under way', async () => {
    await test.owner(
      `insert into operations (operation_id, tenant_id, kind, input, status, dispatch_after)
       select gen_random_uuid(), $1, 'push-update', '{}', 'succeeded', now() - interval '1 day' from generate_series(1, 5000)`,
      [tenant.tenantId],
    );
    await test.owner('analyze operations');
    const statements: string[] = [];
    await claimUnderWay(
      { tenantId: '*', query: async (text) => (statements.push(typeof text === 'string' ? text : text.text), []) },
      50,
      {
        settledMs: 1,
        againMs: 1,
      },
    );
    const text = statements[0]!.replaceAll('$1', '50').replaceAll('$2', '300000').replaceAll('$3', '600000');
    const plan = await test.owner(`explain ${text}`);
    assert.match(JSON.stringify(plan), /operations_under_way/);
  });
});
