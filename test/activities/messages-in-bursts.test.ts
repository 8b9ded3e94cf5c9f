import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { createActivities, type Activities } from '../../src/activities/index.js';
import { acceptHeldBack } from '../../src/database/bursts/held-back.js';
import { markEnded } from '../../src/database/messages/messages.js';
import { requestCancellation } from '../../src/database/operations/cancellations.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { createTestDeps } from '../support/deps.js';
import { countingStatements } from '../support/counted-statements.js';
import { acceptMany, formBurst, messageTo, seedSegment, segmentPasses } from '../support/segment.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

const PEOPLE = 3;
const ZONES = ['Europe/Berlin', 'America/New_York', null];
/** 20:30 in Berlin, 14:30 in New York: one of them sleeps soon. */
const BEGIN = Date.parse('2026-01-15T19:30:00Z');
const HOUR = 3_600_000;

let db: TestDatabase;
let steps: Activities;
let nowMs = BEGIN;
before(async () => {
  db = await createTestDatabase();
  steps = createActivities(createTestDeps(db, { now: () => nowMs }));
});
after(() => db.drop());

interface Asked {
  /** The last one is nobody. */
  customer: number;
  class: 'service' | 'marketing';
  text: string;
  /** Hours from the beginning. */
  notBefore: number | null;
  validUntil: number | null;
  respectQuietHours: boolean | null;
}

const asked: fc.Arbitrary<Asked> = fc.record({
  customer: fc.integer({ min: 1, max: PEOPLE + 1 }),
  class: fc.constantFrom('marketing', 'marketing', 'service'),
  text: fc.constantFrom('Hello', 'Sale', 'Sale'),
  notBefore: fc.constantFrom(null, null, -1, 3),
  validUntil: fc.constantFrom(null, null, null, -1, 5, 100),
  respectQuietHours: fc.constantFrom(null, null, true, false),
});

const settings = fc.record({
  cap: fc.constantFrom(null, { most: 1, hours: 2 }, { most: 2, hours: 24 }),
  quietHours: fc.constantFrom(null, { from: '20:00', until: '08:00' }, { from: '13:00', until: '15:00' }),
  heldBack: fc.constantFrom('wait', 'wait', 'drop'),
  requireConsent: fc.constantFrom(null, 'push'),
});

const at = (hours: number | null) => (hours === null ? null : new Date(BEGIN + hours * HOUR).toISOString());
const inputOf = ({ customer, text, notBefore, validUntil, ...more }: Asked) =>
  messageTo(customer, {
    content: { text, title: null, link: null },
    notBefore: at(notBefore),
    validUntil: at(validUntil),
    ...more,
  });

/** People in different zones, of whom the first two have agreed to pushes and the second has thought better of it. */
async function segment(messages: object, people = PEOPLE): Promise<SeededTenant> {
  const tenant = await seedTenant(db, {
    ...{ waitForUnknownPassSeconds: 0, waitForPassSeconds: 0, pushWindowSeconds: 0 },
    messages,
  });
  await seedSegment(db, tenant, people);
  for (const [place, zone] of ZONES.entries()) {
    const email = `c${place + 1}@example.com`;
    await db.owner('update customers set properties = $3 where tenant_id = $1 and email = $2', [
      ...[tenant.tenantId, email, JSON.stringify({ timezone: zone })],
    ]);
    await db.owner(
      `insert into consents (tenant_id, customer_id, channel, granted, method, given_at)
       select $1, customer_id, 'push', g, 'test', '2026-01-01'::timestamptz + n * interval '1 day'
         from customers, unnest($3::boolean[]) with ordinality as u (g, n) where tenant_id = $1 and email = $2`,
      [tenant.tenantId, email, [[true], [true, false], []][place]],
    );
  }
  return tenant;
}

async function acceptMessages(tenant: SeededTenant, inputs: readonly object[]): Promise<string[]> {
  const ids = await acceptMany(db, tenant, inputs, { kinds: inputs.map(() => 'send-message') });
  await db.owner('update operations set accepted_at = $2 where operation_id = any($1)', [ids, new Date(nowMs)]);
  return ids;
}

