import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { createActivities, type Activities } from '../../src/activities/index.js';
import type { FormedKind } from '../../src/passes/burst-kind.js';
import type { PassState } from '../../src/passes/pass.js';
import type { StateChangeKind } from '../../src/passes/state-change.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { createTestDeps } from '../support/deps.js';
import { acceptMany, formBurst, seedSegment, segmentPasses, update } from '../support/segment.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

const PEOPLE = 3;

let db: TestDatabase;
let steps: Activities;
before(async () => {
  db = await createTestDatabase();
  steps = createActivities(createTestDeps(db));
  // Far from every other number, so that evidence can be compared by place.
  await db.owner('alter sequence acceptance_sequence restart with 1000000');
});
after(() => db.drop());

interface Asked {
  customer: number;
  data: Record<string, unknown>;
  passType: string | null;
  updateMetadata: boolean;
  version: string | null;
}

const asked = (passTypes: readonly (string | null)[]): fc.Arbitrary<Asked> =>
  fc.record({
    customer: fc.integer({ min: 1, max: PEOPLE + 1 }),
    data: fc.dictionary(
      fc.constantFrom('points', 'tier', 'note'),
      fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 3 }), fc.constantFrom('gold', 'silver')),
      { maxKeys: 3 },
    ),
    passType: fc.constantFrom(...passTypes),
    updateMetadata: fc.boolean(),
    version: fc.option(fc.constantFrom('1', '2'), { nil: null }),
  });

const inputOf = ({ customer, data, ...more }: Asked) => update(customer, data, more);

async function segment(): Promise<SeededTenant> {
  const tenant = await seedTenant(db, { waitForUnknownPassSeconds: 0, waitForPassSeconds: 0, pushWindowSeconds: 0 });
  await seedSegment(db, tenant, PEOPLE);
  return tenant;
}

/** One operation, step by step, as the workflow of a single update runs it; those that fail stay where they are. */
async function runAlone(tenantId: string, operationId: string): Promise<void> {
  const ref = { tenantId, operationId, run: 1 };
  const found = await steps['find-pass'](ref);
  if (!found.found) return;
  const target = { ...ref, passId: found.passId };
  const first = found.evidence ? { ...target, found: found.evidence } : target;
  const converted = found.convert ? await steps['convert-type'](first) : null;
  const typeChanged = converted?.outcome === 'converted';
  const recomputes = found.recompute || typeChanged;
  const applied = found.apply ? await steps['apply-data']({ ...(converted ? target : first), recomputes }) : null;
  const recomputed = recomputes ? await steps['recompute-metadata'](target) : null;
  if (typeChanged || (applied?.changed ?? 0) + (recomputed?.changed ?? 0) > 0) {
    const endsWith = typeChanged ? 'converted' : 'updated';
    await steps['notify-devices']({ ...target, eventType: 'pass.updated', endsWith });
  } else {
    const superseded = (applied?.superseded ?? 0) > 0 || converted?.outcome === 'superseded';
    const outcome = superseded ? 'superseded' : 'unchanged';
    await steps['record-outcome']({ ...ref, status: 'succeeded', outcome, reason: null });
  }
}

/** A void, an expiry, a restore or a deletion, step by step, as the workflow of a single one runs it. */
async function changeAlone(tenantId: string, operationId: string): Promise<void> {
  const ref = { tenantId, operationId, run: 1 };
  const found = await steps['find-pass'](ref);
  if (!found.found) return;
  const target = { ...ref, passId: found.passId };
  const { outcome } = await steps['change-state'](target);
  if (outcome === 'unchanged' || outcome === 'superseded') {
    await steps['record-outcome']({ ...ref, status: 'succeeded', outcome, reason: null });
  } else {
    await steps['notify-devices']({ ...target, eventType: `pass.${outcome}`, endsWith: outcome });
  }
}

