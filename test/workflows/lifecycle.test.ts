import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { listSteps } from '../../src/database/operations/operations.js';
import type { OperationKind } from '../../src/passes/operation.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { startTestGoogle, type TestGoogle } from '../support/google.js';
import { accept, ended } from '../support/operations.js';
import type { SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

describe('the life of a pass', () => {
  let test: TestDatabase;
  let engine: TestEngine;
  let google: TestGoogle;
  let pushes = 0;

  before(async () => {
    test = await createTestDatabase();
    google = await startTestGoogle(test);
    const apple = { push: async () => (pushes++, { kind: 'delivered' as const, apnsId: null }) };
    engine = await startEngine(test, { deps: { google: google.wallet, apple } });
  });
  after(async () => {
    await engine.stop();
    await google.stop();
    await test.drop();
  });

  const begin = (tenant: SeededTenant, kind: OperationKind, passId = tenant.pass.id) =>
    accept(test, tenant, { kind, origin: 'api', input: { passId } });
  const act = async (tenant: SeededTenant, kind: OperationKind, passId?: string) =>
    ended(test, tenant.tenantId, await begin(tenant, kind, passId));
  const passOf = async (tenant: SeededTenant) =>
    await rowsOf(test).pass(tenant.pass.id, 'state', 'live_key', 'revision');

  it('voids and restores: devices, Google and the merchant learn it, and the place among live passes follows', async () => {
    const tenant = await google.seed();
    const liveKey = `${tenant.customerId}:${tenant.passTypes.basic}`;
    await test.owner('update passes set live_key = $2 where pass_id = $1', [tenant.pass.id, liveKey]);
    const before = pushes;
    const voided = await act(tenant, 'void-pass');
    assert.deepEqual([voided.status, voided.outcome, voided.changed_fields], ['succeeded', 'voided', ['state']]);
    assert.deepEqual(await passOf(tenant), { state: 'voided', live_key: null, revision: 2 });
    assert.equal(pushes, before + 1);
    const { object_id: objectId } = await google.live(tenant);
    assert.equal(google.simulator.object(objectId)?.['state'], 'INACTIVE');
    const steps = await listSteps(test.database.tenant(tenant.tenantId), voided.operation_id);
    assert.deepEqual(
      steps.map(({ step, state }) => `${step} ${state}`).sort(),
      ['change-state', 'find-pass', 'notify-devices', 'update-google-object'].map((step) => `${step} succeeded`),
    );
    const again = await act(tenant, 'void-pass');
    assert.deepEqual([again.status, again.outcome, pushes], ['succeeded', 'unchanged', before + 1]);

    const restored = await act(tenant, 'restore-pass');
    assert.equal(restored.outcome, 'restored');
    assert.deepEqual(await passOf(tenant), { state: 'active', live_key: liveKey, revision: 3 });
    assert.equal(google.simulator.object(objectId)?.['state'], 'ACTIVE');
    const events = await rowsOf(test).events({ tenantId: tenant.tenantId }, 'type');
    assert.deepEqual(events.map(({ type }) => type).sort(), ['pass.restored', 'pass.voided']);
  });

  it('refuses what the table of states does not know, and says which state the pass is in', async () => {
    const tenant = await google.seed();
    assert.equal((await act(tenant, 'delete-pass')).outcome, 'deleted');
    for (const kind of ['restore-pass', 'void-pass', 'expire-pass'] as const) {
      const row = await act(tenant, kind);
      assert.deepEqual([row.status, row.outcome], ['failed', 'state-conflict'], kind);
      assert.match(row.reason ?? '', /is deleted/);
    }
    assert.equal((await passOf(tenant)).state, 'deleted');
  });

  it('does not restore a pass into a place that another one has taken', async () => {
    const tenant = await google.seed();
    assert.equal((await act(tenant, 'void-pass')).outcome, 'voided');
    await test.owner(
      `insert into passes (pass_id, tenant_id, customer_id, serial_number, pass_type_id, pass_type_version, live_key)
       values ($1, $2, $3, $4, $5, 1, $6)`,
      [
        randomUUID(),
        tenant.tenantId,
        tenant.customerId,
        randomUUID(),
        tenant.passTypes.basic,
        `${tenant.customerId}:${tenant.passTypes.basic}`,
      ],
    );
    const row = await act(tenant, 'restore-pass');
    assert.deepEqual([row.status, row.outcome], ['failed', 'state-conflict']);
    assert.equal((await passOf(tenant)).state, 'voided');
  });

  it('lets the change accepted last win, in whatever order they are carried out', async () => {
    const tenant = await google.seed();
    // Accepted first, but carried out last: the dispatcher does not see it before it is due.
    const held = randomUUID();
    await test.owner(
      `insert into operations (operation_id, tenant_id, kind, origin, input, dispatch_after)
       values ($1, $2, 'restore-pass', 'api', $3, 'infinity')`,
      [held, tenant.tenantId, JSON.stringify({ passId: tenant.pass.id })],
    );
    assert.equal((await act(tenant, 'void-pass')).outcome, 'voided');
    await test.owner('update operations set dispatch_after = now() where operation_id = $1', [held]);
    assert.equal((await ended(test, tenant.tenantId, held)).outcome, 'superseded');
    assert.equal((await passOf(tenant)).state, 'voided');
  });

  it('notifies again without changing anything', async () => {
    const tenant = await google.seed();
    const before = pushes;
    const row = await act(tenant, 'notify-pass');
    assert.deepEqual([row.status, row.outcome, pushes], ['succeeded', 'notified', before + 1]);
    assert.equal((await passOf(tenant)).revision, 1);
  });

  it('notifies Google again, too, with what it has already', async () => {
    const tenant = await google.seed();
    assert.equal((await act(tenant, 'notify-pass')).outcome, 'notified');
    const { object_id: objectId } = await google.live(tenant);
    const writes = () =>
      google.simulator.requests.filter(({ method, path }) => method === 'PATCH' && path.includes(objectId)).length;
    const before = writes();
    const row = await act(tenant, 'notify-pass');
    assert.equal(row.outcome, 'notified');
    assert.equal(writes(), before + 1);
    const [told] = await rowsOf(test).notifications({ operationId: row.operation_id, platform: 'google' });
    assert.equal(told!.state, 'delivered');
  });
});
