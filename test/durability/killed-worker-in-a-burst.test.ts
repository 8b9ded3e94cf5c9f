import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { crash, createPushLog, loggedPushes, type CrashPlace } from '../support/crash.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { until } from '../support/operations.js';
import { acceptMany, messageTo, seedSegment, segmentPasses, update } from '../support/segment.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

const COUNT = 20;
const STEPS = [
  'burst-find-pass',
  'burst-convert-type',
  'burst-apply-data',
  'burst-recompute-metadata',
  'burst-notify-devices',
];

type Place = [when: CrashPlace['when'], step: string];

/** One kind of burst: where its worker is killed, what it is asked for, and what must be there once. */
interface Case {
  of: string;
  places: Place[];
  settings?: object;
  accept(test: TestDatabase, tenant: SeededTenant, passIds: string[]): Promise<unknown>;
  check(test: TestDatabase, tenantId: string, when: CrashPlace['when']): Promise<void>;
}

/** The counts of one statement. */
const counts = async (test: TestDatabase, tenantId: string, of: Readonly<Record<string, string>>) => {
  const columns = Object.entries(of).map(([name, from]) => `(select count(*)::int from ${from}) as ${name}`);
  return (await test.owner(`select ${columns.join(', ')}`, [tenantId]))[0];
};
const PHONES = '(select distinct token from test_pushes where tenant_id = $1) t';

const UPDATES: Case = {
  of: 'updates',
  places: [
    ...STEPS.map((step): Place => ['before', step]),
    ...STEPS.map((step): Place => ['after', step]),
    ['inside', 'burst-notify-devices'],
  ],
  accept(test, tenant) {
    // Two updates of each customer: the second one converts.
    const inputs = Array.from({ length: 2 * COUNT }, (_, i) =>
      i < COUNT
        ? update(i + 1, { points: 50 })
        : update(i - COUNT + 1, { points: 99 }, { passType: 'premium', updateMetadata: true }),
    );
    return acceptMany(test, tenant, inputs);
  },
  async check(test, tenantId, when) {
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
    const pushes = await counts(test, tenantId, { phones: PHONES, n: 'test_pushes where tenant_id = $1' });
    assert.equal(pushes?.['phones'], COUNT);
    // A push carries nothing: those that had no result yet when the worker died are made once more.
    if (when !== 'inside') assert.equal(pushes?.['n'], COUNT);
  },
};

/** The steps around it are those of updates. */
const VOIDS: Case = {
  of: 'voids',
  places: [
    ['before', 'burst-change-state'],
    ['after', 'burst-change-state'],
    ['inside', 'burst-notify-devices'],
  ],
  accept(test, tenant, passIds) {
    const inputs = passIds.map((passId) => ({ passId }));
    return acceptMany(test, tenant, inputs, { kinds: inputs.map(() => 'void-pass') });
  },
  async check(test, tenantId) {
    const left = await counts(test, tenantId, {
      voided: `operations where tenant_id = $1 and outcome = 'voided'`,
      passes: `passes where tenant_id = $1 and state = 'voided' and revision = 2`,
      revisions: `pass_revisions where tenant_id = $1 and change = 'state'`,
      events: `events where tenant_id = $1 and type = 'pass.voided'`,
      phones: PHONES,
    });
    assert.deepEqual(left, { voided: COUNT, passes: COUNT, revisions: COUNT, events: COUNT, phones: COUNT });
  },
};

const MESSAGES: Case = {
  of: 'messages',
  places: [
    ['before', 'burst-claim-message'],
    ['after', 'burst-claim-message'],
    ['after', 'burst-show-message'],
    ['inside', 'burst-notify-devices'],
  ],
  // A cap of one: a message that was counted twice would hold itself back.
  settings: { messages: { cap: { most: 1, hours: 24 }, heldBack: 'drop' } },
  accept(test, tenant, passIds) {
    const inputs = passIds.map((passId) => ({ ...messageTo(1), passId }));
    return acceptMany(test, tenant, inputs, { kinds: inputs.map(() => 'send-message') });
  },
  async check(test, tenantId) {
    const left = await counts(test, tenantId, {
      operations: `operations where tenant_id = $1 and outcome = 'message-sent'`,
      sent: `messages where tenant_id = $1 and state = 'sent' and revision = 2`,
      passes: `passes where tenant_id = $1 and jsonb_array_length(messages) = 1 and revision = 2`,
      revisions: `pass_revisions where tenant_id = $1 and change = 'message'`,
      events: `events where tenant_id = $1 and type = 'message.sent'`,
      phones: PHONES,
    });
    const once = { operations: COUNT, sent: COUNT, passes: COUNT, revisions: COUNT, events: COUNT, phones: COUNT };
    assert.deepEqual(left, once);
  },
};

/** Each pass has an offer that ends and gets one that begins. */
const OFFERS: Case = {
  of: 'offers',
  places: [
    ['before', 'burst-start-offer'],
    ['after', 'burst-start-offer'],
    ['before', 'burst-end-offer'],
    ['after', 'burst-end-offer'],
  ],
  async accept(test, tenant, passIds) {
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
  },
  async check(test, tenantId) {
    const left = await counts(test, tenantId, {
      started: `operations where tenant_id = $1 and outcome = 'offer-started'`,
      ended: `operations where tenant_id = $1 and outcome = 'offer-ended'`,
      passes: `passes where tenant_id = $1 and jsonb_array_length(offers) = 1
                 and offers -> 0 -> 'fields' = '{"points": 500}' and revision = 3`,
      revisions: `pass_revisions where tenant_id = $1 and change = 'offer'`,
      active: `offers where tenant_id = $1 and state = 'active'`,
      over: `offers where tenant_id = $1 and state = 'ended'`,
      events: `events where tenant_id = $1 and type in ('offer.started', 'offer.ended')`,
      operations: 'operations where tenant_id = $1',
    });
    const each = { started: COUNT, ended: COUNT, passes: COUNT, active: COUNT, over: COUNT };
    assert.deepEqual(left, { ...each, revisions: 2 * COUNT, events: 2 * COUNT, operations: 2 * COUNT });
  },
};

describe('a worker killed between or inside the steps of a burst leaves one effect of each operation', () => {
  let test: TestDatabase;
  let engine: TestEngine | undefined;
  const runs = [UPDATES, VOIDS, MESSAGES, OFFERS].flatMap((kind) =>
    kind.places.map(([when, step]) => ({ ...kind, when, step, tenantId: '' })),
  );

  before(async () => {
    test = await createTestDatabase();
    await createPushLog(test);
    for (const run of runs) {
      const tenant = await seedTenant(test, run.settings ?? {});
      run.tenantId = tenant.tenantId;
      await seedSegment(test, tenant, COUNT);
      await run.accept(test, tenant, await segmentPasses(test, tenant));
    }
    const taskQueue = `crash-${randomUUID()}`;
    const places = runs.map(({ tenantId, when, step }) => ({ tenantId, when, step }));
    await crash(test, taskQueue, places);
    engine = await startEngine(test, { taskQueue, deps: loggedPushes(test) });
  });
  after(async () => {
    await engine?.stop();
    await test?.drop();
  });

  for (const run of runs) {
    it(`of ${run.of}, killed ${run.when} ${run.step}`, { timeout: 120_000 }, async () => {
      const { tenantId } = run;
      await until(async () => (await rowsOf(test).unfinished({ tenantId })) === 0, 'all operations to end', 90_000);
      await run.check(test, tenantId, run.when);
    });
  }
});
