import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { createActivities, type Activities } from '../../src/activities/index.js';
import { requestCancellation } from '../../src/database/operations/cancellations.js';
import { acceptDueOperations } from '../../src/dispatch/due-operations.js';
import type { OfferTerms } from '../../src/passes/operation-input.js';
import { countingStatements } from '../support/counted-statements.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { createTestDeps } from '../support/deps.js';
import { offerEvidence } from '../support/offer-evidence.js';
import { offerRuns, type OfferKind } from '../support/offer-runs.js';
import { acceptMany, seedSegment, segmentPasses, update } from '../support/segment.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

const PEOPLE = 3;
const HOUR = 3_600_000;
/** After everything that the database is asked for. */
const BEGIN = Math.ceil(Date.now() / HOUR + 1) * HOUR;

let db: TestDatabase;
let steps: Activities;
let nowMs = BEGIN;
before(async () => {
  db = await createTestDatabase();
  steps = createActivities(createTestDeps(db, { now: () => nowMs }));
  // Far from every other number, so that evidence can be compared by place.
  await db.owner('alter sequence acceptance_sequence restart with 1000000');
});
after(() => db.drop());

type Kind = OfferKind;
const { alone, begin, together } = offerRuns(
  () => db,
  () => steps,
);
interface Asked {
  kind: Kind;
  input: object;
}

/** Hours from the beginning. */
const at = (hours: number) => new Date(BEGIN + hours * HOUR).toISOString();

const TERMS: OfferTerms = {
  ...{ passType: null, fields: { points: 500 }, from: null, until: at(100), forSeconds: null },
  ...{ priority: 0, uses: null, notifyAtEnd: false },
};

const offerTo = (customer: number, terms: Partial<OfferTerms> = {}): Asked => ({
  kind: 'start-offer',
  input: { identifiers: [{ kind: 'email', value: `c${customer}@example.com` }], terms: { ...TERMS, ...terms } },
});

/** Among them some that fit no pass, that come later, and that are over before they begin. */
const terms: fc.Arbitrary<Partial<OfferTerms>> = fc.record({
  passType: fc.constantFrom(null, null, 'premium', 'nowhere'),
  fields: fc.dictionary(
    fc.constantFrom('points', 'tier', 'extra'),
    fc.constantFrom(null, 7, 8, 'gold', { not: 'a value' }),
    { maxKeys: 2 },
  ),
  from: fc.constantFrom(null, null, null, at(-3), at(5)),
  until: fc.constantFrom(at(100), at(100), at(6), at(-2)),
  priority: fc.integer({ min: 0, max: 1 }),
  notifyAtEnd: fc.boolean(),
  // PostgreSQL refuses the last one.
  uses: fc.constantFrom(null, null, 3, 0),
});
const begun: fc.Arbitrary<Asked> = fc
  .tuple(fc.integer({ min: 1, max: PEOPLE + 1 }), terms)
  .map(([customer, given]) => offerTo(customer, given));

async function segment(people = PEOPLE): Promise<SeededTenant> {
  nowMs = BEGIN;
  const tenant = await seedTenant(db, { waitForUnknownPassSeconds: 0, waitForPassSeconds: 0, pushWindowSeconds: 0 });
  await seedSegment(db, tenant, people);
  return tenant;
}

const acceptAll = (tenant: SeededTenant, list: readonly Asked[]): Promise<string[]> =>
  acceptMany(
    db,
    tenant,
    list.map(({ input }) => input),
    { kinds: list.map(({ kind }) => kind) },
  );

type Row = Record<string, unknown>;
const evidence = (tenant: SeededTenant, ids: readonly string[]) => offerEvidence(db, tenant, ids);

/** Of all operations but some, by their places. */
const without = (places: readonly number[], state: Record<string, Row[]>) =>
  Object.fromEntries(
    Object.entries(state).map(([name, rows]) => [name, rows.filter(({ place }) => !places.includes(Number(place)))]),
  );