/** One message, step by step, as the workflow of a single one runs it; one that is held back stays where it is. */
async function sendAlone(tenantId: string, operationId: string): Promise<void> {
  const ref = { tenantId, operationId, run: 1 };
  const found = await steps['find-pass'](ref);
  if (!found.found) return;
  const target = { ...ref, passId: found.passId };
  const { result } = await steps['claim-message'](target);
  if (result !== 'send') return;
  const { revision } = await steps['show-message'](target);
  if (revision === null) {
    await steps['record-outcome']({ ...ref, status: 'succeeded', outcome: 'unchanged', reason: null });
  } else await steps['notify-devices']({ ...target, eventType: 'message.sent', endsWith: 'message-sent' });
}

/** The end of one message, as the workflow of a single one runs it. */
async function endAlone(tenantId: string, operationId: string): Promise<void> {
  const ref = { tenantId, operationId, run: 1 };
  const found = await steps['find-pass'](ref);
  if (!found.found) return;
  const target = { ...ref, passId: found.passId };
  const { revision } = await steps['end-message'](target);
  if (revision === null) {
    await steps['record-outcome']({ ...ref, status: 'succeeded', outcome: 'unchanged', reason: null });
  } else await steps['notify-devices']({ ...target, eventType: null, endsWith: 'message-ended' });
}

async function sendTogether(tenantId: string, ids: readonly string[]): Promise<void> {
  const ref = await formBurst(db, tenantId, ids, 'send-message');
  await steps['burst-find-pass'](ref);
  await steps['burst-claim-message'](ref);
  await steps['burst-show-message'](ref);
  await steps['burst-notify-devices']({ ...ref, ends: true });
  await steps['end-burst'](ref);
}

type Row = Record<string, unknown>;

/** All that is left of a tenant's messages; operations by their place, as ids differ from tenant to tenant. */
async function evidence({ tenantId }: SeededTenant, ids: readonly string[]): Promise<Record<string, Row[]>> {
  const place = 'array_position($2::uuid[], operation_id) as place';
  const of = (text: string) => db.owner<Row>(text, [tenantId, ids]);
  const state = {
    operations: await of(
      `select ${place}, status, outcome, reason, matched, changed_fields, revision from operations
        where tenant_id = $1 order by 1`,
    ),
    steps: await of(
      `select ${place}, step, state, case when step <> 'find-pass' then attempts end as attempts, detail
         from operation_steps where tenant_id = $1 and operation_id = any($2) order by 1, 2`,
    ),
    passes: await of(
      `select c.email, p.revision, p.messages, $2::uuid[] is null as none from passes p join customers c using (customer_id)
        where p.tenant_id = $1 and c.email like 'c%' order by 1`,
    ),
    revisions: await of(
      `select c.email, r.revision, ${place}, r.change, r.changed
         from pass_revisions r join passes p using (pass_id) join customers c using (customer_id)
        where r.tenant_id = $1 order by 1, 2`,
    ),
    messages: await of(
      `select array_position($2::uuid[], message_id) as place, c.email, m.class, m.content, m.state, m.revision, m.valid_until,
              m.claimed_at, m.sent_at, m.ended_at is not null as ended
         from messages m join customers c using (customer_id) where m.tenant_id = $1 order by 1`,
    ),
    events: await of(
      `select ${place}, type, payload - array['passTemplate', 'revision', 'acceptanceSequence'] as payload
         from events where tenant_id = $1 order by 1`,
    ),
  };
  let text = JSON.stringify(state);
  ids.forEach((id, index) => (text = text.replaceAll(id, `op-${index}`)));
  const plainState = JSON.parse(text) as Record<string, Row[]>;
  for (const step of plainState['steps'] as { step: string; detail: Record<string, number> }[]) {
    if (step.step !== 'notify-devices') continue;
    // Alone each operation pushes; in a burst the newest does, and the others are covered by it.
    const { devices, delivered = 0, covered = 0 } = step.detail;
    step.detail = { devices: devices!, told: delivered + covered };
  }
  return plainState;
}

