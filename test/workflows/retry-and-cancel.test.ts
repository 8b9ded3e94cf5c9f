import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { retryOperation } from '../../src/database/operations/retries.js';
import { listSteps } from '../../src/database/operations/operations.js';
import { LostConnection } from '../../src/database/unavailable.js';
import type { PushResult } from '../../src/wallets/apple/apns-answers.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { accept, ended, until } from '../support/operations.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

describe('retry and cancel', () => {
  let test: TestDatabase;
  let engine: TestEngine;
  let api: TestApi;
  let tenant: SeededTenant;
  let push: PushResult = { kind: 'delivered', apnsId: null };
  /** What the next pushes meet before they are answered with `push`. */
  const troubles: (PushResult | Error)[] = [];

  before(async () => {
    test = await createTestDatabase();
    tenant = await seedTenant(test, { waitForUnknownPassSeconds: 0, pushWindowSeconds: 0 });
    await test.owner(`update passes set apple_pass_type_identifier = 'pass.test' where tenant_id = $1`, [
      tenant.tenantId,
    ]);
    const [device] = await test.owner<{ device_id: string }>(
      `insert into apple_devices (tenant_id, device_library_identifier, push_token) values ($1, 'd', 'token') returning device_id`,
      [tenant.tenantId],
    );
    await test.owner(
      `insert into apple_registrations (tenant_id, device_id, pass_id, apple_pass_type_identifier) values ($1, $2, $3, 'pass.test')`,
      [tenant.tenantId, device!.device_id, tenant.pass.id],
    );
    const answer = async (): Promise<PushResult> => {
      const trouble = troubles.shift() ?? push;
      if (trouble instanceof Error) throw trouble;
      return trouble;
    };
    engine = await startEngine(test, { deps: { apple: { push: answer } } });
    api = await startTestApi({ database: test.database });
  });
  after(async () => {
    await api.close();
    await engine.stop();
    await test.drop();
  });

  const input = (value: object = {}) => ({
    identifiers: [{ kind: 'email', value: tenant.email }],
    passType: null,
    data: {},
    updateMetadata: false,
    ...value,
  });
  const post = (path: string, body?: object, key = tenant.keys.all) =>
    api.fetch(`/api/${tenant.tenantId}/operations/${path}`, {
      method: 'POST',
      key,
      ...(body && { body: JSON.stringify(body) }),
    });

  it('re-drives a failed operation after the fix: same id, same place, nothing done twice', async () => {
    push = { kind: 'permanent', reason: 'TopicDisallowed', status: 400 };
    const id = await accept(test, tenant, { kind: 'push-update', input: input({ data: { points: 77 } }) });
    const failed = await ended(test, tenant.tenantId, id);
    assert.deepEqual([failed.status, failed.outcome], ['failed', 'provider-refused']);
    const { revision } = await rowsOf(test).pass(tenant.pass.id, 'revision');

    push = { kind: 'delivered', apnsId: 'x' };
    const answer = await post(`${id}/retry`);
    assert.equal(answer.status, 202);
    assert.deepEqual(await answer.json(), {
      correlationId: id,
      statusUrl: `https://passes.example/api/${tenant.tenantId}/operations/${id}`,
      run: 2,
    });
    const done = await ended(test, tenant.tenantId, id);
    assert.deepEqual(
      [done.status, done.outcome, done.acceptance_sequence, done.revision],
      ['succeeded', 'updated', failed.acceptance_sequence, revision],
    );
    const revisions = await rowsOf(test).revisions({ operationId: id });
    assert.equal(revisions.length, 1);
    assert.equal((await post(`${id}/retry`)).status, 409);
  });

  it('an outage of our own database is retried soon, and lengthens no pause after a provider’s failure', async () => {
    push = { kind: 'transient', reason: 'ServiceUnavailable' };
    const ours = Array.from({ length: 2 }, () => new LostConnection(new Error('Connection terminated')));
    // The first one fails the local try, after which Temporal counts.
    troubles.push(push, ...ours);
    const id = await accept(test, tenant, { kind: 'push-update', input: input({ data: { points: 78 } }) });
    let pending: { attempt?: number | null; currentRetryInterval?: { seconds?: unknown } | null } | undefined;
    await until(async () => {
      const { raw } = await engine.client.workflow
        .getHandle(`push-update/${id}`)
        .describe()
        .catch(() => ({ raw: undefined })); // It is started a moment later.
      pending = raw?.pendingActivities?.[0];
      // An attempt that is under way has no pause to tell of.
      return (pending?.attempt ?? 0) > ours.length + 1 && pending?.currentRetryInterval;
    }, 'the provider to fail after our database did');
    const failuresOfProvider = pending!.attempt! - 1 - ours.length;
    assert.equal(Number(pending!.currentRetryInterval?.seconds), 2 ** (failuresOfProvider - 1));
    push = { kind: 'delivered', apnsId: 'x' };
    assert.equal((await ended(test, tenant.tenantId, id)).outcome, 'updated');
  });

  it('a retry is a sign of life, however old the operation is; a bulk retry takes what is stuck where it is asked to', async () => {
    // As a workflow leaves its operation that was lost an hour ago.
    const lost = async () => {
      const id = await accept(test, tenant, { kind: 'push-update', input: input({ data: { points: 79 } }) });
      await ended(test, tenant.tenantId, id);
      await test.owner(
        `update operations set status = 'running', outcome = null, ended_at = null, accepted_at = now() - interval '1 hour',
                dispatch_after = now() - interval '1 hour', dispatched_at = null, started_at = null where operation_id = $1`,
        [id],
      );
      await test.owner(
        `update operation_steps set started_at = now() - interval '1 hour', ended_at = null where operation_id = $1`,
        [id],
      );
      return id;
    };
    const [one, two] = [await lost(), await lost()];
    const sql = test.database.tenant(tenant.tenantId);
    await sql.transaction(async (tx) => {
      assert.equal(await retryOperation(tx, one), 2);
      assert.equal(await retryOperation(tx, one), undefined);
    });
    await ended(test, tenant.tenantId, one);
    const bulk = async (filter: object) => {
      const { correlationId } = (await (await post('retry', { filter })).json()) as { correlationId: string };
      await ended(test, tenant.tenantId, correlationId);
      const [step] = await listSteps(sql, correlationId);
      return step?.detail['retried'];
    };
    assert.equal(await bulk({ kind: 'push-update' }), 0);
    assert.equal(await bulk({ kind: 'push-update', status: 'running' }), 1);
    assert.equal((await ended(test, tenant.tenantId, two)).run, 2);
  });

  it('takes over from a run that is in trouble for hours', async () => {
    push = { kind: 'throttled', reason: 'TooManyRequests', retryAfterMs: 3_600_000 };
    const id = await accept(test, tenant, { kind: 'push-update', input: input({ data: { points: 78 } }) });
    const inTrouble = async () =>
      (await listSteps(test.database.tenant(tenant.tenantId), id)).some(({ state }) => state === 'retrying');
    await until(inTrouble, 'trouble');
    push = { kind: 'delivered', apnsId: 'x' };
    assert.equal((await post(`${id}/retry`)).status, 202);
    assert.equal((await ended(test, tenant.tenantId, id)).outcome, 'updated');
    const former = await engine.client.workflow.getHandle(`push-update/${id}`).describe();
    assert.equal(former.status.name, 'TERMINATED');
  });

  it('cancels what waits, and says when it comes too late', async () => {
    const waiting = await seedTenant(test, { waitForUnknownPassSeconds: 3600, waitForPassSeconds: 3600 });
    const nobody = input({ identifiers: [{ kind: 'email', value: 'nobody@example.com' }] });
    const id = await accept(test, waiting, { kind: 'push-update', input: nobody });
    await until(
      async () =>
        (await listSteps(test.database.tenant(waiting.tenantId), id)).some(({ state }) => state === 'waiting'),
      'the wait for a pass',
    );
    const cancel = () =>
      api.fetch(`/api/${waiting.tenantId}/operations/${id}/cancel`, { method: 'POST', key: waiting.keys.all });
    assert.equal((await cancel()).status, 202);
    const done = await ended(test, waiting.tenantId, id);
    assert.deepEqual([done.status, done.outcome], ['cancelled', 'cancelled']);
    assert.equal((await cancel()).status, 409);
  });

  it('cancels a step that is tried again and again, without waiting for its next attempt', async () => {
    const stuck = await seedTenant(test);
    await test.owner(`create function refuse() returns trigger language plpgsql as
      $$ begin if new.tenant_id = '${stuck.tenantId}' then raise exception 'refused'; end if; return new; end $$`);
    await test.owner('create trigger refuse before update on passes for each row execute function refuse()');
    const update = { ...input({ data: { points: 1 } }), identifiers: [{ kind: 'email', value: stuck.email }] };
    const id = await accept(test, stuck, { kind: 'push-update', input: update });
    const run = engine.client.workflow.getHandle(`push-update/${id}`);
    await until(async () => {
      const { raw } = await run.describe().catch(() => ({ raw: null }));
      return raw?.pendingActivities?.some(({ attempt }) => (attempt ?? 0) >= 4);
    }, 'a pause of some seconds');
    const cancelled = await api.fetch(`/api/${stuck.tenantId}/operations/${id}/cancel`, {
      method: 'POST',
      key: stuck.keys.all,
    });
    assert.equal(cancelled.status, 202);
    assert.equal((await ended(test, stuck.tenantId, id)).status, 'cancelled');
    await test.owner('drop trigger refuse on passes');
  });

  it('tells the phones of a change that was under way when it was cancelled', async () => {
    push = { kind: 'delivered', apnsId: null };
    const other = new pg.Client({ connectionString: test.url });
    await other.connect();
    await other.query('begin');
    await other.query('select from passes where pass_id = $1 for update', [tenant.pass.id]);
    let id = '';
    try {
      id = await accept(test, tenant, { kind: 'push-update', input: input({ data: { points: 555 } }) });
      await until(
        async () =>
          (
            await test.owner(
              `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
            )
          ).length > 0,
        'the step to wait for the row',
      );
      assert.equal((await post(`${id}/cancel`)).status, 202);
      const run = engine.client.workflow.getHandle(`push-update/${id}`);
      await until(async () => {
        const { events } = await run.fetchHistory();
        return events?.some((event) => event.workflowExecutionCancelRequestedEventAttributes);
      }, 'the cancellation to arrive');
      await other.query('commit');
    } finally {
      // Its lock must not hold the tests after this one.
      await other.end();
    }
    const done = await ended(test, tenant.tenantId, id);
    assert.deepEqual([done.status, done.outcome], ['succeeded', 'updated']);
    const told = await rowsOf(test).notifications({ operationId: id }, 'state');
    assert.deepEqual(told, [{ state: 'delivered' }]);
  });

  it('retries all that match, in their order, with progress', async () => {
    const late = 'late@example.com';
    const ids: string[] = [];
    for (let points = 1; points <= 5; points++) {
      const missed = input({ identifiers: [{ kind: 'email', value: late }], data: { points: 100 + points } });
      ids.push(await accept(test, tenant, { kind: 'push-update', input: missed }));
    }
    for (const id of ids) assert.equal((await ended(test, tenant.tenantId, id)).outcome, 'pass-not-found');
    await test.owner(
      `insert into customer_identifiers (tenant_id, kind, value, customer_id) values ($1, 'email', $2, $3)`,
      [tenant.tenantId, late, tenant.customerId],
    );
    const answer = await post('retry', { filter: { outcome: 'pass-not-found' }, perSecond: 2 });
    assert.equal(answer.status, 202);
    const { correlationId } = (await answer.json()) as { correlationId: string };
    assert.equal((await ended(test, tenant.tenantId, correlationId)).outcome, 'retried');
    const [step] = await listSteps(test.database.tenant(tenant.tenantId), correlationId);
    assert.deepEqual([step?.detail['of'], step?.detail['retried']], [5, 5]);
    for (const id of ids) assert.notEqual((await ended(test, tenant.tenantId, id)).outcome, 'pass-not-found');
    const pass = await rowsOf(test).pass(tenant.pass.id, 'data');
    assert.equal(pass.data.points, 105);
  });

  it('lets nobody else retry or cancel', async () => {
    const other = await seedTenant(test);
    const id = await accept(test, other, { kind: 'push-update', input: input() });
    await ended(test, other.tenantId, id);
    assert.equal((await post(`${id}/retry`)).status, 404);
    assert.equal((await post(`${id}/cancel`)).status, 404);
    assert.equal((await post(`${id}/retry`, undefined, tenant.keys.listener)).status, 403);
    assert.equal((await post(`${id}/retry`, undefined, other.keys.all)).status, 403);
    assert.equal((await post('retry', { filter: {} })).status, 422);
  });

  it('nobody relies on a push that an operation owes which has ended without it', async () => {
    push = { kind: 'permanent', reason: 'TopicDisallowed', status: 400 };
    const refused = await accept(test, tenant, { kind: 'push-update', input: input({ data: { points: 81 } }) });
    assert.equal((await ended(test, tenant.tenantId, refused)).outcome, 'provider-refused');
    push = { kind: 'delivered', apnsId: 'x' };
    const next = await accept(test, tenant, { kind: 'push-update', input: input({ data: { points: 82 } }) });
    assert.equal((await ended(test, tenant.tenantId, next)).outcome, 'updated');
    const told = await rowsOf(test).notifications({ operationId: next }, 'state', 'covered_by');
    assert.deepEqual(told, [{ state: 'delivered', covered_by: null }]);
  });
});