test('offers that begin in a burst leave what single ones leave in the order of acceptance', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(begun, { minLength: 1, maxLength: 8 }), async (list) => {
      const [inBurst, singly] = [await segment(), await segment()];
      const [some, each] = [await acceptAll(inBurst, list), await acceptAll(singly, list)];
      await together(inBurst.tenantId, some, 'start-offer');
      const failed: number[] = [];
      for (const [index, id] of each.entries()) {
        await alone(singly.tenantId, id, 'start-offer').catch(() => failed.push(index + 1));
      }
      const [a, b] = [await evidence(inBurst, some), await evidence(singly, each)];
      // What failed alone has left the burst, and waits for a run of its own.
      const left = a['operations']!.flatMap(({ status, place }) => (status === 'accepted' ? [Number(place)] : []));
      assert.deepEqual(left, failed);
      assert.deepEqual(without(failed, a), without(failed, b));
    }),
    { numRuns: 8, endOnFailure: true },
  );
});

/** What happens after some offers have been laid: of one kind at a time, as bursts are. */
const later = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('push-update' as const),
      customer: fc.integer({ min: 1, max: PEOPLE }),
      data: fc.dictionary(fc.constantFrom('points', 'tier'), fc.constantFrom(1, 2, 'gold'), { maxKeys: 2 }),
      passType: fc.constantFrom(null, null, 'premium', 'basic'),
    }),
    // Of an offer that was laid, or (for the rest) of none.
    fc.record({ kind: fc.constant('end-offer' as const), offer: fc.nat({ max: 8 }) }),
    fc.record({
      kind: fc.constant('start-offer' as const),
      customer: fc.integer({ min: 1, max: PEOPLE }),
      priority: fc.nat({ max: 1 }),
    }),
  ),
  { minLength: 1, maxLength: 10 },
);

test('offers, updates of covered fields, conversions and ends in bursts leave what single runs leave', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(begun, { minLength: 1, maxLength: 5 }), later, async (offers, list) => {
      const left = [];
      for (const inBursts of [true, false]) {
        const tenant = await segment();
        const passIds = await segmentPasses(db, tenant);
        const ids = await acceptAll(tenant, offers);
        const rounds: { kind: Kind; ids: string[] }[] = [{ kind: 'start-offer', ids: [...ids] }];
        for (const one of list) {
          const passId = (customer: number) => ({ passId: passIds[customer - 1] });
          let asked: Asked;
          if (one.kind === 'push-update') {
            const { customer, data, passType } = one;
            asked = { kind: one.kind, input: { ...update(customer, data, { passType }), ...passId(customer) } };
          } else if (one.kind === 'start-offer') {
            const { customer, priority } = one;
            const { input } = offerTo(customer, { priority, fields: { points: 40 + priority } });
            asked = { kind: one.kind, input: { ...input, ...passId(customer) } };
          } else {
            const named = offers[one.offer]?.input as { identifiers: { value: string }[] } | undefined;
            const customer = Math.min(PEOPLE, Number(/\d+/.exec(named?.identifiers[0]!.value ?? '1')![0]));
            asked = { kind: one.kind, input: { ...passId(customer), offerId: ids[one.offer] ?? randomUUID() } };
          }
          const [id] = await acceptAll(tenant, [asked]);
          ids.push(id!);
          const round = rounds.at(-1)!;
          if (round.kind === one.kind && one.kind !== 'push-update') round.ids.push(id!);
          else rounds.push({ kind: one.kind, ids: [id!] });
        }
        for (const { kind, ids: ofRound } of rounds) {
          if (inBursts) await together(tenant.tenantId, ofRound, kind);
          // What is in trouble leaves its burst, and stays where it is alone.
          else for (const id of ofRound) await alone(tenant.tenantId, id, kind).catch(() => undefined);
        }
        const { passes, revisions, offers: rows } = await evidence(tenant, ids);
        left.push({ passes, revisions, rows });
      }
      assert.deepEqual(left[0], left[1]);
    }),
    { numRuns: 8, endOnFailure: true },
  );
});

