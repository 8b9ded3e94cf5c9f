import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createActivities } from '../../src/activities/index.js';
import { acceptDueOperations } from '../../src/dispatch/due-operations.js';
import { recordGoogleCallback } from '../../src/database/devices/google-callbacks.js';
import { listOffers } from '../../src/database/offers/offers.js';
import { listSteps } from '../../src/database/operations/operations.js';
import type { PassRow } from '../../src/database/passes/passes.js';
import { overlay } from '../../src/passes/offer.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { createTestDeps } from '../support/deps.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { startTestGoogle, type TestGoogle } from '../support/google.js';
import { accept, ended, until } from '../support/operations.js';
import { acceptMany, formBurst } from '../support/segment.js';
import type { SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

const DAY = 86_400_000;

describe('time-boxed offers', () => {
  let test: TestDatabase;
  let engine: TestEngine;
  let google: TestGoogle;
  let laterMs = 0;
  const now = (): number => Date.now() + laterMs;
  const begin = () => startEngine(test, { deps: { google: google.wallet, now } });

  before(async () => {
    test = await createTestDatabase();
    google = await startTestGoogle(test);
    engine = await begin();
  });
  after(async () => {
    await engine.stop();
    await google.stop();
    await test.drop();
  });

  const identifiersOf = (tenant: SeededTenant) => [{ kind: 'email', value: tenant.email }];
  const offer = async (tenant: SeededTenant, terms: object) => {
    const defaults = { passType: null, fields: {}, from: null, until: null, forSeconds: null };
    const all = { ...defaults, priority: 0, uses: null, notifyAtEnd: false, ...terms };
    const input = { identifiers: identifiersOf(tenant), terms: all };
    return ended(test, tenant.tenantId, await accept(test, tenant, { kind: 'start-offer', input }));
  };
  const update = async (tenant: SeededTenant, data: object) => {
    const input = { identifiers: identifiersOf(tenant), passType: null, data, updateMetadata: false };
    return ended(test, tenant.tenantId, await accept(test, tenant, { kind: 'push-update', input }));
  };
  const passOf = async (tenant: SeededTenant): Promise<PassRow> => await rowsOf(test).pass(tenant.pass.id);
  const points = async (tenant: SeededTenant) => {
    const pass = await passOf(tenant);
    return { own: pass.data['points'], shown: overlay(pass).data['points'] };
  };
  const rows = (tenant: SeededTenant) => listOffers(test.database.tenant(tenant.tenantId), tenant.pass.id, 20);
  /** What the loop does when the clock has come this far: the operations that it asked for, ended. */
  const sweep = async (tenant: SeededTenant): Promise<string[]> => {
    const system =
      "select operation_id from operations where tenant_id = $1 and origin = 'system' order by acceptance_sequence";
    const had = (await test.owner<{ operation_id: string }>(system, [tenant.tenantId])).map((row) => row.operation_id);
    await acceptDueOperations({ database: test.database, nudge: () => {} }, new Date(now()));
    await acceptDueOperations({ database: test.database, nudge: () => {} }, new Date(now()));
    const has = await test.owner<{ operation_id: string }>(system, [tenant.tenantId]);
    const fresh = has.filter((row) => !had.includes(row.operation_id));
    const ends = fresh.map((row) => ended(test, tenant.tenantId, row.operation_id));
    return (await Promise.all(ends)).map(({ outcome }) => String(outcome));
  };

  it('lasts six weeks over updates, a lost history and an outage at its end, and touches nothing beneath', async () => {
    laterMs = 0;
    const tenant = await google.seed();
    await update(tenant, { points: 10 });
    const at = (days: number): string => new Date(Date.now() + days * DAY).toISOString();
    const planned = await offer(tenant, { fields: { points: 500 }, from: at(7), until: at(49), uses: 3 });
    assert.deepEqual([planned.status, planned.outcome], ['succeeded', 'offer-planned']);
    assert.deepEqual(await points(tenant), { own: 10, shown: 10 });
    assert.deepEqual(await sweep(tenant), [], 'nothing is due yet');

    laterMs = 8 * DAY;
    assert.deepEqual(await sweep(tenant), ['offer-started']);
    assert.deepEqual(await points(tenant), { own: 10, shown: 500 });
    await update(tenant, { points: 20 });
    assert.deepEqual(await points(tenant), { own: 20, shown: 500 });
    const { object_id: objectId } = await google.live(tenant);
    assert.match(JSON.stringify(google.simulator.object(objectId)), /500/);

    // Retention takes the operations, and the engine is away when the end comes.
    await test.owner("delete from operations where tenant_id = $1 and kind = 'start-offer'", [tenant.tenantId]);
    await engine.stop();
    laterMs = 55 * DAY;
    await acceptDueOperations({ database: test.database, nudge: () => {} }, new Date(now()));
    assert.deepEqual(await points(tenant), { own: 20, shown: 500 });
    engine = await begin();
    const [end] = await test.owner<{ operation_id: string }>(
      "select operation_id from operations where tenant_id = $1 and kind = 'end-offer'",
      [tenant.tenantId],
    );
    assert.equal((await ended(test, tenant.tenantId, end!.operation_id)).outcome, 'offer-ended');
    assert.deepEqual(await points(tenant), { own: 20, shown: 20 });
    assert.deepEqual(await sweep(tenant), [], 'each end is asked for once');
    const [row] = await rows(tenant);
    assert.deepEqual([row!.state, row!.uses, row!.used], ['ended', 3, 0]);
    const object = JSON.stringify(google.simulator.object((await google.live(tenant)).object_id));
    assert.doesNotMatch(object, /500/);
    const events = await test.owner<{ type: string }>(
      "select type from events where tenant_id = $1 and type like 'offer.%' order by created_at",
      [tenant.tenantId],
    );
    assert.deepEqual(
      events.map(({ type }) => type),
      ['offer.started', 'offer.ended'],
    );
  });

  it('lays overlapping offers by priority, and ends one of them without the other', async () => {
    laterMs = 0;
    const tenant = await google.seed();
    await update(tenant, { points: 1 });
    const high = await offer(tenant, { fields: { points: 30 }, forSeconds: 3_600, priority: 5 });
    await offer(tenant, { fields: { points: 20 }, forSeconds: 7_200 });
    assert.deepEqual(await points(tenant), { own: 1, shown: 30 });
    const [pass] = [await passOf(tenant)];
    const [revision] = await rowsOf(test).revisions({ passId: tenant.pass.id, revision: pass.revision });
    assert.deepEqual(Object.keys(revision!.changed as object), ['wallet.offer'], 'what a higher offer hides is silent');
    const input = { passId: tenant.pass.id, offerId: high.operation_id };
    const stopped = await ended(test, tenant.tenantId, await accept(test, tenant, { kind: 'end-offer', input }));
    assert.equal(stopped.outcome, 'offer-ended');
    assert.deepEqual(await points(tenant), { own: 1, shown: 20 });
    laterMs = DAY;
    assert.deepEqual(await sweep(tenant), ['offer-ended']);
    assert.deepEqual(await points(tenant), { own: 1, shown: 1 });
  });

  /** Makes the type `premium` an offer of its own at Google, beside the card. */
  const autoLink = (tenant: SeededTenant) =>
    test.owner(
      `update pass_type_versions set design = design || jsonb_build_object('google', $3::jsonb)
        where tenant_id = $1 and pass_type_id = $2`,
      [
        tenant.tenantId,
        tenant.passTypes.premium,
        JSON.stringify({
          type: 'offer',
          classSuffix: 'weeks',
          class: { issuerName: 'Café', provider: 'Café', redemptionChannel: 'INSTORE', title: 'Weeks' },
          object: { textModulesData: [{ id: 'p', header: 'Points', body: '{{points}} of {{pass.serialNumber}}' }] },
          autoLinked: true,
        }),
      ],
    );
  /** The offer's row with its object at Google, and the card as Google has it. */
  const atGoogle = async (tenant: SeededTenant) => {
    const { object_id: cardId } = await google.live(tenant);
    const [row] = await test.owner<{ google_object_id: string; google_state: string }>(
      'select google_object_id, google_state from offers where tenant_id = $1 order by created_at desc',
      [tenant.tenantId],
    );
    const { google_object_id: offerId, google_state: state } = row!;
    return { cardId, card: google.simulator.object(cardId)!, offerId, state, offer: google.simulator.object(offerId) };
  };
  /** The points that an object shows. Its times have a 15 or a 20 in them at some hours. */
  const figures = (object: unknown) =>
    JSON.stringify(object)
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '')
      .match(/\b(?:15|20|500)\b/g)
      ?.join();

  it('stands beside the card at Google where its design is auto-linked, made once, and expires there at its end', async () => {
    laterMs = 0;
    const [tenant, others] = [await google.seed(), await google.seed()];
    await autoLink(tenant);
    await update(others, { points: 1 });
    await update(tenant, { points: 15 });
    const { object_id: cardId } = await google.live(tenant);
    const { object_id: foreign } = await google.live(others);
    await google.simulator.save(cardId);
    google.simulator.object(cardId)!['linkedObjectIds'] = [foreign];
    // The insert is answered to nobody, and then the link is refused for a while.
    google.simulator.faults.add({ loseAnswer: true, method: 'POST', path: 'offerObject' });
    google.simulator.faults.add({ status: 503, method: 'PATCH', path: cardId });
    const laid = await offer(tenant, { passType: 'premium', fields: { points: 500 }, forSeconds: 3_600 });
    assert.deepEqual([laid.status, laid.outcome], ['succeeded', 'offer-started']);
    const during = await atGoogle(tenant);
    assert.deepEqual([during.state, figures(during.card), figures(during.offer)], ['linked', '15', '500']);
    assert.deepEqual(during.card['linkedObjectIds'], [foreign, during.offerId], 'what others linked stays linked');
    const { state, hasUsers, disableExpirationNotification: silent, validTimeInterval } = during.offer!;
    assert.deepEqual([state, hasUsers, silent], ['ACTIVE', true, true]);
    const [row] = await rows(tenant);
    assert.deepEqual(validTimeInterval, { end: { date: row!.ends_at.toISOString() } });
    assert.deepEqual(google.simulator.notifications(cardId), [], 'the card has not changed');
    assert.deepEqual(await points(tenant), { own: 15, shown: 500 }, 'in place at Apple');
    const called = await recordGoogleCallback(test.database.tenant(tenant.tenantId), {
      tenantId: tenant.tenantId,
      objectId: during.offerId,
      eventType: 'save',
      nonce: 'n',
    });
    assert.equal(called, 'offer', 'Google reports its save, too');

    await update(tenant, { points: 20 });
    const updated = await atGoogle(tenant);
    assert.deepEqual([figures(updated.card), figures(updated.offer)], ['20', '500']);
    assert.equal(google.simulator.notifications(cardId).length, 1, 'the change of the card notifies');
    laterMs = DAY;
    google.simulator.faults.add({ loseAnswer: true, method: 'PATCH', path: during.offerId });
    assert.deepEqual(await sweep(tenant), ['offer-ended']);
    const over = await atGoogle(tenant);
    const [said] = await test.owner<{ offers: { objectId: string; result: string }[] }>(
      `select s.detail -> 'offers' as offers from operation_steps s join operations o using (operation_id)
        where o.tenant_id = $1 and o.kind = 'end-offer' and s.step = 'update-google-object'`,
      [tenant.tenantId],
    );
    assert.deepEqual(
      said!.offers.map(({ objectId, result }) => [objectId, result]),
      [[during.offerId, 'ended']],
      'said although the answer was lost',
    );
    assert.deepEqual([over.state, over.offer?.['state'], figures(over.card)], ['ended', 'EXPIRED', '20']);
    assert.deepEqual(over.card['linkedObjectIds'], [foreign, during.offerId], 'Google refuses to unlink');
    assert.equal(google.simulator.notifications(cardId).length, 1);
    const inserts = google.simulator.requests.filter((r) => r.method === 'POST' && r.path.endsWith('/offerObject'));
    const made = inserts.filter(({ body, status }) => (body as { id: string }).id === during.offerId && status === 200);
    assert.equal(made.length, 1);
  });

  it('comes and goes at Google in bursts as it does alone: in place, and beside the card', async () => {
    laterMs = 0;
    const steps = createActivities(createTestDeps(test, { google: google.wallet, now }));
    for (const beside of [false, true]) {
      const tenant = await google.seed();
      await autoLink(tenant);
      await update(tenant, { points: 15 });
      const { object_id: cardId } = await google.live(tenant);
      await google.simulator.save(cardId);
      const inBurst = async (kind: 'start-offer' | 'end-offer', asked: object) => {
        // Nobody dispatches it: its burst is here.
        const [id] = await acceptMany(test, tenant, [{ passId: tenant.pass.id, ...asked }], {
          kinds: [kind],
          later: true,
        });
        const ref = await formBurst(test, tenant.tenantId, [id!], kind);
        await steps['burst-find-pass'](ref);
        await steps[`burst-${kind}`](ref);
        await steps['burst-notify-devices']({ ...ref, ends: false });
        await steps['burst-update-google-object']({ ...ref, from: 0 });
        await steps['burst-end-told'](ref);
        const { outcome } = await ended(test, tenant.tenantId, id!);
        return { id: id!, outcome };
      };
      const terms = { passType: beside ? 'premium' : null, fields: { points: 500 }, from: null, until: null };
      const more = { forSeconds: 3_600, priority: 0, uses: null, notifyAtEnd: false };
      const laid = await inBurst('start-offer', { terms: { ...terms, ...more } });
      assert.equal(laid.outcome, 'offer-started');
      const said = google.simulator.notifications(cardId).length;
      const during = google.simulator.object(cardId);
      assert.equal(figures(during), beside ? '15' : '500');
      if (beside) {
        const { state, offer: own } = await atGoogle(tenant);
        assert.deepEqual([state, own?.['state'], figures(own)], ['linked', 'ACTIVE', '500']);
      }
      assert.equal((await inBurst('end-offer', { offerId: laid.id })).outcome, 'offer-ended');
      assert.equal(figures(google.simulator.object(cardId)), '15');
      assert.equal(google.simulator.notifications(cardId).length, said, 'it goes without a word');
      if (beside) assert.equal((await atGoogle(tenant)).offer?.['state'], 'EXPIRED');
    }
  });

  it('covers fields of the card where Google takes no further pass beside it', async () => {
    laterMs = 0;
    const tenant = await google.seed();
    await autoLink(tenant);
    await update(tenant, { points: 15 });
    const { object_id: cardId } = await google.live(tenant);
    google.simulator.object(cardId)!['linkedObjectIds'] = Array<string>(50).fill(cardId);
    const laid = await offer(tenant, { passType: 'premium', fields: { points: 500 }, forSeconds: 3_600 });
    assert.equal(laid.outcome, 'offer-started');
    const during = await atGoogle(tenant);
    const step = (await listSteps(test.database.tenant(tenant.tenantId), laid.operation_id)).find(
      (one) => one.step === 'update-google-object',
    );
    assert.match(JSON.stringify(step?.detail['offers']), /links no more objects/);
    assert.equal(during.state, 'refused');
    assert.deepEqual([during.cardId, figures(during.card)], [cardId, '500'], 'the card itself shows the values');
    assert.equal(during.offer?.['state'], 'EXPIRED');
    laterMs = DAY;
    assert.deepEqual(await sweep(tenant), ['offer-ended']);
    assert.equal(figures((await atGoogle(tenant)).card), '15');
  });

  it('goes out of use beside a voided card, is ended by hand, and is emptied with an erasure', async () => {
    laterMs = 0;
    const tenant = await google.seed();
    await autoLink(tenant);
    await update(tenant, { points: 15 });
    const laid = await offer(tenant, { passType: 'premium', fields: { points: 500 }, forSeconds: 3_600 });
    const identifiers = [{ kind: 'serialNumber', value: tenant.pass.serialNumber }];
    const states = async () => {
      const { card, offer: own } = await atGoogle(tenant);
      return [card['state'], own?.['state']];
    };
    for (const [kind, expected] of [
      ['void-pass', ['INACTIVE', 'INACTIVE']],
      ['restore-pass', ['ACTIVE', 'ACTIVE']],
    ] as const) {
      await ended(test, tenant.tenantId, await accept(test, tenant, { kind, input: { identifiers } }));
      assert.deepEqual(await states(), expected, kind);
    }
    const input = { passId: tenant.pass.id, offerId: laid.operation_id };
    await ended(test, tenant.tenantId, await accept(test, tenant, { kind: 'end-offer', input }));
    assert.deepEqual(await states(), ['ACTIVE', 'EXPIRED']);
    const { offerId: first } = await atGoogle(tenant);
    await test.owner(
      `insert into offers (offer_id, tenant_id, pass_id, acceptance_sequence, fields, priority, starts_at, ends_at, state,
                           google_object_id, google_object_type, google_class_id, google_state)
       select gen_random_uuid(), tenant_id, pass_id, 1, '{}', 0, now(), now() + interval '1 day', 'ended',
              google_object_id || n, google_object_type, google_class_id, 'ended'
         from offers, generate_series(1, 19) n where offer_id = $1`,
      [laid.operation_id],
    );
    const next = await offer(tenant, { passType: 'premium', fields: { points: 500 }, forSeconds: 3_600 });
    assert.equal(next.outcome, 'offer-started');
    const [held] = await test.owner<{ google_object_id: string }>(
      'select google_object_id from offers where offer_id = $1',
      [next.operation_id],
    );
    assert.equal(held!.google_object_id, first, 'of many, the one that ended longest ago is used again');
    assert.equal(google.simulator.object(first)?.['state'], 'ACTIVE');
    const ids = [first, (await google.live(tenant)).object_id];
    await accept(test, tenant, { kind: 'erase-customer', input: { customerId: tenant.customerId } });
    await until(async () => ids.every((id) => google.simulator.object(id)?.['state'] === 'INACTIVE'), 'both');
    for (const id of ids) {
      const left = JSON.stringify(google.simulator.object(id));
      assert.ok(!left.includes(tenant.pass.serialNumber) && figures(left) === undefined, left);
    }
  });

  it('changes nothing where the terms do not fit the pass, and goes with an erasure', async () => {
    laterMs = 0;
    const tenant = await google.seed();
    const unknown = await offer(tenant, { passType: 'nowhere', forSeconds: 60 });
    assert.deepEqual([unknown.status, (await passOf(tenant)).offers], ['failed', []]);
    const reversed = await offer(tenant, {
      fields: { points: 2 },
      from: new Date(now() + DAY).toISOString(),
      until: new Date(now()).toISOString(),
    });
    assert.deepEqual([reversed.status, reversed.outcome], ['failed', 'invalid-data']);
    assert.deepEqual(await rows(tenant), []);
    await offer(tenant, { fields: { points: 7 }, forSeconds: 60 });
    assert.equal((await rows(tenant)).length, 1);
    const input = { customerId: tenant.customerId };
    await accept(test, tenant, { kind: 'erase-customer', input });
    await until(async () => (await passOf(tenant)).state === 'voided', 'the pass to be voided');
    assert.deepEqual((await passOf(tenant)).offers, [], 'the voided pass that phones fetch shows no offer');
    await test.owner('delete from passes where pass_id = $1', [tenant.pass.id]);
    assert.deepEqual(await rows(tenant), [], 'offers go with their pass');
  });
});
