import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { findOperation, listSteps } from '../../src/database/operations/operations.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { startTestGoogle, updateOf, type TestGoogle } from '../support/google.js';
import { accept } from '../support/operations.js';
import type { SeededTenant } from '../support/tenant.js';
import { startTimeSkipping } from '../support/time-skipping.js';

/** More than six hours of pauses, wherever the first of them ends. */
const REFUSALS = 50;
const HOUR_MS = 3_600_000;

describe('Google away for hours, in simulated time', () => {
  let test: TestDatabase;
  let environment: TestWorkflowEnvironment;
  let google: TestGoogle;
  let engine: TestEngine;
  const seen: string[] = [];
  let pushes = 0;

  before(async () => {
    [test, environment] = await Promise.all([createTestDatabase(), startTimeSkipping()]);
    google = await startTestGoogle(test);
    engine = await startEngine(test, {
      address: environment.address,
      dispatch: false,
      deps: {
        apple: { push: async () => (pushes++, { kind: 'delivered', apnsId: null }) },
        google: {
          async forTenant(tenantId) {
            const rows = await test.owner<{ platform: string; state: string }>(
              `select platform, state from notifications where tenant_id = $1 and platform = 'apple' order by updated_at desc limit 1`,
              [tenantId],
            );
            seen.push(rows[0]?.state ?? 'nobody told');
            return google.wallet.forTenant(tenantId);
          },
        },
      },
    });
  });
  after(async () => {
    await engine.stop();
    await environment.teardown();
    await google.stop();
    await test.drop();
  });

  async function update(tenant: SeededTenant, points: number) {
    const operationId = await accept(test, tenant, updateOf(tenant, { points }));
    const startedAt = await environment.currentTimeMs();
    const ending = await environment.client.workflow
      .execute('pushUpdate', {
        workflowId: `push-update/${operationId}`,
        taskQueue: engine.taskQueue,
        args: [{ tenantId: tenant.tenantId, operationId }],
      })
      .then(
        () => 'completed',
        () => 'failed',
      );
    const tookMs = (await environment.currentTimeMs()) - startedAt;
    const sql = test.database.tenant(tenant.tenantId);
    const steps = await listSteps(sql, operationId);
    return {
      ending,
      tookMs,
      row: (await findOperation(sql, operationId))!,
      step: steps.find(({ step }) => step === 'update-google-object')!,
    };
  }

  it('Apple is told at once and once; Google gets the last state when it is back after six hours', async () => {
    const tenant = await google.seed();
    assert.equal((await update(tenant, 1)).ending, 'completed');
    const { object_id: objectId } = await google.live(tenant);
    google.simulator.faults.add({ status: 503, path: objectId, times: REFUSALS });
    const pushed = pushes;
    seen.length = 0;
    const result = await update(tenant, 2);
    assert.equal(result.ending, 'completed');
    assert.ok(result.tookMs > 6 * HOUR_MS, `${result.tookMs / HOUR_MS} hours`);
    assert.deepEqual([result.row.status, result.row.outcome], ['succeeded', 'updated']);
    assert.deepEqual([result.step.attempts, result.step.last_error?.code], [REFUSALS + 1, 'google-unavailable']);
    assert.equal(pushes, pushed + 1);
    assert.ok(
      seen.length > REFUSALS + 1 && seen.every((state) => state === 'delivered'),
      'Apple was told before every try',
    );
    const points = google.simulator.object(objectId)?.['loyaltyPoints'] as { balance: object };
    assert.deepEqual(points.balance, { string: '2' });
  });
});