test('offers that are due begin and end in bursts as single ones do in any order, updates among them', async () => {
  const shuffled = fc
    .array(fc.constantFrom<Kind>('start-offer', 'end-offer', 'push-update'), { minLength: 2, maxLength: 8 })
    .chain((kinds) =>
      fc.tuple(fc.constant(kinds), fc.shuffledSubarray([...kinds.keys()], { minLength: kinds.length })),
    );
  await fc.assert(
    fc.asyncProperty(shuffled, async ([kinds, order]) => {
      const left = [];
      for (const inBursts of [true, false]) {
        const tenant = await segment(1);
        const [passId] = await segmentPasses(db, tenant);
        const planned = [0, 1].map((priority) =>
          offerTo(1, { from: at(5), priority, fields: { points: 70 + priority } }),
        );
        const made = await acceptAll(tenant, planned);
        for (const id of made) await alone(tenant.tenantId, id, 'start-offer');
        nowMs = BEGIN + 6 * HOUR;
        const list = kinds.map((kind, index): Asked => {
          if (kind === 'push-update') return { kind, input: { ...update(1, { points: index }), passId } };
          return { kind, input: { passId, offerId: made[index % 2] } };
        });
        const ids = await acceptAll(tenant, list);
        if (inBursts) {
          for (const kind of new Set(kinds)) {
            const ofKind = ids.filter((_, index) => kinds[index] === kind);
            await together(tenant.tenantId, ofKind, kind);
          }
        } else for (const index of order) await alone(tenant.tenantId, ids[index]!, kinds[index]!);
        const { passes, offers, revisions } = await evidence(tenant, [...made, ...ids]);
        const perOffer = (revisions as { changed: Record<string, { to: unknown }> }[])
          .filter(({ changed }) => changed['wallet.offer'])
          .map(({ changed }) => changed['wallet.offer']!.to !== null);
        // Once begun, once ended at most: an end that came first lets nothing begin.
        assert.ok(perOffer.filter(Boolean).length <= 2, 'an offer began twice');
        left.push({
          passes: passes!.map(({ revision: _, ...pass }) => pass),
          offers: offers!.map(({ place, state }) => [place, state]),
        });
      }
      assert.deepEqual(left[0], left[1]);
    }),
    { numRuns: 8, endOnFailure: true },
  );
});

test('a retry after a crash between the passes and the rows of offers finds what is done, and does the rest', async () => {
  const tenant = await segment();
  // A worker whose clock is behind the database's begins at once what is to begin at once.
  nowMs = BEGIN - 5 * HOUR;
  const ids = await acceptAll(
    tenant,
    [1, 2, 3].map((customer) => offerTo(customer)),
  );
  const ref = await begin(tenant.tenantId, ids, 'start-offer');
  await steps['burst-start-offer'](ref);
  // As the crash leaves it: the passes show the offers, and their rows do not say so.
  await db.owner(`update offers set state = 'planned', started_at = null where tenant_id = $1`, [tenant.tenantId]);
  await db.owner(`update bursts set attempts = '{"start-offer": 1}' where burst_id = $1`, [ref.burstId]);
  await acceptDueOperations({ database: db.database, nudge: () => undefined }, new Date(BEGIN));
  await steps['burst-start-offer'](ref);
  await steps['burst-notify-devices']({ ...ref, ends: true });
  const { operations, offers, revisions } = await evidence(tenant, ids);
  assert.deepEqual(
    operations!.map(({ place, outcome }) => [place, outcome]),
    [1, 2, 3].map((place) => [place, 'offer-started']),
    'each once, and nobody asked for a beginning that its own operation makes',
  );
  assert.deepEqual(
    offers!.map(({ state }) => state),
    ['active', 'active', 'active'],
  );
  assert.equal(revisions!.length, 3);
  const [single] = await acceptAll(tenant, [offerTo(1, { priority: 1 })]);
  await alone(tenant.tenantId, single!, 'start-offer');
  const own = await rowsOf(db).operation(single, 'outcome');
  assert.deepEqual(own, { outcome: 'offer-started' }, 'nor does a single one wait for its clock');
});

