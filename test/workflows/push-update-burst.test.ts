import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createCampaign, findCampaign } from '../../src/database/campaigns/campaigns.js';
import { campaignDefinition } from '../../src/passes/campaign.js';
import { retryOperation } from '../../src/database/operations/retries.js';
import { requestCancellation } from '../../src/database/operations/cancellations.js';
import { findOperation, listSteps } from '../../src/database/operations/operations.js';
import { CORRELATION_IDS } from '../../src/workflows/search-attributes.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { until } from '../support/operations.js';
import { acceptMany, messageTo, seedSegment, segmentPasses, update } from '../support/segment.js';
import { seedTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

const COUNT = 120;

describe('a burst of push-updates is one run', () => {
  let test: TestDatabase;
  let engine: TestEngine;
  const pushed: string[] = [];
  before(async () => {
    test = await createTestDatabase();
    engine = await startEngine(test, {
      burstShares: { atLeast: 20 },
      deps: {
        apple: {
          push: async ({ pushToken }) => {
            pushed.push(pushToken);
            return { kind: 'delivered', apnsId: null };
          },
        },
      },
    });
  });
  after(async () => {
    await engine.stop();
    await test.drop();
  });
  const allEnded = (ids: string[]) =>
    until(async () => (await rowsOf(test).unfinished({ operationIds: ids })) === 0, 'all operations to end');

  it('does what single updates do, each with its own evidence, and pushes once to each phone', async () => {
    const tenant = await seedTenant(test, {});
    await seedSegment(test, tenant, COUNT);
    pushed.length = 0;
    const ids = await acceptMany(
      test,
      tenant,
      Array.from({ length: COUNT }, (_, i) => update(i + 1, { points: 1000 + i })),
    );
    await allEnded(ids);
    const rows = await test.owner<{ status: string; outcome: string; n: number }>(
      'select status, outcome, count(*)::int as n from operations where operation_id = any($1) group by 1, 2',
      [ids],
    );
    assert.deepEqual(rows, [{ status: 'succeeded', outcome: 'updated', n: COUNT }]);
    assert.equal(pushed.length, COUNT);
    assert.equal(new Set(pushed).size, COUNT);
    const [burst] = await test.owner<{ bursts: number; inside: number; ended: boolean }>(
      `select count(*)::int as bursts, sum(cardinality(operation_ids))::int as inside, bool_and(ended_at is not null) as ended
         from bursts where tenant_id = $1`,
      [tenant.tenantId],
    );
    assert.ok(burst!.inside > COUNT / 2, `${burst!.inside} of ${COUNT} went in ${burst!.bursts} bursts`);
    const sql = test.database.tenant(tenant.tenantId);
    const row = await findOperation(sql, ids.at(-1)!);
    assert.ok(row?.burst_id, 'the last one was in a burst');
    assert.deepEqual([row.matched, row.changed_fields, row.revision], [['email'], ['points'], 2]);
    const steps = await listSteps(sql, ids.at(-1)!);
    assert.deepEqual(
      steps.map(({ step, state, attempts, detail }) => [step, state, attempts, detail]),
      [
        ['find-pass', 'succeeded', 1, { matched: ['email'] }],
        ['apply-data', 'succeeded', 1, { changed: ['points'] }],
        ['notify-devices', 'succeeded', 1, { devices: 1, delivered: 1, covered: 0, scheduled: 0 }],
      ],
    );
    const handle = engine.client.workflow.getHandle(`push-update-burst/${row.burst_id}`);
    await handle.result();
    const events = (await handle.fetchHistory()).events!.length;
    assert.ok(events <= 12, `${events} events in one burst`);
    // A run lists its operations where they fit into a search attribute.
    const runs = await test.owner<{ burst_id: string; operation_ids: string[] }>(
      'select burst_id, operation_ids from bursts where tenant_id = $1',
      [tenant.tenantId],
    );
    for (const { burst_id: burstId, operation_ids: inRun } of runs) {
      const { typedSearchAttributes } = await engine.client.workflow
        .getHandle(`push-update-burst/${burstId}`)
        .describe();
      assert.deepEqual(typedSearchAttributes.get(CORRELATION_IDS) ?? null, inRun.length <= 50 ? inRun : null);
    }
  });
  it('lets operations in trouble go on alone, and all others end', async () => {
    const tenant = await seedTenant(test, { waitForUnknownPassSeconds: 0, waitForPassSeconds: 0 });
    await seedSegment(test, tenant, 200);
    const inputs = Array.from({ length: 200 }, (_, i) => update(i + 1, { points: 100 + i }));
    inputs[180] = update(181, { points: 2 }, { passType: 'premium-like' });
    inputs[181] = update(182, { points: 1 }, { passType: 'nothing-like-it' });
    inputs[182] = update(999, { points: 1 });
    inputs[183] = update(184, { note: 'x'.repeat(200_000) });
    inputs[184] = update(185, { points: 35, tier: 'gold' }, { passType: 'premium' });
    const ids = await acceptMany(test, tenant, inputs);
    await allEnded(ids);
    const rows = await test.owner<{ status: string; outcome: string; burst_id: string | null; reason: string | null }>(
      `select status, outcome, burst_id, reason from operations where operation_id = any($1) order by acceptance_sequence`,
      [ids],
    );
    const said = (i: number) => [rows[i]!.status, rows[i]!.outcome, rows[i]!.burst_id !== null];
    assert.deepEqual(said(180), ['failed', 'invalid-data', false]);
    assert.match(rows[180]!.reason!, /premium/);
    assert.deepEqual(said(181), ['failed', 'invalid-data', false]);
    assert.deepEqual(said(182).slice(0, 2), ['succeeded', 'pass-not-found']);
    assert.deepEqual(said(183), ['succeeded', 'updated', false], 'what is large goes alone');
    assert.deepEqual(said(184).slice(0, 2), ['succeeded', 'converted']);
    const updated = rows.filter(({ status, outcome }) => status === 'succeeded' && outcome === 'updated');
    assert.equal(updated.length, 196);
    // Each that left keeps the way to the burst that it was in.
    const steps = await listSteps(test.database.tenant(tenant.tenantId), ids[180]!);
    const troubled = steps.find(({ step }) => step === 'convert-type')!;
    assert.equal(troubled.state, 'failed');
    assert.equal(troubled.attempts, 2);
    assert.match(String(troubled.detail['leftBurst']), /^[0-9a-f-]{36}$/);
    // And can be retried like any other.
    const sql = test.database.tenant(tenant.tenantId);
    assert.equal(await retryOperation(sql, ids[181]!), 2);
  });

  it('voids many passes in one run, each with its own evidence and event, and leaves alone what is refused', async () => {
    const tenant = await seedTenant(test, {});
    await seedSegment(test, tenant, COUNT);
    const passIds = await segmentPasses(test, tenant);
    // More than a burst needs: what has left one must not go around in the next.
    const refused = 30;
    await test.owner(`update passes set state = 'deleted' where pass_id = any($1)`, [passIds.slice(-refused)]);
    pushed.length = 0;
    const inputs = passIds.map((passId) => ({ passId }));
    const ids = await acceptMany(test, tenant, inputs, { kinds: inputs.map(() => 'void-pass') });
    await allEnded(ids);
    const rows = await test.owner<{ status: string; outcome: string; changed_fields: string[] | null; n: number }>(
      `select status, outcome, changed_fields, count(*)::int as n from operations where operation_id = any($1)
        group by 1, 2, 3 order by n`,
      [ids],
    );
    assert.deepEqual(rows, [
      { status: 'failed', outcome: 'state-conflict', changed_fields: null, n: refused },
      { status: 'succeeded', outcome: 'voided', changed_fields: ['state'], n: COUNT - refused },
    ]);
    assert.equal(pushed.length, COUNT - refused);
    const events = await test.owner(
      // What a failure says of its pass is added when the event is placed in the stream.
      `select type, case when type = 'pass.voided' then payload ->> 'state' end as state, count(*)::int as n
         from events where tenant_id = $1 group by 1, 2 order by n`,
      [tenant.tenantId],
    );
    assert.deepEqual(events, [
      { type: 'operation.failed', state: null, n: refused },
      { type: 'pass.voided', state: 'voided', n: COUNT - refused },
    ]);
    const sql = test.database.tenant(tenant.tenantId);
    const last = ids.at(-refused - 1)!;
    const inBurst = await findOperation(sql, last);
    assert.ok(inBurst?.burst_id, 'the last one that was not refused was in a burst');
    const steps = await listSteps(sql, last);
    assert.deepEqual(
      steps.map(({ step, state, attempts, detail }) => [step, state, attempts, detail]),
      [
        ['find-pass', 'succeeded', 1, { matched: ['serialNumber'] }],
        ['change-state', 'succeeded', 1, { from: 'active', to: 'voided' }],
        ['notify-devices', 'succeeded', 1, { devices: 1, delivered: 1, covered: 0, scheduled: 0 }],
      ],
    );
    const handle = engine.client.workflow.getHandle(`push-update-burst/${inBurst.burst_id}`);
    await handle.result();
    const { events: history } = await handle.fetchHistory();
    assert.equal((await handle.describe()).type, 'changeStateBurst');
    assert.ok(history!.length <= 12, `${history!.length} events in one burst`);
  });

  it('sends many messages in one run; what has its own time waits without one, and a cancellation ends it', async () => {
    const tenant = await seedTenant(test, { pushWindowSeconds: 0 });
    await seedSegment(test, tenant, COUNT);
    pushed.length = 0;
    // The first ones may go singly, before the flood is seen.
    const count = COUNT - 30;
    const notBefore = new Date(Date.now() + 3_600_000).toISOString();
    const inputs = Array.from({ length: COUNT }, (_, i) => messageTo(i + 1, i < count ? {} : { notBefore }));
    const ids = await acceptMany(test, tenant, inputs, { kinds: inputs.map(() => 'send-message') });
    await allEnded(ids.slice(0, count));
    const sql = test.database.tenant(tenant.tenantId);
    const last = ids[count - 1]!;
    const sent = await findOperation(sql, last);
    assert.deepEqual([sent?.status, sent?.outcome], ['succeeded', 'message-sent']);
    const steps = await listSteps(sql, last);
    assert.deepEqual(
      steps.map(({ step, state, attempts, detail }) => [step, state, attempts, detail]),
      [
        ['find-pass', 'succeeded', 1, { matched: ['email'] }],
        ['claim-message', 'succeeded', 1, { class: 'marketing' }],
        ['show-message', 'succeeded', 1, { shown: 1 }],
        ['notify-devices', 'succeeded', 1, { devices: 1, delivered: 1, covered: 0, scheduled: 0 }],
      ],
    );
    assert.equal(pushed.length, count);
    assert.ok(sent?.burst_id, 'the last one that was sent was in a burst');
    const handle = engine.client.workflow.getHandle(`push-update-burst/${sent.burst_id}`);
    await handle.result();
    assert.equal((await handle.describe()).type, 'sendMessageBurst');
    const { events } = await handle.fetchHistory();
    assert.ok(events!.length <= 12, `${events!.length} events in one burst`);

    const waits = () =>
      test.owner<{ operation_id: string; until: string }>(
        `select operation_id, detail ->> 'until' as until from operations o join operation_steps s using (operation_id)
          where operation_id = any($1) and status = 'running' and burst_id is null and dispatched_at is null
            and s.step = 'claim-message' and s.state = 'waiting' order by acceptance_sequence`,
        [ids],
      );
    const held = await until(async () => {
      const rows = await waits();
      return rows.length > 0 && rows;
    }, 'some to be held back');
    assert.ok(
      held.every((row) => row.until === notBefore),
      'each waits for its own time',
    );
    const [first, ...others] = held.map(({ operation_id: id }) => id);
    await requestCancellation(sql, first!);
    await allEnded([first!]);
    assert.equal((await findOperation(sql, first!))?.status, 'cancelled');
    // Their time comes.
    await test.owner(
      `update operations set dispatch_after = now(), input = input || '{"notBefore": null}' where operation_id = any($1)`,
      [others],
    );
    await allEnded(others);
    const ends = await test.owner('select outcome, run from operations where operation_id = any($1) group by 1, 2', [
      others,
    ]);
    assert.deepEqual(ends, [{ outcome: 'message-sent', run: 1 }]);

    // Their ends go in bursts, too, and nobody but wallets is told.
    pushed.length = 0;
    const passIds = await segmentPasses(test, tenant);
    const ended = await acceptMany(
      test,
      tenant,
      ids.map((messageId, i) => ({ passId: passIds[i], messageId })).slice(0, count),
      { kinds: ids.map(() => 'end-message') },
    );
    await allEnded(ended);
    const [left] = await test.owner(
      `select (select count(*)::int from operations where operation_id = any($2) and outcome = 'message-ended') as ended,
              (select count(*)::int from messages where tenant_id = $1 and state = 'ended') as messages,
              (select count(*)::int from passes where tenant_id = $1 and messages <> '[]') as shown,
              (select count(*)::int from events where tenant_id = $1 and operation_id = any($2)) as events,
              (select bool_or(burst_id is not null) from operations where operation_id = any($2)) as "inBursts"`,
      [tenant.tenantId, ended],
    );
    assert.deepEqual(left, { ended: count, messages: count, shown: others.length, events: 0, inBursts: true });
    assert.equal(pushed.length, count);
  });

  it('begins and ends the offers of many passes in one run each, with the evidence and the event of each', async () => {
    const tenant = await seedTenant(test, { pushWindowSeconds: 0 });
    await seedSegment(test, tenant, COUNT);
    const passIds = await segmentPasses(test, tenant);
    const sql = test.database.tenant(tenant.tenantId);
    const terms = { passType: null, fields: { points: 500 }, from: null, until: null, forSeconds: 86_400 };
    const begins = passIds.map((passId) => ({
      passId,
      terms: { ...terms, priority: 0, uses: null, notifyAtEnd: false },
    }));
    const begun = await acceptMany(test, tenant, begins, { kinds: begins.map(() => 'start-offer') });
    await allEnded(begun);
    const ends = passIds.map((passId, i) => ({ passId, offerId: begun[i] }));
    const over = await acceptMany(test, tenant, ends, { kinds: ends.map(() => 'end-offer') });
    await allEnded(over);
    for (const [ids, type, step, outcome, event] of [
      [begun, 'startOfferBurst', 'start-offer', 'offer-started', 'offer.started'],
      [over, 'endOfferBurst', 'end-offer', 'offer-ended', 'offer.ended'],
    ] as const) {
      const [left] = await test.owner(
        `select (select count(*)::int from operations where operation_id = any($1) and outcome = $2) as operations,
                (select count(*)::int from events where operation_id = any($1) and type = $3) as events,
                (select count(*)::int from pass_revisions where operation_id = any($1) and change = 'offer') as revisions`,
        [ids, outcome, event],
      );
      assert.deepEqual(left, { operations: COUNT, events: COUNT, revisions: COUNT });
      const last = await findOperation(sql, ids.at(-1)!);
      assert.ok(last?.burst_id, 'the last one was in a burst');
      const steps = await listSteps(sql, ids.at(-1)!);
      assert.deepEqual(
        steps.map((one) => [one.step, one.state, one.attempts]),
        ['find-pass', step, 'notify-devices'].map((name) => [name, 'succeeded', 1]),
      );
      const handle = engine.client.workflow.getHandle(`push-update-burst/${last.burst_id}`);
      await handle.result();
      assert.equal((await handle.describe()).type, type);
      const { events } = await handle.fetchHistory();
      assert.ok(events!.length <= 12, `${events!.length} events in one burst`);
    }
  });

  it('converts the rows of a campaign in bursts: they are push-updates', async () => {
    const tenant = await seedTenant(test, {});
    await seedSegment(test, tenant, COUNT);
    const sql = test.database.tenant(tenant.tenantId);
    const campaignId = randomUUID();
    const definition = campaignDefinition.parse({
      audience: { filter: { installedOn: 'apple' } },
      action: { type: 'convert', passType: 'premium' },
      schedule: {},
    });
    await createCampaign(sql, { campaignId, name: 'Convert', definition, test: false, confirmed: true });
    await until(async () => (await findCampaign(sql, campaignId))!.state === 'ended', 'the campaign to end');
    const [left] = await test.owner(
      `select count(*)::int as n, count(*) filter (where outcome = 'converted')::int as converted,
              count(*) filter (where burst_id is not null) > $2::int / 2 as most
         from operations where tenant_id = $1 and starts_with(idempotency_key, 'campaign:')`,
      [tenant.tenantId, COUNT],
    );
    assert.deepEqual(left, { n: COUNT, converted: COUNT, most: true });
  });

  it('meets a cancellation of one operation, and waits for passes that are on their way', async () => {
    const tenant = await seedTenant(test, { waitForUnknownPassSeconds: 20 });
    await seedSegment(test, tenant, 40);
    // Nobody dispatches yet: the cancellation is there before the burst is.
    const inputs = Array.from({ length: 41 }, (_, i) => update(i + 1, { points: i }));
    const ids = await acceptMany(test, tenant, inputs, { later: true });
    const sql = test.database.tenant(tenant.tenantId);
    await requestCancellation(sql, ids[39]!);
    await test.owner('update operations set dispatch_after = now() where operation_id = any($1)', [ids]);
    await allEnded(ids.slice(0, 40));
    const cancelled = await findOperation(sql, ids[39]!);
    assert.deepEqual([cancelled?.status, cancelled?.outcome, cancelled?.revision], ['cancelled', 'cancelled', null]);
    const [points] = await test.owner<{ points: number }>(
      `select (p.data -> 'points')::int as points from passes p join customers c using (customer_id)
        where c.tenant_id = $1 and c.email = 'c40@example.com'`,
      [tenant.tenantId],
    );
    assert.equal(points?.points, 10);
    // The pass of customer 41 comes now.
    await seedSegment(test, tenant, 41, 41);
    await allEnded(ids);
    const late = await findOperation(sql, ids[40]!);
    assert.deepEqual([late?.status, late?.outcome], ['succeeded', 'updated']);
  });
});
