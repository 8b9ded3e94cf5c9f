import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { JsonValue } from '../../src/common/json.js';
import { connectDatabase } from '../../src/database/connect.js';
import { changeBudget } from '../../src/database/rate-budgets.js';
import { PermanentError, TransientError } from '../../src/common/errors.js';
import { fullBucket, GOOGLE_RATE, takeToken } from '../../src/wallets/google/rate-budget.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestGoogle, type TestGoogle } from '../support/google.js';
import { changeOf, googleSteps } from '../support/google-steps.js';
import { accept } from '../support/operations.js';
import type { SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

describe('writers of one Google object', () => {
  let test: TestDatabase;
  let google: TestGoogle;
  before(async () => {
    test = await createTestDatabase();
    google = await startTestGoogle(test);
  });
  after(async () => {
    await google.stop();
    await test.drop();
  });

  const steps = (onGet?: () => Promise<void>) => googleSteps(test, google, onGet);
  const change = (tenant: SeededTenant, points: number) => changeOf(test, google, tenant, { points });
  const points = async (tenant: SeededTenant) => {
    const { object_id: id } = await google.live(tenant);
    return (google.simulator.object(id)?.['loyaltyPoints'] as { balance: { string: string } }).balance.string;
  };
  const told = async (operationId: string) =>
    (await rowsOf(test).notifications({ operationId, platform: 'google' }, 'state', 'covered_by'))[0];

  it('in a burst its turn is shown while Google’s pace holds it, and nothing of a pass that is not for Google', async () => {
    const inBurst = async (tenant: SeededTenant) => {
      const { tenantId, operationId } = await change(tenant, 7);
      const ref = { tenantId, burstId: randomUUID() };
      await test.owner(
        `insert into bursts (burst_id, tenant_id, operation_ids, dispatched_by) values ($1, $2, array[$3::uuid], $1)`,
        [ref.burstId, tenantId, operationId],
      );
      await test.owner(`update operations set burst_id = $1, dispatched_at = now() where operation_id = $2`, [
        ref.burstId,
        operationId,
      ]);
      await test.owner(
        `insert into operation_steps (tenant_id, operation_id, step, state, ended_at) values ($1, $2, 'notify-devices', 'succeeded', clock_timestamp())`,
        [tenantId, operationId],
      );
      const seen: unknown[] = [];
      const look = async () => {
        const rows = await rowsOf(test).steps({ operationId, step: 'update-google-object' });
        const waitsFor = (text: JsonValue | undefined) => (typeof text === 'string' ? text.slice(0, 25) : undefined);
        seen.push(...rows.map(({ state, attempts, detail }) => [state, attempts, waitsFor(detail?.['waitingFor'])]));
      };
      assert.deepEqual(await steps(look)['burst-update-google-object']({ ...ref, from: 0 }), { next: null });
      await steps()['burst-end-told'](ref);
      await look();
      return seen;
    };
    const tenant = await google.seed();
    await steps()['update-google-object'](await change(tenant, 1));
    const said = 'Phones have been notified';
    assert.deepEqual(await inBurst(tenant), [
      ['waiting', 0, said],
      ['succeeded', 1, said],
    ]);
    const other = await google.seed();
    await test.owner(`update pass_type_versions set design = design - 'google' where tenant_id = $1`, [other.tenantId]);
    assert.deepEqual(await inBurst(other), []);
  });

  it('a writer that finds the lease taken skips, and the holder writes what came meanwhile', async () => {
    const tenant = await google.seed();
    await steps()['update-google-object'](await change(tenant, 1));
    const first = await change(tenant, 2);
    let second: Awaited<ReturnType<typeof change>> | undefined;
    const holder = steps(async () => {
      if (second) return;
      second = await change(tenant, 3);
      assert.deepEqual(await steps()['update-google-object'](second), { result: 'covered' });
    });
    assert.deepEqual(await holder['update-google-object'](first), { result: 'written' });
    assert.equal(await points(tenant), '3');
    assert.deepEqual(await told(second!.operationId), { state: 'covered', covered_by: first.operationId });
    assert.equal((await told(first.operationId))?.state, 'delivered');
  });

  it('a holder that is refused tries what came meanwhile, for others rely on it', async () => {
    const tenant = await google.seed();
    await steps()['update-google-object'](await change(tenant, 1));
    const first = await change(tenant, 2);
    let tries = 0;
    const holder = steps(async () => {
      if (++tries > 1) return;
      assert.deepEqual(await steps()['update-google-object'](await change(tenant, 3)), { result: 'covered' });
      throw new PermanentError('google-invalid-resource', 'refused');
    });
    assert.deepEqual(await holder['update-google-object'](first), { result: 'written' });
    assert.deepEqual([tries, await points(tenant)], [2, '3']);
  });

  for (const [clock, skewMs] of [
    ['its own clock', 0],
    ['a clock five minutes ahead', 300_000],
    ['a clock five minutes behind', -300_000],
  ] as const) {
    it(`an attempt that meets the lease of its predecessor comes back once, when it ends, by ${clock}`, async () => {
      const tenant = await google.seed();
      await steps()['update-google-object'](await change(tenant, 1));
      const ref = await change(tenant, 2);
      let second: unknown;
      const holder = steps(async () => {
        second ??= await googleSteps(test, google, undefined, { now: () => Date.now() + skewMs })
          ['update-google-object'](ref)
          .catch((error: unknown) => error);
      });
      await holder['update-google-object'](ref);
      assert.ok(second instanceof TransientError && second.code === 'google-object-busy');
      assert.ok(second.retryAfterMs! > 5_000 && second.retryAfterMs! <= 12_000, `${second.retryAfterMs}`);
      assert.deepEqual(await steps()['update-google-object'](ref), { result: 'covered' }, 'by its own first attempt');
    });
  }

  it('a lease is given back after a failure, so that the next attempt does not wait', async () => {
    const tenant = await google.seed();
    await steps()['update-google-object'](await change(tenant, 1));
    const ref = await change(tenant, 2);
    const failing = steps(async () => {
      throw new TransientError('google-unavailable', 'away');
    });
    await assert.rejects(failing['update-google-object'](ref), { code: 'google-unavailable' });
    assert.equal((await told(ref.operationId))?.state, 'failed');
    assert.deepEqual(await steps()['update-google-object'](ref), { result: 'written' });
  });

  it('an answer that is lost leads to one object and one notification', async () => {
    const tenant = await google.seed();
    const insert = await change(tenant, 1);
    google.simulator.faults.add({ method: 'POST', path: 'loyaltyObject', loseAnswer: true });
    await assert.rejects(steps()['update-google-object'](insert), { code: 'google-unreachable' });
    assert.deepEqual(await steps()['update-google-object'](insert), { result: 'written' });
    const { object_id: objectId } = await google.live(tenant);
    await google.simulator.save(objectId);
    const update = await change(tenant, 2);
    google.simulator.faults.add({ method: 'PATCH', path: objectId, loseAnswer: true });
    await assert.rejects(steps()['update-google-object'](update), { code: 'google-unreachable' });
    assert.deepEqual(await steps()['update-google-object'](update), { result: 'written' });
    assert.equal(google.simulator.notifications(objectId).length, 1);
  });

  const notificationOf = async ({ operationId }: { operationId: string }) =>
    (
      await test.owner<{ said: string }>(
        `select detail ->> 'notification' as said from operation_steps
          where operation_id = $1 and step = 'update-google-object'`,
        [operationId],
      )
    )[0]?.said;
  const charges = async (tenant: SeededTenant) =>
    (
      await test.owner<{ count: number }>(
        `select cardinality(notified_at)::int as count from google_objects where pass_id = $1 and state = 'live'`,
        [tenant.pass.id],
      )
    )[0]?.count;

  for (const type of ['basic', 'premium'] as const) {
    it(`a notification whose answer is lost is counted, and told as sent: ${type}`, async () => {
      const tenant = await google.seed();
      await test.owner('update passes set pass_type_id = $2 where pass_id = $1', [
        tenant.pass.id,
        tenant.passTypes[type],
      ]);
      await steps()['update-google-object'](await change(tenant, 1));
      const { object_id: objectId } = await google.live(tenant);
      await google.simulator.save(objectId);
      for (const points of [2, 3, 4]) {
        const update = await change(tenant, points);
        const method = type === 'basic' ? 'PATCH' : 'POST';
        google.simulator.faults.add({ method, path: objectId, loseAnswer: true });
        await assert.rejects(steps()['update-google-object'](update), { code: 'google-unreachable' });
        assert.deepEqual(await steps()['update-google-object'](update), { result: 'written' });
        assert.equal(await notificationOf(update), 'sent');
      }
      const fourth = await change(tenant, 5);
      await steps()['update-google-object'](fourth);
      assert.equal(await notificationOf(fourth), 'quiet: 3 in 24 h');
      assert.deepEqual([google.simulator.notifications(objectId).length, await charges(tenant)], [3, 3]);
    });
  }

  it('a message whose answer is lost says what became of it, loud or quiet, saved or not', async () => {
    const tenant = await google.seed();
    const send = async (text: string) => {
      const operationId = await accept(test, tenant, {
        kind: 'send-message',
        input: {
          ...{ passId: tenant.pass.id, identifiers: [], content: { text, title: null, link: null }, class: 'service' },
          ...{ validUntil: null, validForSeconds: null, notBefore: null, respectQuietHours: null },
        },
      });
      const ref = { tenantId: tenant.tenantId, operationId, run: 1, passId: tenant.pass.id };
      await steps()['claim-message'](ref);
      await steps()['show-message'](ref);
      return ref;
    };
    const messageOf = async ({ operationId }: { operationId: string }) => {
      const [row] = await test.owner<{ said: string }>(
        `select detail ->> 'message' as said from operation_steps
          where operation_id = $1 and step = 'update-google-object'`,
        [operationId],
      );
      return row!.said;
    };
    await steps()['update-google-object'](await change(tenant, 1));
    const { object_id: objectId } = await google.live(tenant);
    const said: string[] = [];
    for (const text of ['unsaved', 'one', 'two', 'three', 'four']) {
      const ref = await send(text);
      google.simulator.faults.add({ method: 'POST', path: objectId, loseAnswer: true });
      await assert.rejects(steps()['update-google-object'](ref), { code: 'google-unreachable' });
      assert.deepEqual(await steps()['update-google-object'](ref), { result: 'written' });
      said.push(await messageOf(ref));
      if (text === 'unsaved') await google.simulator.save(objectId);
    }
    assert.deepEqual(said, ['none: nobody has saved it', 'sent', 'sent', 'sent', 'quiet: 3 in 24 h']);
    assert.equal(google.simulator.notifications(objectId).length, 3);
  });

  it('a notification that Google refuses is not charged', async () => {
    const tenant = await google.seed();
    await steps()['update-google-object'](await change(tenant, 1));
    const { object_id: objectId } = await google.live(tenant);
    await google.simulator.save(objectId);
    google.simulator.faults.add({ status: 400, reason: 'invalid', method: 'PATCH', path: objectId });
    const refused = await change(tenant, 2);
    await assert.rejects(steps()['update-google-object'](refused), PermanentError);
    assert.equal(await charges(tenant), 0);
    google.simulator.faults.add({ status: 403, reason: 'quotaExceeded', method: 'PATCH', path: objectId });
    const quiet = await change(tenant, 3);
    await steps()['update-google-object'](quiet);
    assert.deepEqual([await notificationOf(quiet), await charges(tenant)], ["quiet: Google's limit", 0]);
    google.simulator.faults.add({ status: 503, method: 'PATCH', path: objectId });
    const late = await change(tenant, 4);
    await assert.rejects(steps()['update-google-object'](late), { code: 'google-unavailable' });
    await steps()['update-google-object'](late);
    assert.deepEqual([await notificationOf(late), await charges(tenant)], ['sent', 1]);
  });

  it('all workers share the pace of an issuer: no slot twice, and a queue too long is refused with its delay', async () => {
    const other = connectDatabase({ url: test.url, poolMax: 5 });
    const now = 1_800_000_000_000;
    const take = (database: TestDatabase['database']) =>
      changeBudget(database.system, 'google/pace', fullBucket(now, GOOGLE_RATE), (bucket) => {
        const { bucket: state, ...result } = takeToken(bucket, now, GOOGLE_RATE);
        return { state, result };
      });
    const takes = await Promise.all(Array.from({ length: 60 }, (_, i) => take(i % 2 ? other : test.database)));
    await other.close();
    const waits = takes
      .filter(({ taken }) => taken)
      .map(({ waitMs }) => waitMs)
      .sort((a, b) => a - b);
    assert.ok(waits.length > 30 && waits.length < 60);
    for (const [i, waitMs] of waits.entries()) if (i > 0) assert.ok(waitMs - waits[i - 1]! >= 50, `${i}`);
    assert.ok(takes.filter(({ taken }) => !taken).every(({ waitMs }) => waitMs > GOOGLE_RATE.maxWaitMs));
  });
});
