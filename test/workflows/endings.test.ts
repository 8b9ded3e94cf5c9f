import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { pino } from 'pino';
import { PermanentError, TransientError } from '../../src/common/errors.js';
import { findOperation, listSteps } from '../../src/database/operations/operations.js';
import { requestCancellation } from '../../src/database/operations/cancellations.js';
import { retryOperation } from '../../src/database/operations/retries.js';
import { reconcile } from '../../src/dispatch/reconcile.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { accept, ended, until } from '../support/operations.js';
import { addCustomer, seedProfileTenant, type ProfileTenant } from '../support/profiles.js';
import { rowsOf } from '../support/rows.js';

describe('how an operation ends', () => {
  let test: TestDatabase;
  let engine: TestEngine;
  let tenant: ProfileTenant;
  /** Holds the first attempt of apply-data of one operation before it writes, as a frozen worker would. */
  let frozen: { operationId: string; thaw: Promise<void>; done: (result: Promise<unknown>) => void } | null = null;

  /** Its update of the customer fails for good. */
  let refused: string | null = null;
  /** As a database that is away after the row of what ends was written. */
  let isAway = false;

  before(async () => {
    test = await createTestDatabase();
    tenant = await seedProfileTenant(test, {
      waitForUnknownPassSeconds: 3600,
      waitForPassSeconds: 3600,
      pushWindowSeconds: 6,
    });
    engine = await startEngine(test, {
      stepInterceptors: [
        (context) => ({
          inbound: {
            async execute(input, next) {
              const { operationId } = input.args[0] as { operationId: string };
              if (operationId === refused && context.info.activityType === 'update-customer') {
                throw new PermanentError('invalid-data', 'refused');
              }
              if (isAway && /^end-(offer|message)$/.test(context.info.activityType)) {
                throw new TransientError('database-unavailable', 'away');
              }
              const held = frozen;
              if (held?.operationId !== operationId || context.info.activityType !== 'apply-data') return next(input);
              frozen = null;
              await held.thaw;
              const result = next(input);
              held.done(result);
              return result;
            },
          },
        }),
      ],
    });
  });
  after(async () => {
    await engine.stop();
    await test.drop();
  });

  const sql = () => test.database.tenant(tenant.tenantId);
  const row = async (id: string) => (await findOperation(sql(), id))!;
  const update = (email: string, points: number) =>
    accept(test, tenant, {
      kind: 'push-update',
      input: {
        identifiers: [{ kind: 'email', value: email }],
        passType: null,
        data: { points },
        updateMetadata: false,
      },
    });
  const events = async (id: string) => (await rowsOf(test).events({ operationId: id }, 'type')).map(({ type }) => type);
  const isWaiting = async (id: string) => (await listSteps(sql(), id)).some((s) => s.state === 'waiting');

  it('ends as cancelled, whatever its workflow does at that moment', async () => {
    const waiting = await Promise.all(Array.from({ length: 8 }, (_, n) => update(`nobody-${n}@example.com`, 1)));
    for (const id of waiting) await until(() => isWaiting(id), 'the wait for a pass');
    // Some meet the timer, some the look at the database, some the workflow's own end.
    await Promise.all(
      waiting.map(async (id, n) => {
        await new Promise((resolve) => setTimeout(resolve, n * 60));
        await requestCancellation(sql(), id);
      }),
    );
    for (const id of waiting) {
      const done = await ended(test, tenant.tenantId, id, 10_000);
      assert.deepEqual([done.status, done.outcome], ['cancelled', 'cancelled']);
      assert.deepEqual(await events(id), []);
    }
  });

  it('passes cancellations on in their order, however many were asked before', async () => {
    const stuck = await accept(test, tenant, { kind: 'push-update', input: {} });
    await test.owner(
      `insert into operations (operation_id, tenant_id, kind, input, status, cancel_requested, cancelled_run, dispatch_after)
       select gen_random_uuid(), $1, 'push-update', '{}', 'running', true, 1, now() + interval '1 hour'
         from generate_series(1, 250)`,
      [tenant.tenantId],
    );
    await ended(test, tenant.tenantId, stuck);
    const id = await update('nobody-else@example.com', 1);
    await until(() => isWaiting(id), 'the wait for a pass');
    await requestCancellation(sql(), id);
    assert.equal((await ended(test, tenant.tenantId, id, 10_000)).outcome, 'cancelled');
    await test.owner(`delete from operations where cancelled_run = 1 and input = '{}'`);
  });

  it('comes for sure where an offer or a message ends: a cancellation that meets its step is too late', async () => {
    const [place] = await test.owner<{ pass_id: string }>('select pass_id from passes where tenant_id = $1 limit 1', [
      tenant.tenantId,
    ]);
    const passId = place!.pass_id;
    isAway = true;
    const ends = [
      await accept(test, tenant, { kind: 'end-offer', input: { passId, offerId: randomUUID() } }),
      await accept(test, tenant, { kind: 'end-message', input: { passId, messageId: randomUUID() } }),
    ];
    const isTried = async (id: string) => (await listSteps(sql(), id)).some(({ state }) => state === 'retrying');
    for (const id of ends) {
      await until(() => isTried(id), 'the step to be retried');
      await requestCancellation(sql(), id);
    }
    const told = 'select from operations where operation_id = any($1) and cancelled_run = 1';
    await until(async () => (await test.owner(told, [ends])).length === 2, 'the cancellations to be passed on');
    isAway = false;
    for (const id of ends) assert.equal((await ended(test, tenant.tenantId, id)).outcome, 'unchanged');
  });

  it('stays as it is when a frozen worker wakes up after another one has ended it', async () => {
    const id = await update(tenant.email, 801);
    let thaw!: () => void;
    const woken = new Promise<unknown>((resolve) => {
      frozen = { operationId: id, thaw: new Promise((go) => (thaw = go)), done: resolve };
    });
    // The local attempt times out after 12 s; the durable one ends the operation.
    const done = await ended(test, tenant.tenantId, id);
    const steps = await listSteps(sql(), id);
    thaw();
    await woken.catch(() => undefined); // Its fate is judged by what it wrote.
    assert.deepEqual([done.status, done.outcome], ['succeeded', 'updated']);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual(await row(id), done);
    assert.deepEqual(await listSteps(sql(), id), steps);
    assert.deepEqual(await events(id), ['pass.updated']);
  });

  it('runs again where the row is older than its completed workflow, and is no failure', async () => {
    const id = await update(tenant.email, 802);
    await ended(test, tenant.tenantId, id);
    // As a backup restores them that was made before the update: the row unstarted, the pass without the change.
    await test.owner('delete from pass_revisions where operation_id = $1', [id]);
    await test.owner('delete from operation_steps where operation_id = $1', [id]);
    await test.owner('delete from notifications where operation_id = $1', [id]);
    await test.owner('delete from events where operation_id = $1', [id]);
    await test.owner(
      `update passes set data = '{"points": 1}', field_sequences = '{}', lock_version = lock_version + 1 where pass_id = $1`,
      [tenant.pass.id],
    );
    await test.owner(
      `update operations set status = 'accepted', outcome = null, ended_at = null, started_at = null, revision = null,
              dispatch_after = now() where operation_id = $1`,
      [id],
    );
    const again = await ended(test, tenant.tenantId, id);
    assert.deepEqual([again.status, again.outcome, again.run], ['succeeded', 'updated', 2]);
    assert.deepEqual(await events(id), ['pass.updated']);
    const pass = await rowsOf(test).pass(tenant.pass.id, 'data');
    assert.equal(pass.data.points, 802);
  });

  it('runs again where the row says that it is under way, and Temporal knows a later run', async () => {
    const id = await update(tenant.email, 803);
    await ended(test, tenant.tenantId, id);
    await engine.client.workflow.start('pushUpdate', {
      workflowId: `push-update/${id}/2`,
      taskQueue: `nobody-${id}`,
      args: [{ tenantId: tenant.tenantId, operationId: id }],
    });
    await engine.client.workflow.getHandle(`push-update/${id}/2`).terminate('by hand');
    await test.owner(
      `update operations set status = 'running', outcome = null, ended_at = null where operation_id = $1`,
      [id],
    );
    const ref = { tenantId: tenant.tenantId, operationId: id, kind: 'push-update', run: 1, burstId: null } as const;
    await reconcile({ database: test.database, client: engine.client, log: pino({ level: 'silent' }) }, ref);
    const again = await until(async () => {
      const now = await row(id);
      return now.run >= 2 && now.status !== 'accepted' && now.ended_at !== null && now;
    }, 'the next run');
    assert.notEqual(again.run, 1);
  });

  it('terminates whatever former run is still at work, also where the one between never began', async () => {
    const id = await update('nobody-yet@example.com', 1);
    await until(() => isWaiting(id), 'the wait for a pass');
    // A retry that was cancelled before its workflow began leaves run 1 at work beside run 3.
    await test.owner(`update operations set status = 'cancelled', run = 2, ended_at = now() where operation_id = $1`, [
      id,
    ]);
    assert.equal(await retryOperation(sql(), id), 3);
    await until(async () => (await row(id)).status === 'running', 'run 3');
    const first = await engine.client.workflow.getHandle(`push-update/${id}`).describe();
    assert.equal(first.status.name, 'TERMINATED');
    await requestCancellation(sql(), id);
    assert.equal((await ended(test, tenant.tenantId, id)).status, 'cancelled');
  });

  it('a sync that relied on a later one runs itself when that one ends without effect', async () => {
    const person = await addCustomer(test, tenant, { email: 'covered@example.com' });
    const sync = (name: string) =>
      accept(test, tenant, {
        kind: 'profile-sync',
        input: {
          identifiers: [{ kind: 'email', value: 'covered@example.com' }],
          klaviyoProfileId: null,
          attributes: { first_name: name },
          properties: {},
          consent: null,
        },
      });
    await ended(test, tenant.tenantId, await sync('Zero'));
    let gold = '';
    // On a busy machine Silver's turn may come first: then it fails before anybody relies on it, and Gold runs by itself.
    for (let relies = false; !relies;) {
      gold = await sync('Gold');
      await until(() => isWaiting(gold), 'Gold to wait for its turn');
      const silver = await sync('Silver');
      refused = silver;
      const outcome = await until(async () => (await row(gold)).outcome, 'Gold to rely on Silver, or to run');
      assert.equal((await ended(test, tenant.tenantId, silver)).status, 'failed');
      relies = outcome === 'superseded' || (await row(gold)).run > 1;
    }
    const again = await until(async () => {
      const now = await row(gold);
      return now.outcome === 'synced' && now;
    }, 'Gold to run again');
    assert.equal(again.run, 2);
    const customer = await rowsOf(test).customer(person.customerId, 'first_name');
    assert.equal(customer.first_name, 'Gold');
  });
});
