import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { listSteps } from '../../src/database/operations/operations.js';
import { createBursts } from '../../src/dispatch/bursts.js';
import { reconcile } from '../../src/dispatch/reconcile.js';
import type { OperationKind } from '../../src/passes/operation.js';
import { burstWorkflowId } from '../../src/workflows/workflow-ids.js';
import { until } from '../support/operations.js';
import { acceptMany, messageTo, seedSegment, segmentPasses, update } from '../support/segment.js';
import type { SeededTenant } from '../support/tenant.js';
import { useWriteBackStack } from '../support/write-back-stack.js';
import { rowsOf } from '../support/rows.js';

const COUNT = 90;
const BULK = '/api/profile-bulk-import-jobs';
const EVENTS = '/api/event-bulk-create-jobs';

describe('a burst tells Klaviyo of each of its passes, by bulk jobs', () => {
  const stack = useWriteBackStack();

  /** Looks for a burst at once: a slow dispatcher may start so few that it never sees a flood. */
  async function acceptAll(tenant: SeededTenant, kinds: readonly OperationKind[] = []): Promise<string[]> {
    const passIds = kinds.length > 0 ? await segmentPasses(stack.test, tenant) : [];
    const inputs = Array.from({ length: COUNT }, (_, i) =>
      kinds.length > 0 ? messageTo(i + 1, { passId: passIds[i] }) : update(i + 1, { points: 1000 + i }),
    );
    const ids = await acceptMany(stack.test, tenant, inputs, { kinds, later: true });
    // Accepted days ago, as a message that had to wait: an event of so long ago starts no flow.
    await stack.test.owner(
      `update operations set dispatch_after = now(),
              accepted_at = accepted_at - case when kind = 'send-message' then 2 else 0 end * interval '1 day'
        where operation_id = any($1)`,
      [ids],
    );
    const { client, taskQueue } = stack.engine;
    const log = pino({ level: 'silent' });
    const dispatcher = {
      database: stack.test.database,
      client,
      log,
      leaseMs: 15_000,
      dispatcherId: randomUUID(),
      afterRefusal: async () => undefined,
    };
    await createBursts({ ...dispatcher, taskQueue, eager: false }).look();
    return ids;
  }
  async function updateAll(tenant: SeededTenant, kinds?: readonly OperationKind[]): Promise<string[]> {
    const ids = await acceptAll(tenant, kinds);
    const unfinished = () => rowsOf(stack.test).unfinished({ operationIds: ids });
    await until(async () => (await unfinished()) === 0, 'all operations to end', 120_000);
    return ids;
  }
  const endsOf = (ids: string[]) =>
    rowsOf(stack.test).operations({ operationIds: ids }, 'operation_id', 'status', 'outcome', 'burst_id');
  const requestsSince = (before: number, path = '/api/') =>
    stack.klaviyo.simulator
      .requests()
      .slice(before)
      .filter(({ path: asked }) => asked.startsWith(path));

  it('profile, object and event, once for each operation, in a handful of requests', async () => {
    const tenant = await stack.klaviyo.tenant();
    await seedSegment(stack.test, tenant, COUNT);
    const before = stack.klaviyo.simulator.requests().length;
    const ids = await updateAll(tenant);
    const ends = await endsOf(ids);
    assert.deepEqual([...new Set(ends.map(({ status, outcome }) => `${status} ${outcome}`))], ['succeeded updated']);
    const inBurst = ends.filter(({ burst_id }) => burst_id !== null).length;
    assert.ok(inBurst >= 40, `${inBurst} of ${COUNT} ended in a burst`);
    const updates = stack.klaviyo.simulator.events().filter(({ metric }) => metric === 'Pass Updated');
    assert.equal(updates.length, COUNT);
    const steps = await listSteps(stack.test.database.tenant(tenant.tenantId), ids.at(-1)!);
    assert.deepEqual(
      steps.map(({ step, state }) => [step, state]),
      [
        ['find-pass', 'succeeded'],
        ['apply-data', 'succeeded'],
        ['notify-devices', 'succeeded'],
        ['write-back-profile', 'succeeded'],
        ['write-back-object', 'succeeded'],
        ['write-back-event', 'succeeded'],
      ],
    );
    // The others went one by one, before the tenant's flood was seen: three requests each.
    const bulk = requestsSince(before).filter(({ path }) => path.includes('bulk'));
    assert.ok(bulk.length <= 10, `${bulk.length} bulk requests for ${inBurst} operations`);
    const serials = new Set(
      stack.klaviyo.simulator
        .profiles()
        .filter(({ attributes }) => String(attributes['email']).startsWith('c'))
        .map(({ attributes }) => attributes.properties['wallet_pass_serial']),
    );
    assert.equal(serials.size, COUNT);
  });

  it('tells of voids by events, and of restores by profile and record alone', async () => {
    const tenant = await stack.klaviyo.tenant();
    await seedSegment(stack.test, tenant, COUNT);
    const kinds = Array.from({ length: COUNT }, (_, i) => (i % 2 === 0 ? 'void-pass' : 'restore-pass'));
    const passIds = await segmentPasses(stack.test, tenant);
    await stack.test.owner(`update passes set state = 'voided' where pass_id = any($1)`, [
      passIds.filter((_, i) => kinds[i] === 'restore-pass'),
    ]);
    const before = stack.klaviyo.simulator.requests().length;
    const ids = await updateAll(tenant, kinds as OperationKind[]);
    const ends = await endsOf(ids);
    assert.deepEqual(
      ends.map(({ outcome }) => outcome),
      kinds.map((kind) => (kind === 'void-pass' ? 'voided' : 'restored')),
    );
    const inBurst = ends.filter(({ burst_id }) => burst_id !== null).length;
    assert.ok(inBurst >= 40, `${inBurst} of ${COUNT} ended in a burst`);
    const told = stack.klaviyo.simulator.events().filter(({ uniqueId }) => ids.includes(uniqueId.split(':')[0]!));
    assert.deepEqual(
      told.map(({ metric, uniqueId }) => `${metric} ${uniqueId.split(':')[0]}`).sort(),
      ids
        .filter((_, i) => kinds[i] === 'void-pass')
        .map((id) => `Pass Voided ${id}`)
        .sort(),
    );
    const bulk = requestsSince(before).filter(({ path }) => path.includes('bulk'));
    assert.ok(bulk.length <= 10, `${bulk.length} bulk requests for ${inBurst} operations`);
    const steps = await listSteps(stack.test.database.tenant(tenant.tenantId), ids.at(-1)!);
    assert.deepEqual(
      steps.map(({ step, state }) => `${step} ${state}`),
      [
        'find-pass succeeded',
        'change-state succeeded',
        'notify-devices succeeded',
        'write-back-profile succeeded',
        'write-back-object succeeded',
        'write-back-event skipped',
      ],
    );
  });

  it('tells of messages by events that name them, as fresh as the moment that each was sent', async () => {
    const tenant = await stack.klaviyo.tenant();
    await seedSegment(stack.test, tenant, COUNT);
    const ids = await updateAll(
      tenant,
      Array.from({ length: COUNT }, () => 'send-message'),
    );
    const ends = await endsOf(ids);
    assert.deepEqual([...new Set(ends.map(({ outcome }) => outcome))], ['message-sent']);
    const inBurst = ends.filter(({ burst_id }) => burst_id !== null).length;
    assert.ok(inBurst >= 40, `${inBurst} of ${COUNT} ended in a burst`);
    const told = stack.klaviyo.simulator.events().filter(({ uniqueId }) => ids.includes(uniqueId.split(':')[0]!));
    const said = told.map(({ metric, properties, backfill, time }) => ({
      metric,
      message: properties['message_id'],
      backfill,
      isNew: Date.now() - Date.parse(time) < 600_000,
    }));
    const wanted = ids.map((message) => ({ metric: 'Wallet Message Sent', message, backfill: false, isNew: true }));
    const byMessage = (a: { message: unknown }, b: { message: unknown }) =>
      String(a.message).localeCompare(String(b.message));
    assert.deepEqual(said.sort(byMessage), wanted.sort(byMessage));
  });

  it('what a job refuses is settled alone, and holds nobody', async () => {
    const tenant = await stack.klaviyo.tenant();
    await seedSegment(stack.test, tenant, COUNT);
    const { tenantId } = tenant;
    // Every tenth was merged away in Klaviyo; and one has an address that Klaviyo takes for none.
    await stack.test.owner(
      `update customers set klaviyo_profile_id = '01M1PAAWG9ZV3P6AA4RTJZWYAK' where tenant_id = $1 and email like '%0@example.com'`,
      [tenantId],
    );
    await stack.test.owner(`update customers set email = 'no-address' where tenant_id = $1 and email = $2`, [
      tenantId,
      `c${COUNT - 1}@example.com`,
    ]);
    const before = stack.klaviyo.simulator.requests().length;
    const ids = await updateAll(tenant);
    const ends = await endsOf(ids);
    assert.deepEqual(
      ends.filter(({ outcome }) => outcome !== 'updated').map(({ operation_id, status }) => [operation_id, status]),
      [[ids.at(-2), 'failed']],
    );
    const left = await stack.test.owner<{ operation_id: string }>(
      `select operation_id from operation_steps
        where operation_id = any($1) and step = 'write-back-profile' and detail -> 'leftBurst' is not null`,
      [ids],
    );
    assert.ok(left.length > 0, 'what the job refused left the burst');
    const fine = ids.filter((_, i) => (i + 1) % 10 !== 0 && i !== COUNT - 2);
    assert.deepEqual(
      left.filter(({ operation_id }) => fine.includes(operation_id)),
      [],
      'nobody else did',
    );
    // No event of the gathering has overtaken its profile.
    const requests = requestsSince(before);
    const lastJob = requests.findLastIndex(({ path }) => path === BULK);
    const firstEvents = requests.findIndex(({ path }) => path === EVENTS);
    assert.ok(firstEvents > lastJob, 'events left after the job of their profiles');
  });

  it('a key without the scopes of bulk imports writes profile by profile', async () => {
    stack.klaviyo.simulator.setFault({ path: BULK, status: 403, times: 50 });
    const tenant = await stack.klaviyo.tenant();
    await seedSegment(stack.test, tenant, COUNT);
    const before = stack.klaviyo.simulator.requests().length;
    const ends = await endsOf(await updateAll(tenant));
    assert.deepEqual([...new Set(ends.map(({ outcome }) => outcome))], ['updated']);
    assert.equal(requestsSince(before, EVENTS).length, 0);
  });

  it('a gathering that somebody terminates sets its operations free: alone, or in a burst again where many wait', async () => {
    stack.klaviyo.simulator.setFault({ path: BULK, status: 503, times: 1_000 });
    const tenant = await stack.klaviyo.tenant();
    await seedSegment(stack.test, tenant, COUNT);
    const ids = await acceptAll(tenant);
    const gathered = () =>
      stack.test.owner<{ burst_id: string; operation_ids: string[] }>(
        `select burst_id, operation_ids from bursts where tenant_id = $1 and kind = 'write-back' and sealed_at is not null
            and lease_until is null`,
        [tenant.tenantId],
      );
    await until(async () => (await gathered()).length > 0, 'a gathering to run', 60_000);
    const [gathering] = await gathered();
    await stack.engine.client.workflow.getHandle(burstWorkflowId(gathering!.burst_id)).terminate('by hand');
    stack.klaviyo.simulator.clearFaults();
    const [operationId] = gathering!.operation_ids;
    await reconcile(
      { database: stack.test.database, client: stack.engine.client, log: pino({ level: 'silent' }) },
      {
        tenantId: tenant.tenantId,
        operationId: operationId!,
        kind: 'push-update',
        run: 1,
        burstId: gathering!.burst_id,
      },
    );
    const unfinished = () => rowsOf(stack.test).unfinished({ operationIds: ids });
    await until(async () => (await unfinished()) === 0, 'all operations to end', 120_000);
    const ends = await endsOf(ids);
    assert.deepEqual([...new Set(ends.map(({ outcome }) => outcome))], ['updated']);
    const alone = ends.find(({ operation_id }) => operation_id === operationId)!;
    assert.notEqual(alone.burst_id, gathering!.burst_id, 'it left what was terminated');
    const events = stack.klaviyo.simulator.events().filter(({ uniqueId }) => ids.includes(uniqueId.split(':')[0]!));
    assert.equal(events.length, COUNT, 'one event of each');
  });
});