test('a cancellation that comes before its pass is changed keeps no offer; the end of one comes for sure', async () => {
  const tenant = await segment();
  const sql = db.database.tenant(tenant.tenantId);
  const ids = await acceptAll(
    tenant,
    [1, 2, 3].map((customer) => offerTo(customer)),
  );
  const ref = await begin(tenant.tenantId, ids, 'start-offer');
  await requestCancellation(sql, ids[1]!);
  await steps['burst-start-offer'](ref);
  await steps['burst-notify-devices']({ ...ref, ends: true });
  const begun = await evidence(tenant, ids);
  assert.deepEqual(
    begun['operations']!.map(({ outcome }) => outcome),
    ['offer-started', 'cancelled', 'offer-started'],
  );
  assert.deepEqual(
    begun['offers']!.map(({ place, state }) => [place, state]),
    [
      [1, 'active'],
      [3, 'active'],
    ],
  );
  nowMs = BEGIN + 101 * HOUR;
  await acceptDueOperations({ database: db.database, nudge: () => undefined }, new Date(nowMs));
  const ends = await rowsOf(db).operations({ tenantId: tenant.tenantId, kind: 'end-offer' }, 'operation_id');
  const end = await begin(
    tenant.tenantId,
    ends.map(({ operation_id }) => operation_id),
    'end-offer',
  );
  for (const { operation_id: id } of ends) await requestCancellation(sql, id);
  await steps['burst-end-offer'](end);
  await steps['burst-notify-devices']({ ...end, ends: true });
  const over = await evidence(tenant, ids);
  assert.deepEqual(
    over['passes']!.map(({ offers }) => offers),
    [[], [], []],
  );
  assert.deepEqual(
    over['offers']!.map(({ state }) => state),
    ['ended', 'ended'],
  );
});

test('bursts of several kinds over the same passes at once lose nothing, and wait for no one for ever', async () => {
  const count = 40;
  const tenant = await segment(count);
  const passIds = await segmentPasses(db, tenant);
  const offers = passIds.map((passId): Asked => ({ kind: 'start-offer', input: { passId, terms: TERMS } }));
  const made = await acceptAll(tenant, offers);
  await together(tenant.tenantId, made, 'start-offer');
  const lists: [Kind, object[]][] = [
    ['end-offer', passIds.map((passId, index) => ({ passId, offerId: made[index] }))],
    ['start-offer', passIds.map((passId) => ({ passId, terms: { ...TERMS, fields: { points: 900 } } })).toReversed()],
    ['push-update', passIds.map((passId) => ({ ...update(1, { points: 20 }), passId }))],
  ];
  await Promise.all(
    lists.map(async ([kind, inputs]) => {
      const ids = await acceptAll(
        tenant,
        inputs.map((input) => ({ kind, input })),
      );
      await together(tenant.tenantId, ids, kind);
      // What others were too fast for goes on alone.
      const left = await db.owner<{ operation_id: string }>(
        `select operation_id from operations where operation_id = any($1) and status = 'accepted'`,
        [ids],
      );
      for (const { operation_id: id } of left) await alone(tenant.tenantId, id, kind);
    }),
  );
  const rows = await db.owner(
    `select p.data -> 'points' as points, p.revision, jsonb_path_query_array(p.offers, '$[*].fields.points') as shown,
            (select string_agg(state, ' ' order by state) from offers f where f.pass_id = p.pass_id) as states, count(*)::int as n
       from passes p where p.pass_id = any($1) group by 1, 2, 3, 4`,
    [passIds],
  );
  assert.deepEqual(rows, [{ points: 20, revision: 5, shown: [900], states: 'active ended', n: count }]);
});

