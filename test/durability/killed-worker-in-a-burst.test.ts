import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { crash, createPushLog, loggedPushes, type CrashPlace } from '../support/crash.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { until } from '../support/operations.js';
import { acceptMany, messageTo, seedSegment, segmentPasses, update } from '../support/segment.js';
import { seedTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

const STEPS = [
  'burst-find-pass',
  'burst-convert-type',
  'burst-apply-data',
  'burst-recompute-metadata',
  'burst-notify-devices',
];
const PLACES: [when: CrashPlace['when'], step: string][] = [
  ...STEPS.map((step): ['before', string] => ['before', step]),
  ...STEPS.map((step): ['after', string] => ['after', step]),
  ['inside', 'burst-notify-devices'],
];
/** The steps around it are those of updates. */
const VOIDS: [when: CrashPlace['when'], step: string][] = [
  ['before', 'burst-change-state'],
  ['after', 'burst-change-state'],
  ['inside', 'burst-notify-devices'],
];
/** The steps around them are those of updates. */
const MESSAGES: [when: CrashPlace['when'], step: string][] = [
  ['before', 'burst-claim-message'],
  ['after', 'burst-claim-message'],
  ['after', 'burst-show-message'],
  ['inside', 'burst-notify-devices'],
];
/** Each pass has an offer that ends and gets one that begins. */
const OFFERS: [when: CrashPlace['when'], step: string][] = [
  ['before', 'burst-start-offer'],
  ['after', 'burst-start-offer'],
  ['before', 'burst-end-offer'],
  ['after', 'burst-end-offer'],
];
const COUNT = 20;

describe('a worker killed between or inside the steps of a burst leaves one effect of each operation', () => {
  let test: TestDatabase;
  let engine: TestEngine | undefined;
  const tenants: string[] = [];
  const voiding: string[] = [];
  const sending: string[] = [];
  const offering: string[] = [];

  before(async () => {
    test = await createTestDatabase();
    await createPushLog(test);
    for (const _ of PLACES) {
      const tenant = await seedTenant(test, {});
      tenants.push(tenant.tenantId);
      await seedSegment(test, tenant, COUNT);
      // Two updates of each customer: the second one converts.
      const inputs = Array.from({ length: 2 * COUNT }, (_, i) =>
        i < COUNT
          ? update(i + 1, { points: 50 })
          : update(i - COUNT + 1, { points: 99 }, { passType: 'premium', updateMetadata: true }),
      );
      await acceptMany(test, tenant, inputs);
    }
    for (const _ of VOIDS) {
      const tenant = await seedTenant(test, {});
      voiding.push(tenant.tenantId);
      await seedSegment(test, tenant, COUNT);
      const inputs = (await segmentPasses(test, tenant)).map((passId) => ({ passId }));
      await acceptMany(test, tenant, inputs, { kinds: inputs.map(() => 'void-pass') });
    }
    for (const _ of MESSAGES) {
      // A cap of one: a message that was counted twice would hold itself back.
      const tenant = await seedTenant(test, { messages: { cap: { most: 1, hours: 24 }, heldBack: 'drop' } });
      sending.push(tenant.tenantId);
      await seedSegment(test, tenant, COUNT);
      const inputs = (await segmentPasses(test, tenant)).map((passId) => ({ ...messageTo(1), passId }));
      await acceptMany(test, tenant, inputs, { kinds: inputs.map(() => 'send-message') });
    }
    for (const _ of OFFERS) {
      const tenant = await seedTenant(test, {});
      offering.push(tenant.tenantId);
      await seedSegment(test, tenant, COUNT);
      const passIds = await segmentPasses(test, tenant);
      const former = await test.owner<{ pass_id: string; offer_id: string }>(
        `with former as (
           insert into offers (offer_id, tenant_id, pass_id, acceptance_sequence, fields, priority, starts_at, ends_at, state, asked)
           select gen_random_uuid(), $1, p, 1, '{"points": 1}', 0, now() - interval '2 days', now() - interval '1 day', 'active', 'end-offer'
             from unnest($2::uuid[]) p returning pass_id, offer_id
         )
         update passes p set offers = jsonb_build_array(jsonb_build_object('id', offer_id, 'sequence', '1', 'priority', 0,
             'fields', '{"points": 1}'::jsonb, 'passType', null)) from former where former.pass_id = p.pass_id
         returning p.pass_id, offer_id`,
        [tenant.tenantId, passIds],
      );
      const terms = { passType: null, fields: { points: 500 }, from: null, until: null, forSeconds: 86_400 };
      const inputs = [
        ...passIds.map((passId) => ({ passId, terms: { ...terms, priority: 0, uses: null, notifyAtEnd: false } })),
        ...former.map(({ pass_id: passId, offer_id: offerId }) => ({ passId, offerId })),
      ];
      await acceptMany(test, tenant, inputs, {
        kinds: inputs.map((_, n) => (n < COUNT ? 'start-offer' : 'end-offer')),
      });
    }
    const taskQueue = `crash-${randomUUID()}`;
    const places = [...PLACES, ...VOIDS, ...MESSAGES, ...OFFERS].map(([when, step], i) => ({
      tenantId: [...tenants, ...voiding, ...sending, ...offering][i]!,
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

  for (const [i, [when, step]] of PLACES.entries()) {
    it(`killed ${when} ${step}`, { timeout: 120_000 }, async () => {
      const tenantId = tenants[i]!;
      await until(async () => (await rowsOf(test).unfinished({ tenantId })) === 0, 'all operations to end', 90_000);
      const ends = await test.owner(
        `select status, outcome, count(*)::int as n from operations where tenant_id = $1 group by 1, 2 order by 2`,
        [tenantId],
      );
      assert.deepEqual(ends, [
        { status: 'succeeded', outcome: 'converted', n: COUNT },
        { status: 'succeeded', outcome: 'updated', n: COUNT },
      ]);
      const passes = await test.owner(
        `select p.data, p.revision, array(select r.change from pass_revisions r where r.pass_id = p.pass_id order by r.change) as changes,
                count(*)::int as n
           from passes p join customers c using (customer_id)
          where p.tenant_id = $1 and c.email like 'c%'
          group by 1, 2, 3`,
        [tenantId],
      );
      assert.deepEqual(passes, [
        { data: { points: 99, tier: 'bronze' }, revision: 4, changes: ['data', 'data', 'type'], n: COUNT },
      ]);
      const events = await test.owner<{ n: number; one: boolean }>(
        `select count(*)::int as n, count(distinct operation_id) = count(*) as one
           from events where tenant_id = $1 and type = 'pass.updated'`,
        [tenantId],
      );
      assert.deepEqual(events, [{ n: 2 * COUNT, one: true }]);
      const [pushes] = await test.owner<{ phones: number; n: number }>(
        'select count(distinct token)::int as phones, count(*)::int as n from test_pushes where tenant_id = $1',
        [tenantId],
      );
      assert.equal(pushes?.phones, COUNT);
      // A push carries nothing: those that had no result yet when the worker died are made once more.
      if (when !== 'inside') assert.equal(pushes?.n, COUNT);
    });
  }

  for (const [i, [when, step]] of VOIDS.entries()) {
    it(`of voids, killed ${when} ${step}`, { timeout: 120_000 }, async () => {
      const tenantId = voiding[i]!;
      await until(async () => (await rowsOf(test).unfinished({ tenantId })) === 0, 'all operations to end', 90_000);
      const [left] = await test.owner(
        `select (select count(*)::int from operations where tenant_id = $1 and outcome = 'voided') as voided,
                (select count(*)::int from passes where tenant_id = $1 and state = 'voided' and revision = 2) as passes,
                (select count(*)::int from pass_revisions where tenant_id = $1 and change = 'state') as revisions,
                (select count(*)::int from events where tenant_id = $1 and type = 'pass.voided') as events,
                (select count(distinct token)::int from test_pushes where tenant_id = $1) as phones`,
        [tenantId],
      );
      assert.deepEqual(left, { voided: COUNT, passes: COUNT, revisions: COUNT, events: COUNT, phones: COUNT });
    });
  }

  for (const [i, [when, step]] of MESSAGES.entries()) {
    it(`of messages, killed ${when} ${step}`, { timeout: 120_000 }, async () => {
      const tenantId = sending[i]!;
      await until(async () => (await rowsOf(test).unfinished({ tenantId })) === 0, 'all operations to end', 90_000);
      const [left] = await test.owner(
        `select (select count(*)::int from operations where tenant_id = $1 and outcome = 'message-sent') as operations,
                (select count(*)::int from messages where tenant_id = $1 and state = 'sent' and revision = 2) as sent,
                (select count(*)::int from passes where tenant_id = $1 and jsonb_array_length(messages) = 1 and revision = 2) as passes,
                (select count(*)::int from pass_revisions where tenant_id = $1 and change = 'message') as revisions,
                (select count(*)::int from events where tenant_id = $1 and type = 'message.sent') as events,
                (select count(distinct token)::int from test_pushes where tenant_id = $1) as phones`,
        [tenantId],
      );
      const once = { operations: COUNT, sent: COUNT, passes: COUNT, revisions: COUNT, events: COUNT, phones: COUNT };
      assert.deepEqual(left, once);
    });
  }

  for (const [i, [when, step]] of OFFERS.entries()) {
    it(`of offers, killed ${when} ${step}`, { timeout: 120_000 }, async () => {
      const tenantId = offering[i]!;
      await until(async () => (await rowsOf(test).unfinished({ tenantId })) === 0, 'all operations to end', 90_000);
      const [left] = await test.owner(
        `select (select count(*)::int from operations where tenant_id = $1 and outcome = 'offer-started') as started,
                (select count(*)::int from operations where tenant_id = $1 and outcome = 'offer-ended') as ended,
                (select count(*)::int from passes where tenant_id = $1 and jsonb_array_length(offers) = 1
                    and offers -> 0 -> 'fields' = '{"points": 500}' and revision = 3) as passes,
                (select count(*)::int from pass_revisions where tenant_id = $1 and change = 'offer') as revisions,
                (select count(*)::int from offers where tenant_id = $1 and state = 'active') as active,
                (select count(*)::int from offers where tenant_id = $1 and state = 'ended') as over,
                (select count(*)::int from events where tenant_id = $1 and type in ('offer.started', 'offer.ended')) as events,
                (select count(*)::int from operations where tenant_id = $1) as operations`,
        [tenantId],
      );
      const each = { started: COUNT, ended: COUNT, passes: COUNT, active: COUNT, over: COUNT };
      assert.deepEqual(left, { ...each, revisions: 2 * COUNT, events: 2 * COUNT, operations: 2 * COUNT });
    });
  }
});