async function runAsBurst(
  tenantId: string,
  operationIds: readonly string[],
  kind: FormedKind = 'push-update',
): Promise<void> {
  const ref = await formBurst(db, tenantId, operationIds, kind);
  await steps['burst-find-pass'](ref);
  if (kind === 'change-state') await steps['burst-change-state'](ref);
  else {
    await steps['burst-convert-type'](ref);
    await steps['burst-apply-data'](ref);
    await steps['burst-recompute-metadata'](ref);
  }
  await steps['burst-notify-devices']({ ...ref, ends: true });
  await steps['end-burst'](ref);
}

/** All that is left of a tenant's operations; ids and sequences by their place, as they differ from tenant to tenant. */
async function evidence({ tenantId, passTypes }: SeededTenant) {
  const operations = await db.owner<Record<string, unknown>>(
    `select operation_id, acceptance_sequence::text as sequence, status, outcome, reason, matched, changed_fields, revision
       from operations where tenant_id = $1 order by acceptance_sequence`,
    [tenantId],
  );
  const state = {
    operations,
    steps: await db.owner(
      `select operation_id, step, state, attempts, detail from operation_steps where tenant_id = $1
        order by operation_id, step`,
      [tenantId],
    ),
    passes: await passes(tenantId),
    revisions: await db.owner(
      `select c.email, r.revision, r.operation_id, r.change, r.changed
         from pass_revisions r join passes p using (pass_id) join customers c using (customer_id)
        where r.tenant_id = $1 order by 1, 2`,
      [tenantId],
    ),
    events: await db.owner(
      `select operation_id, type, payload - 'passTemplate' - 'revision' as payload from events where tenant_id = $1
        order by operation_id`,
      [tenantId],
    ),
  };
  let text = JSON.stringify(state);
  operations.forEach(({ operation_id: id, sequence }, place) => {
    text = text
      .replaceAll(String(id), `op-${place}`)
      .replaceAll(new RegExp(`(["=])${String(sequence)}(?=[;"\\\\])`, 'g'), `$1seq-${place}`);
  });
  const plain = JSON.parse(
    text.replaceAll(passTypes.basic, 'basic').replaceAll(passTypes.premium, 'premium'),
  ) as typeof state;
  const byPlace = (rows: Record<string, unknown>[]) =>
    rows.sort((a, b) =>
      JSON.stringify([a['operation_id'], a['step']]).localeCompare(JSON.stringify([b['operation_id'], b['step']])),
    );
  byPlace(plain.steps as Record<string, unknown>[]);
  byPlace(plain.events as Record<string, unknown>[]);
  return plain;
}

const passes = (tenantId: string) =>
  db.owner<Record<string, unknown>>(
    `select c.email, p.pass_type_id, p.data, p.field_sequences, p.visuals, p.revision, p.state
       from passes p join customers c using (customer_id) where p.tenant_id = $1 and c.email like 'c%' order by 1`,
    [tenantId],
  );

test('a burst and single runs in the order of acceptance leave the same passes, revisions and evidence', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(asked([null]), { minLength: 1, maxLength: 8 }), async (list) => {
      const [together, alone] = [await segment(), await segment()];
      await runAsBurst(together.tenantId, await acceptMany(db, together, list.map(inputOf)));
      const failed: number[] = [];
      for (const [place, id] of (await acceptMany(db, alone, list.map(inputOf))).entries()) {
        await runAlone(alone.tenantId, id).catch(() => failed.push(place));
      }
      const [a, b] = [await evidence(together), await evidence(alone)];
      // What failed alone has left the burst, and waits for a run of its own.
      const left = a.operations.flatMap(({ status }, place) => (status === 'accepted' ? [place] : []));
      assert.deepEqual(left, failed);
      assert.deepEqual(told(without(failed, a)), told(without(failed, b)));
    }),
    { numRuns: 12, endOnFailure: true },
  );
});

/** The evidence of all but some operations, by their places. */
const without = (places: readonly number[], state: Awaited<ReturnType<typeof evidence>>) => ({
  ...state,
  operations: state.operations.filter((_, place) => !places.includes(place)),
  steps: state.steps.filter(
    (step) => !places.includes(Number(String((step as { operation_id: string }).operation_id).slice(3))),
  ),
});

