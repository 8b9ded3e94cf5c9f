import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { PushResult } from '../../src/wallets/apple/apns-answers.js';
import { findOperation, listSteps } from '../../src/database/operations/operations.js';
import { LostConnection } from '../../src/database/unavailable.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine } from '../support/engine.js';
import { accept } from '../support/operations.js';
import { seedTenant } from '../support/tenant.js';
import { startTimeSkipping } from '../support/time-skipping.js';

const HOUR_MS = 3_600_000;

describe('outages of hours, in simulated time', () => {
  let test: TestDatabase;
  let environment: TestWorkflowEnvironment;
  before(async () => {
    [test, environment] = await Promise.all([createTestDatabase(), startTimeSkipping()]);
  });
  after(async () => {
    await environment.teardown();
    await test.drop();
  });

  async function updateUnder(push: (attempt: number) => Promise<PushResult>) {
    const tenant = await seedTenant(test, {});
    await test.owner(
      `with device as (insert into apple_devices (tenant_id, device_library_identifier, push_token) values ($1, $1, 'ab12') returning device_id),
            typed as (update passes set apple_pass_type_identifier = 'pass.test' where pass_id = $2)
       insert into apple_registrations (tenant_id, device_id, pass_id, apple_pass_type_identifier) select $1, device_id, $2, 'pass.test' from device`,
      [tenant.tenantId, tenant.pass.id],
    );
    const input = {
      identifiers: [{ kind: 'email', value: tenant.email }],
      passType: null,
      data: { points: 77 },
      updateMetadata: false,
    };
    const operationId = await accept(test, tenant, { kind: 'push-update', input });
    let attempts = 0;
    const engine = await startEngine(test, {
      address: environment.address,
      dispatch: false,
      deps: { apple: { push: () => push(++attempts) } },
    });
    const running = environment.client.workflow.execute('pushUpdate', {
      workflowId: `push-update/${operationId}`,
      taskQueue: engine.taskQueue,
      args: [{ tenantId: tenant.tenantId, operationId }],
    });
    const ending = await running.then(
      () => 'completed',
      () => 'failed',
    );
    const { startTime, closeTime } = await environment.client.workflow
      .getHandle(`push-update/${operationId}`)
      .describe();
    const tookMs = closeTime!.getTime() - startTime.getTime();
    await engine.stop();
    const sql = test.database.tenant(tenant.tenantId);
    const row = (await findOperation(sql, operationId))!;
    const steps = await listSteps(sql, operationId);
    return { ending, tookMs, row, attempts, notify: steps.find(({ step }) => step === 'notify-devices')!, tenant };
  }

  it('six hours without APNs: retrying is visible all the while, then exactly one push', async () => {
    const seen: string[] = [];
    const delivered: number[] = [];
    const result = await updateUnder(async (attempt) => {
      const [row] = await test.owner<{ status: string; points: number }>(
        `select o.status, (p.data -> 'points')::int as points from operations o join passes p using (pass_id) order by acceptance_sequence desc limit 1`,
      );
      seen.push(`${row?.status} ${row?.points}`);
      if (attempt <= 48) return { kind: 'transient', reason: 'ServiceUnavailable' };
      delivered.push(attempt);
      return { kind: 'delivered', apnsId: 'at last' };
    });
    assert.equal(result.ending, 'completed');
    assert.ok(result.tookMs > 6 * HOUR_MS, `${result.tookMs / HOUR_MS} hours`);
    assert.deepEqual([result.row.status, result.row.outcome], ['succeeded', 'updated']);
    assert.deepEqual(delivered, [49]);
    assert.equal(seen[0], 'running 77', 'the pass is changed before the first push');
    assert.deepEqual([...new Set(seen.slice(1))], ['retrying 77']);
    assert.equal(result.notify.last_error?.code, 'apns-unavailable');
    assert.equal(result.notify.attempts, 49);
  });

  it('the provider’s own delay is kept instead of ours', async () => {
    const result = await updateUnder(async (attempt) =>
      attempt === 1
        ? { kind: 'transient', reason: 'x' }
        : attempt === 2
          ? { kind: 'throttled', reason: 'TooManyRequests', retryAfterMs: 2 * HOUR_MS }
          : { kind: 'delivered', apnsId: null },
    );
    assert.equal(result.row.status, 'succeeded');
    assert.equal(result.attempts, 3);
    assert.ok(result.tookMs >= 2 * HOUR_MS && result.tookMs < 2.1 * HOUR_MS, `${result.tookMs / HOUR_MS} hours`);
  });

  it('the provider’s own delay is kept after the very first try too', async () => {
    const result = await updateUnder(async (attempt) =>
      attempt === 1
        ? { kind: 'throttled', reason: 'TooManyRequests', retryAfterMs: HOUR_MS / 2 }
        : { kind: 'delivered', apnsId: null },
    );
    assert.equal(result.row.status, 'succeeded');
    assert.equal(result.attempts, 2);
    assert.ok(result.tookMs >= HOUR_MS / 2 && result.tookMs < HOUR_MS, `${result.tookMs / HOUR_MS} hours`);
  });

  it('after a day of retries the operation fails with its reason, for someone to act', async () => {
    const result = await updateUnder(async () => ({ kind: 'transient', reason: 'ServiceUnavailable' }));
    assert.equal(result.ending, 'failed');
    assert.deepEqual([result.row.status, result.row.outcome], ['failed', 'gave-up']);
    assert.ok(result.tookMs > 23 * HOUR_MS && result.tookMs < 26 * HOUR_MS, `${result.tookMs / HOUR_MS} hours`);
  });

  it('after failures of our own database nobody waits for minutes', async () => {
    const OURS = 12;
    const result = await updateUnder(async (attempt) => {
      if (attempt <= OURS) throw new LostConnection(new Error('Connection terminated'));
      return { kind: 'delivered', apnsId: null };
    });
    assert.deepEqual([result.row.status, result.attempts], ['succeeded', OURS + 1]);
    // Twelve doublings were half an hour.
    assert.ok(result.tookMs < 110_000, `${result.tookMs / 1_000} s`);
  });

  it('a refusal for good is not retried', async () => {
    const result = await updateUnder(async () => ({ kind: 'permanent', reason: 'BadTopic', status: 400 }));
    assert.deepEqual([result.ending, result.attempts], ['failed', 1]);
    assert.deepEqual([result.row.status, result.row.outcome], ['failed', 'provider-refused']);
    assert.match(result.row.reason ?? '', /BadTopic.*certificate/);
  });
});
