import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { crash, createPushLog, loggedPushes } from '../support/crash.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { accept, ended } from '../support/operations.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

const STEPS = ['find-pass', 'convert-type', 'apply-data', 'recompute-metadata', 'notify-devices'];
/** temporal.api.enums.v1.TimeoutType. */
const HEARTBEAT = 4;

interface Case {
  when: 'before' | 'after' | 'second attempt';
  step: string;
  tenant: SeededTenant;
  pushToken: string;
  operationId: string;
}

/** A tenant whose pass is on one phone, and an update of it. */
async function prepare(test: TestDatabase, when: Case['when'], step: string, passType: string | null): Promise<Case> {
  const tenant = await seedTenant(test, {});
  const pushToken = randomUUID().replaceAll('-', '');
  await test.owner(
    `with device as (insert into apple_devices (tenant_id, device_library_identifier, push_token) values ($1, $2, $2) returning device_id),
          typed as (update passes set apple_pass_type_identifier = 'pass.test' where pass_id = $3)
     insert into apple_registrations (tenant_id, device_id, pass_id, apple_pass_type_identifier) select $1, device_id, $3, 'pass.test' from device`,
    [tenant.tenantId, pushToken, tenant.pass.id],
  );
  const identifiers = [{ kind: 'email', value: tenant.email }];
  const input = { identifiers, passType, data: { points: 99 }, updateMetadata: passType !== null };
  return { when, step, tenant, pushToken, operationId: await accept(test, tenant, { kind: 'push-update', input }) };
}

describe('a worker killed between any two steps leaves exactly one visible effect', () => {
  let test: TestDatabase;
  let engine: TestEngine | undefined;
  let retried: Case;
  const cases = new Map<string, Case>();

  before(async () => {
    test = await createTestDatabase();
    await createPushLog(test);
    for (const when of ['before', 'after'] as const) {
      for (const step of STEPS) cases.set(`${when} ${step}`, await prepare(test, when, step, 'premium'));
    }
    retried = await prepare(test, 'second attempt', 'notify-devices', null);
    const taskQueue = `crash-${randomUUID()}`;
    const places = [...cases.values(), retried].map(({ when, step, tenant: { tenantId } }) => ({
      tenantId,
      when,
      step,
    }));
    await crash(test, taskQueue, places);
    engine = await startEngine(test, { taskQueue, deps: loggedPushes(test) });
  });
  after(async () => {
    await engine?.stop();
    await test?.drop();
  });
  const pushesOf = ({ tenant: { tenantId } }: Case): Promise<object[]> =>
    test.owner('select token from test_pushes where tenant_id = $1', [tenantId]);

  for (const when of ['before', 'after']) {
    for (const step of STEPS) {
      it(`killed ${when} ${step}`, async () => {
        const one = cases.get(`${when} ${step}`)!;
        const { tenant, operationId, pushToken } = one;
        const row = await ended(test, tenant.tenantId, operationId);
        assert.deepEqual([row.status, row.outcome], ['succeeded', 'converted']);
        const revisions = await rowsOf(test).revisions({ passId: tenant.pass.id }, 'change');
        assert.deepEqual(
          revisions.map(({ change }) => change),
          ['type', 'data'],
        );
        const pass = await rowsOf(test).pass(tenant.pass.id, 'data', 'pass_type_id', 'revision');
        assert.deepEqual(pass, {
          data: { points: 99, tier: 'bronze' },
          pass_type_id: tenant.passTypes.premium,
          revision: 3,
        });
        assert.deepEqual(await pushesOf(one), [{ token: pushToken }]);
        const events = await rowsOf(test).events({ operationId }, 'type');
        assert.deepEqual(events, [{ type: 'pass.updated' }]);
      });
    }
  }

  it('killed within an attempt for a wallet, which is missed by its heartbeat and not by its time limit', async () => {
    const { tenant, operationId, pushToken } = retried;
    const row = await ended(test, tenant.tenantId, operationId);
    assert.deepEqual([row.status, row.outcome], ['succeeded', 'updated']);
    const { events } = await engine!.client.workflow.getHandle(`push-update/${operationId}`).fetchHistory();
    const failures = events!.flatMap((event) => event.activityTaskStartedEventAttributes?.lastFailure ?? []);
    assert.deepEqual(
      failures.map(({ timeoutFailureInfo }) => timeoutFailureInfo?.timeoutType),
      [HEARTBEAT],
    );
    // In trouble, then cut off with its worker, then delivered: no evidence of the first two was taken for a delivery.
    assert.deepEqual(
      await pushesOf(retried),
      Array.from({ length: 3 }, () => ({ token: pushToken })),
    );
  });
});