/** Devices: alone each operation pushes; in a burst the newest does, and the others are covered by it. */
function told<T extends { steps: unknown[] }>(state: T): T {
  for (const step of state.steps as { step: string; detail: Record<string, number> }[]) {
    if (step.step !== 'notify-devices') continue;
    const { devices, delivered = 0, covered = 0 } = step.detail;
    step.detail = { devices: devices!, told: delivered + covered };
  }
  return state;
}

test('a burst and single runs in any order end in the same passes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc
        .array(asked([null]), { minLength: 1, maxLength: 8 })
        .chain((list) =>
          fc.tuple(fc.constant(list), fc.shuffledSubarray([...list.keys()], { minLength: list.length })),
        ),
      async ([list, order]) => {
        const [together, alone] = [await segment(), await segment()];
        await runAsBurst(together.tenantId, await acceptMany(db, together, list.map(inputOf)));
        const singly = await acceptMany(db, alone, list.map(inputOf));
        for (const place of order) await runAlone(alone.tenantId, singly[place]!);
        const plain = async (tenant: SeededTenant) =>
          (await evidence(tenant)).passes.map(({ revision: _, ...pass }) => pass);
        assert.deepEqual(await plain(together), await plain(alone));
      },
    ),
    { numRuns: 12, endOnFailure: true },
  );
});

test('with conversions, a burst leaves what single runs leave that take each step together', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(asked([null, 'basic', 'premium']), { minLength: 1, maxLength: 8 }), async (list) => {
      const [together, alone] = [await segment(), await segment()];
      await runAsBurst(together.tenantId, await acceptMany(db, together, list.map(inputOf)));
      await runInStep(alone.tenantId, await acceptMany(db, alone, list.map(inputOf)));
      const [a, b] = [await evidence(together), await evidence(alone)];
      assert.deepEqual([a.passes, a.revisions], [b.passes, b.revisions]);
    }),
    { numRuns: 12, endOnFailure: true },
  );
});

/** Single runs side by side, each step of all of them before the next one. */
async function runInStep(tenantId: string, operationIds: readonly string[]): Promise<void> {
  const running: {
    target: { tenantId: string; operationId: string; run: number; passId: string };
    convert: boolean;
    apply: boolean;
    recomputes: boolean;
  }[] = [];
  for (const operationId of operationIds) {
    const found = await steps['find-pass']({ tenantId, operationId, run: 1 });
    if (!found.found) continue;
    const { passId, convert, apply, recompute } = found;
    running.push({ target: { tenantId, operationId, run: 1, passId }, convert, apply, recomputes: recompute });
  }
  for (const one of running.filter(({ convert }) => convert)) {
    const { outcome } = await steps['convert-type'](one.target);
    one.recomputes ||= outcome === 'converted';
  }
  for (const { target, recomputes } of running.filter(({ apply }) => apply))
    await steps['apply-data']({ ...target, recomputes });
  for (const { target } of running.filter(({ recomputes }) => recomputes)) await steps['recompute-metadata'](target);
}

interface AskedState {
  customer: number;
  kind: StateChangeKind;
}

const changesOf = (kinds: readonly StateChangeKind[]) =>
  fc.array(fc.record({ customer: fc.integer({ min: 1, max: PEOPLE }), kind: fc.constantFrom(...kinds) }), {
    minLength: 1,
    maxLength: 8,
  });
const states = fc.array(fc.constantFrom<PassState>('active', 'expired', 'voided'), {
  minLength: PEOPLE,
  maxLength: PEOPLE,
});

/** A segment whose passes are in some states; the passes in the order of their holders. */
async function segmentIn(given: readonly PassState[]): Promise<{ tenant: SeededTenant; passIds: string[] }> {
  const tenant = await segment();
  const passIds = await segmentPasses(db, tenant);
  await db.owner(
    `update passes p set state = g.state from unnest($1::uuid[], $2::text[]) as g (pass_id, state) where p.pass_id = g.pass_id`,
    [passIds, given],
  );
  return { tenant, passIds };
}

const acceptChanges = ({ tenant, passIds }: Awaited<ReturnType<typeof segmentIn>>, list: readonly AskedState[]) =>
  acceptMany(
    db,
    tenant,
    list.map(({ customer }) => ({ passId: passIds[customer - 1] })),
    { kinds: list.map(({ kind }) => kind) },
  );