test('messages in bursts and single ones leave the same passes, messages and evidence, with caps, quiet hours and consent', async () => {
  await fc.assert(
    fc.asyncProperty(
      settings,
      fc.array(asked, { minLength: 1, maxLength: 8 }),
      // Some of the beginning alone, the others together: a cap counts both.
      fc.nat({ max: 4 }),
      async (messages, list, alone) => {
        nowMs = BEGIN;
        const [mixed, singly] = [await segment(messages), await segment(messages)];
        const [some, each] = [
          await acceptMessages(mixed, list.map(inputOf)),
          await acceptMessages(singly, list.map(inputOf)),
        ];
        for (const id of some.slice(0, alone)) await sendAlone(mixed.tenantId, id);
        await sendTogether(mixed.tenantId, some.slice(alone));
        for (const id of each) await sendAlone(singly.tenantId, id);
        assert.deepEqual(await evidence(mixed, some), await evidence(singly, each));

        // Half a day later: what was held back is due, or waits once more.
        nowMs = BEGIN + 13 * HOUR;
        await acceptHeldBack(db.database.system, new Date(nowMs), 100);
        await sendTogether(mixed.tenantId, some.slice(alone));
        const waiting = await db.owner<{ operation_id: string }>(
          `select operation_id from operations o join operation_steps s using (operation_id)
            where operation_id = any($1) and status = 'running' and step = 'claim-message' and (detail ->> 'until')::timestamptz <= $2
            order by acceptance_sequence`,
          [[...some.slice(0, alone), ...each], new Date(nowMs)],
        );
        for (const { operation_id: id } of waiting) {
          await sendAlone(some.includes(id) ? mixed.tenantId : singly.tenantId, id);
        }
        const [a, b] = [await evidence(mixed, some), await evidence(singly, each)];
        // Those that were alone in both come after the burst here, and among the others there.
        if (alone === 0) assert.deepEqual(a, b);
        assert.deepEqual(
          a['operations']!.filter(({ status }) => status === 'accepted'),
          [],
        );
      },
    ),
    { numRuns: 9, endOnFailure: true },
  );
});

test('ends of messages in a burst leave what single ones leave, in the order of acceptance', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: PEOPLE }), { minLength: 2, maxLength: 8 }),
      fc.array(fc.nat({ max: 8 }), { minLength: 1, maxLength: 8 }),
      async (customers, places) => {
        nowMs = BEGIN;
        const left = [];
        for (const together of [true, false]) {
          const tenant = await segment({});
          const passIds = await segmentPasses(db, tenant);
          const sent = await acceptMessages(
            tenant,
            customers.map((customer) => messageTo(customer)),
          );
          // Nine and more: of a message that was never sent.
          const last = await acceptMessages(tenant, [messageTo(1, { notBefore: at(100) })]);
          await sendTogether(tenant.tenantId, [...sent, ...last]);
          const inputs = places.map((place) => ({
            passId: passIds[(customers[place] ?? 1) - 1],
            messageId: sent[place] ?? last[0],
          }));
          const ends = await acceptMany(db, tenant, inputs, { kinds: inputs.map(() => 'end-message') });
          if (together) {
            const ref = await formBurst(db, tenant.tenantId, ends, 'end-message');
            await steps['burst-find-pass'](ref);
            await steps['burst-end-message'](ref);
            await steps['burst-notify-devices']({ ...ref, ends: true });
            await steps['end-burst'](ref);
          } else for (const id of ends) await endAlone(tenant.tenantId, id);
          left.push(await evidence(tenant, [...sent, ...last, ...ends]));
        }
        assert.deepEqual(left[0], left[1]);
      },
    ),
    { numRuns: 5, endOnFailure: true },
  );
});

test('of one customer, messages of a burst count towards the cap in the order of acceptance', async () => {
  nowMs = BEGIN;
  const tenant = await segment({ cap: { most: 2, hours: 24 }, heldBack: 'drop' });
  const list = [1, 1, 1, 2].map((customer) => messageTo(customer));
  const ids = await acceptMessages(tenant, list);
  await sendTogether(tenant.tenantId, ids);
  const { operations } = await evidence(tenant, ids);
  assert.deepEqual(
    operations!.map(({ outcome }) => outcome),
    ['message-sent', 'message-sent', 'message-held-back', 'message-sent'],
  );
});