test('what is due at one instant is asked for once, a batch with one statement, however many loops look', async () => {
  const tenant = await segment(1);
  const [passId] = await segmentPasses(db, tenant);
  await db.owner(
    `insert into offers (offer_id, tenant_id, pass_id, acceptance_sequence, fields, priority, starts_at, ends_at, state, asked)
     select gen_random_uuid(), $1, $2, n, '{"points": 1}', 0, to_timestamp(n), to_timestamp(1000000 + n), 'active', 'start-offer'
       from generate_series(1, 1500) n`,
    [tenant.tenantId, passId],
  );
  await db.owner(
    `insert into messages (message_id, tenant_id, pass_id, customer_id, class, content, state, valid_until)
     select gen_random_uuid(), $1, pass_id, customer_id, 'service', '{}', 'sent', to_timestamp(1000000)
       from passes, generate_series(1, 1500) where pass_id = $2`,
    [tenant.tenantId, passId],
  );
  const look = () => acceptDueOperations({ database: db.database, nudge: () => undefined }, new Date(nowMs));
  assert.equal((await Promise.all([look(), look()])).some(Boolean), true, 'more may wait');
  while (await look());
  const asked = await db.owner(
    `select kind, count(*)::int as n, count(distinct idempotency_key)::int as keys
       from operations where tenant_id = $1 and origin = 'system' group by kind order by kind`,
    [tenant.tenantId],
  );
  assert.deepEqual(asked, [
    { kind: 'end-message', n: 1500, keys: 1500 },
    { kind: 'end-offer', n: 1500, keys: 1500 },
  ]);
  await db.owner('delete from operations where tenant_id = $1', [tenant.tenantId]);
  await look();
  const again = await rowsOf(db).operations({ tenantId: tenant.tenantId });
  assert.equal(again.length, 0, 'also where the retention has taken the operations');
});

test('a burst of offers costs few statements at both ends', async (t) => {
  const count = Number(process.env['COUNTED_OFFERS'] ?? 60);
  const tenant = await segment(count + 1);
  const counted = countingStatements(db.database);
  const own = steps;
  steps = createActivities(createTestDeps(db, { now: () => nowMs, database: counted.database }));
  try {
    const passIds = await segmentPasses(db, tenant);
    const [first, ...ids] = await acceptAll(
      tenant,
      passIds.map((passId) => ({ kind: 'start-offer', input: { passId, terms: TERMS } })),
    );
    const ends = (of: string[], from: number) =>
      acceptAll(
        tenant,
        of.map((offerId, index) => ({ kind: 'end-offer', input: { passId: passIds[from + index], offerId } })),
      );
    await alone(tenant.tenantId, first!, 'start-offer');
    const startAlone = counted.take();
    await together(tenant.tenantId, ids, 'start-offer');
    const startTogether = counted.take();
    await alone(tenant.tenantId, (await ends([first!], 0))[0]!, 'end-offer');
    const endAlone = counted.take();
    await together(tenant.tenantId, await ends(ids, 1), 'end-offer');
    const endTogether = counted.take();
    const { operations } = await evidence(tenant, ids);
    assert.ok(
      operations!.every(({ outcome }) => outcome === 'offer-started' || outcome === 'offer-ended'),
      'all of them began and ended',
    );
    t.diagnostic(JSON.stringify({ startAlone, startTogether, endAlone, endTogether }));
    assert.ok(startTogether <= 3 * startAlone, `${startTogether} statements for ${count} beginnings`);
    assert.ok(endTogether <= 3 * endAlone, `${endTogether} statements for ${count} ends`);
  } finally {
    steps = own;
  }
});