test('voids, expiries, restores and deletions in a burst leave what single runs leave in the order of acceptance', async () => {
  await fc.assert(
    fc.asyncProperty(
      states,
      changesOf(['void-pass', 'expire-pass', 'restore-pass', 'delete-pass']),
      async (given, list) => {
        const [together, alone] = [await segmentIn(given), await segmentIn(given)];
        await runAsBurst(together.tenant.tenantId, await acceptChanges(together, list), 'change-state');
        const failed: number[] = [];
        for (const [place, id] of (await acceptChanges(alone, list)).entries()) {
          await changeAlone(alone.tenant.tenantId, id).catch(() => failed.push(place));
        }
        const [a, b] = [await evidence(together.tenant), await evidence(alone.tenant)];
        // What the table of states refuses has left the burst, and waits for a run of its own.
        const left = a.operations.flatMap(({ status }, place) => (status === 'accepted' ? [place] : []));
        assert.deepEqual(left, failed);
        assert.deepEqual(told(without(failed, a)), told(without(failed, b)));
      },
    ),
    { numRuns: 7, endOnFailure: true },
  );
});

test('updates, voids and restores in bursts end in the same passes as single runs in any order', async () => {
  await fc.assert(
    fc.asyncProperty(
      states,
      changesOf(['void-pass', 'restore-pass']),
      fc.array(asked([null]), { maxLength: 4 }),
      fc.infiniteStream(fc.nat()),
      async (given, changes, updates, shuffle) => {
        const run = async (segmentOf: Awaited<ReturnType<typeof segmentIn>>) => {
          const { tenantId } = segmentOf.tenant;
          const named = updates.map((one) => ({ ...inputOf(one), passId: segmentOf.passIds[one.customer % PEOPLE] }));
          const updated = await acceptMany(db, segmentOf.tenant, named);
          return { tenantId, updated, changed: await acceptChanges(segmentOf, changes) };
        };
        const [together, alone] = [await segmentIn(given), await segmentIn(given)];
        const inBursts = await run(together);
        await runAsBurst(inBursts.tenantId, inBursts.changed, 'change-state');
        await runAsBurst(inBursts.tenantId, inBursts.updated);
        const singly = await run(alone);
        const each = [
          ...singly.updated.map((id) => () => runAlone(singly.tenantId, id)),
          ...singly.changed.map((id) => () => changeAlone(singly.tenantId, id)),
        ].map((work) => ({ work, place: shuffle.next().value as number }));
        for (const { work } of each.sort((a, b) => a.place - b.place)) await work();
        const plain = async (tenant: SeededTenant) =>
          (await evidence(tenant)).passes.map(({ revision: _, ...pass }) => pass);
        assert.deepEqual(await plain(together.tenant), await plain(alone.tenant));
      },
    ),
    { numRuns: 7, endOnFailure: true },
  );
});

test('a restore whose place another pass has taken leaves the burst, and no other one does', async () => {
  const one = await segmentIn(['voided', 'voided', 'voided']);
  await db.owner(
    `insert into passes (pass_id, tenant_id, customer_id, serial_number, pass_type_id, pass_type_version, live_key)
     select gen_random_uuid(), tenant_id, customer_id, md5(pass_id::text), pass_type_id, 1, customer_id || ':' || pass_type_id
       from passes where pass_id = $1`,
    [one.passIds[1]],
  );
  const ids = await acceptChanges(
    one,
    [1, 2, 3].map((customer) => ({ customer, kind: 'restore-pass' })),
  );
  await runAsBurst(one.tenant.tenantId, ids, 'change-state');
  const { operations } = await evidence(one.tenant);
  assert.deepEqual(
    operations.map(({ status, outcome }) => [status, outcome]),
    [
      ['succeeded', 'restored'],
      ['accepted', null],
      ['succeeded', 'restored'],
    ],
  );
  await assert.rejects(changeAlone(one.tenant.tenantId, ids[1]!), { code: 'state-conflict' });
});