test('a cancelled message is not sent, one that has its turn is, and one that was ended before it came changes nothing', async () => {
  nowMs = BEGIN;
  const tenant = await segment({});
  const list = [1, 2, 3].map((customer) => messageTo(customer));
  const ids = await acceptMessages(tenant, list);
  const sql = db.database.tenant(tenant.tenantId);
  const ref = await formBurst(db, tenant.tenantId, ids, 'send-message');
  await requestCancellation(sql, ids[0]!);
  await steps['burst-find-pass'](ref);
  await steps['burst-claim-message'](ref);
  await requestCancellation(sql, ids[1]!);
  await markEnded(sql, ids[2]!);
  await steps['burst-show-message'](ref);
  await steps['burst-notify-devices']({ ...ref, ends: true });
  const { operations, messages } = await evidence(tenant, ids);
  assert.deepEqual(
    operations!.map(({ status, outcome }) => [status, outcome]),
    [
      ['cancelled', 'cancelled'],
      ['succeeded', 'message-sent'],
      ['succeeded', 'unchanged'],
    ],
  );
  assert.deepEqual(
    messages!.map(({ place, state }) => [place, state]),
    [
      [2, 'sent'],
      [3, 'ended'],
    ],
  );
});

test('a message to a pass that takes none leaves its burst; it holds no other one, and fails alone', async () => {
  nowMs = BEGIN;
  const tenant = await segment({});
  const passIds = await segmentPasses(db, tenant);
  await db.owner(`update passes set state = 'voided' where pass_id = $1`, [passIds[1]]);
  const list = passIds.map((passId) => messageTo(1, { passId }));
  const ids = await acceptMessages(tenant, list);
  await sendTogether(tenant.tenantId, ids);
  const { operations } = await evidence(tenant, ids);
  assert.deepEqual(
    operations!.map(({ status, outcome }) => [status, outcome]),
    [
      ['succeeded', 'message-sent'],
      ['accepted', null],
      ['succeeded', 'message-sent'],
    ],
  );
  await assert.rejects(sendAlone(tenant.tenantId, ids[1]!), { code: 'state-conflict' });
});

test('two bursts that share customers take their turns one after the other, and a cap holds for both', async () => {
  nowMs = BEGIN;
  const count = 40;
  const tenant = await segment({ cap: { most: 1, hours: 24 }, heldBack: 'drop' }, count);
  const passIds = await segmentPasses(db, tenant);
  const bursts = [];
  for (const order of [passIds, passIds.toReversed()]) {
    const list = order.map((passId) => messageTo(1, { passId }));
    const ids = await acceptMessages(tenant, list);
    const ref = await formBurst(db, tenant.tenantId, ids, 'send-message');
    await steps['burst-find-pass'](ref);
    bursts.push(ref);
  }
  await Promise.all(bursts.map((ref) => steps['burst-claim-message'](ref)));
  const rows = await db.owner<{ n: number }>(
    'select count(*)::int as n from messages where tenant_id = $1 group by customer_id',
    [tenant.tenantId],
  );
  assert.deepEqual(
    rows.map(({ n }) => n),
    Array<number>(count).fill(1),
  );
});

test('a burst of messages costs the statements of one message', async () => {
  nowMs = BEGIN;
  const count = 60;
  const tenant = await segment({ cap: { most: 5, hours: 24 }, requireConsent: null }, count);
  const counted = countingStatements(db.database);
  const own = steps;
  steps = createActivities(createTestDeps(db, { now: () => nowMs, database: counted.database }));
  try {
    const inputs = (await segmentPasses(db, tenant)).map((passId) => messageTo(1, { passId }));
    const [first, ...ids] = await acceptMessages(tenant, inputs);
    await sendAlone(tenant.tenantId, first!);
    const alone = counted.take();
    await sendTogether(tenant.tenantId, ids);
    const together = counted.take();
    assert.ok(alone <= 20, `${alone} round trips alone`);
    assert.ok(together <= 28, `${together} round trips for ${ids.length} in a burst`);
  } finally {
    steps = own;
  }
});
