import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine } from '../support/engine.js';
import { accept, ended } from '../support/operations.js';
import { seedTenant } from '../support/tenant.js';

const STEPS = ['find-pass', 'convert-type', 'apply-data', 'recompute-metadata', 'notify-devices'];
/** temporal.api.enums.v1.TimeoutType. */
const HEARTBEAT = 4;
const crashingWorker = fileURLToPath(new URL('../support/crashing-worker.ts', import.meta.url));

/** A tenant whose pass is on one phone, in a database of its own: a dispatcher takes whatever its database holds. */
async function prepare(t: TestContext) {
  const test = await createTestDatabase();
  t.after(() => test.drop());
  await test.owner(
    'create table test_pushes (operation_id uuid, token text); grant all on test_pushes to passrelay_app',
  );
  const tenant = await seedTenant(test, {});
  const pushToken = randomUUID().replaceAll('-', '');
  await test.owner(
    `with device as (insert into apple_devices (tenant_id, device_library_identifier, push_token) values ($1, $2, $2) returning device_id),
          typed as (update passes set apple_pass_type_identifier = 'pass.test' where pass_id = $3)
     insert into apple_registrations (tenant_id, device_id, pass_id, apple_pass_type_identifier) select $1, device_id, $3, 'pass.test' from device`,
    [tenant.tenantId, pushToken, tenant.pass.id],
  );
  return { test, tenant, pushToken };
}

/** Runs a worker until it dies at the chosen place; what its dispatcher had claimed is free again. */
async function crash(test: TestDatabase, operationId: string, when: string, step: string): Promise<string> {
  const taskQueue = `crash-${operationId}`;
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', crashingWorker, test.url, taskQueue, operationId, when, step],
    { stdio: 'inherit' },
  );
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  assert.equal(signal, 'SIGKILL', 'the first worker must have died at the chosen place');
  // The lease of the dead dispatcher must not hold the drill up; what it guards is tested elsewhere.
  await test.owner('update operations set dispatch_after = now() where operation_id = $1', [operationId]);
  return taskQueue;
}

const delivers = (test: TestDatabase, operationId: string) => ({
  apple: {
    async push({ pushToken: token }: { pushToken: string }) {
      await test.owner('insert into test_pushes (operation_id, token) values ($1, $2)', [operationId, token]);
      return { kind: 'delivered', apnsId: 'second' } as const;
    },
  },
});

describe('a worker killed between any two steps leaves exactly one visible effect', { concurrency: 3 }, () => {
  for (const when of ['before', 'after'] as const) {
    for (const step of STEPS) {
      it(`killed ${when} ${step}`, { timeout: 90_000 }, async (t) => {
        const { test, tenant, pushToken } = await prepare(t);
        const input = {
          identifiers: [{ kind: 'email', value: tenant.email }],
          passType: 'premium',
          data: { points: 99 },
          updateMetadata: true,
        };
        const operationId = await accept(test, tenant, { kind: 'push-update', input });
        const taskQueue = await crash(test, operationId, when, step);
        const engine = await startEngine(test, { taskQueue, deps: delivers(test, operationId) });
        try {
          const row = await ended(test, tenant.tenantId, operationId);
          assert.deepEqual([row.status, row.outcome], ['succeeded', 'converted']);
          const revisions = await test.owner<{ change: string }>(
            'select change from pass_revisions where pass_id = $1 order by revision',
            [tenant.pass.id],
          );
          assert.deepEqual(
            revisions.map(({ change }) => change),
            ['type', 'data'],
          );
          const [pass] = await test.owner('select data, pass_type_id, revision from passes where pass_id = $1', [
            tenant.pass.id,
          ]);
          assert.deepEqual(pass, {
            data: { points: 99, tier: 'bronze' },
            pass_type_id: tenant.passTypes.premium,
            revision: 3,
          });
          const pushes = await test.owner('select token from test_pushes where operation_id = $1', [operationId]);
          assert.deepEqual(pushes, [{ token: pushToken }]);
          const events = await test.owner(`select type from events where operation_id = $1`, [operationId]);
          assert.deepEqual(events, [{ type: 'pass.updated' }]);
        } finally {
          await engine.stop();
        }
      });
    }
  }

  it('killed within an attempt for a wallet, which is missed by its heartbeat and not by its time limit', async (t) => {
    const { test, tenant, pushToken } = await prepare(t);
    const identifiers = [{ kind: 'email', value: tenant.email }];
    const input = { identifiers, passType: null, data: { points: 99 }, updateMetadata: false };
    const operationId = await accept(test, tenant, { kind: 'push-update', input });
    const taskQueue = await crash(test, operationId, 'second attempt', 'notify-devices');
    const engine = await startEngine(test, { taskQueue, deps: delivers(test, operationId) });
    try {
      const row = await ended(test, tenant.tenantId, operationId);
      assert.deepEqual([row.status, row.outcome], ['succeeded', 'updated']);
      const { events } = await engine.client.workflow.getHandle(`push-update/${operationId}`).fetchHistory();
      const failures = events!.flatMap((event) => event.activityTaskStartedEventAttributes?.lastFailure ?? []);
      assert.deepEqual(
        failures.map(({ timeoutFailureInfo }) => timeoutFailureInfo?.timeoutType),
        [HEARTBEAT],
      );
      // In trouble, then cut off with its worker, then delivered: no evidence of the first two was taken for a delivery.
      const pushes = await test.owner('select token from test_pushes where operation_id = $1', [operationId]);
      assert.deepEqual(
        pushes,
        Array.from({ length: 3 }, () => ({ token: pushToken })),
      );
    } finally {
      await engine.stop();
    }
  });
});
