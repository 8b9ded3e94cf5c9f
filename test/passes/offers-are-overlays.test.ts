import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { passTypeDesign } from '../../src/passes/pass-type.js';
import {
  besideCard,
  offersAtGoogle,
  overlay,
  OFFER_CHANGE,
  showInWallet,
  spokenChanges,
  withOffer,
  withoutOffer,
  type ActiveOffer,
  type Coverable,
} from '../../src/passes/offer.js';

const FIELDS = ['points', 'tier', 'voucher'];
const values = fc.dictionary(fc.constantFrom(...FIELDS), fc.option(fc.integer({ min: 0, max: 9 })), { maxKeys: 3 });
const plain: Coverable = { pass_type_id: 'basic', pass_type_version: 1, data: {}, visuals: {}, offers: [] };

const offers = fc.array(
  fc.record({
    priority: fc.integer({ min: -1, max: 1 }),
    fields: values,
    passType: fc.option(fc.constantFrom({ id: 'gold', version: 2 }, { id: 'black', version: 1 })),
    ends: fc.boolean(),
  }),
  { minLength: 1, maxLength: 5 },
);

type Move = (pass: Coverable) => Coverable;

const start =
  (offer: ActiveOffer): Move =>
  (pass) => ({ ...pass, offers: withOffer(pass.offers, offer) });
const end =
  (id: string): Move =>
  (pass) => ({ ...pass, offers: withoutOffer(pass.offers, id) });

/** The rule in its plainest words: for each field the highest offer that names it decides. */
function expected(beneath: Coverable, active: ActiveOffer[]): Pick<Coverable, 'data' | 'pass_type_id'> {
  const highest = [...active].sort((a, b) => b.priority - a.priority || Number(b.sequence) - Number(a.sequence));
  const data = Object.fromEntries(
    FIELDS.flatMap((name) => {
      const covering = highest.find(({ fields }) => Object.hasOwn(fields, name));
      const value = covering ? covering.fields[name] : beneath.data[name];
      return value == null ? [] : [[name, value] as const];
    }),
  );
  return { data, pass_type_id: highest.find(({ passType }) => passType)?.passType?.id ?? beneath.pass_type_id };
}

test('offers, updates, conversions, ends and retries in any order end in the same shown pass', () => {
  fc.assert(
    fc.property(
      offers,
      values,
      fc.boolean(),
      fc.array(fc.nat(), { minLength: 40, maxLength: 40 }),
      (drawn, own, converts, draws) => {
        const made = drawn.map(({ ends, ...rest }, n) => ({
          ends,
          offer: { ...rest, id: `o${n}`, sequence: String(n + 9) },
        }));
        const data = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== null)) as Coverable['data'];
        // Each offer's beginning comes before its end; a retry repeats the last move of its offer.
        const queues: Move[][] = made.map(({ offer, ends }) => {
          const begun = [start(offer), start(offer)];
          return ends ? [...begun, end(offer.id), end(offer.id)] : begun;
        });
        queues.push(
          [(pass) => ({ ...pass, data })],
          [(pass) => ({ ...pass, pass_type_id: converts ? 'premium' : 'basic' })],
        );
        let pass = plain;
        for (let turn = 0; queues.length > 0; turn++) {
          const at = draws[turn % draws.length]! % queues.length;
          pass = queues[at]!.shift()!(pass);
          if (queues[at]!.length === 0) queues.splice(at, 1);
        }
        const shown = overlay(pass);
        const active = made.filter(({ ends }) => !ends).map(({ offer }) => offer);
        const wanted = expected({ ...plain, data, pass_type_id: converts ? 'premium' : 'basic' }, active);
        assert.deepEqual({ data: shown.data, pass_type_id: shown.pass_type_id }, wanted);
        assert.deepEqual(pass.data, data, 'what lies beneath is never written');
        let without = pass;
        for (const { offer } of made) without = end(offer.id)(without);
        assert.deepEqual(overlay(without), { ...plain, data, pass_type_id: pass.pass_type_id });
      },
    ),
    { numRuns: 300 },
  );
});

test('a change beneath a covered field is silent; a beginning speaks', () => {
  const offer = { id: 'o', sequence: '1', priority: 0, fields: { tier: 'gold' }, passType: null };
  const beneath = { tier: 1, points: 2, 'visual.strip': 3 };
  assert.deepEqual(spokenChanges(beneath, [offer]), { points: 2 });
  assert.deepEqual(spokenChanges({ points: 2, 'visual.strip': 3 }, [offer]), { points: 2, 'visual.strip': 3 });
  assert.deepEqual(spokenChanges({ tier: 1, [OFFER_CHANGE]: 2 }, [offer]), { tier: 1, [OFFER_CHANGE]: 2 });
});

test('at Google the card shows what stands on it, each offer beside it shows itself, and no value is lost between them', () => {
  const linked = fc.array(
    fc.record({
      priority: fc.integer({ min: -1, max: 1 }),
      fields: values,
      isLinked: fc.boolean(),
      isRefused: fc.boolean(),
    }),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(linked, values, (drawn, own) => {
      const offersOf = drawn.map(({ priority, fields, isLinked }, n) => ({
        ...{ id: `o${n}`, sequence: String(n + 9), priority, fields },
        passType: isLinked ? { id: `type${n}`, version: 1 } : null,
        ...(isLinked && { autoLinked: { until: '2027-01-01T00:00:00.000Z', notifyAtEnd: false } }),
      }));
      const data = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== null)) as Coverable['data'];
      const pass = { ...plain, data, offers: offersOf };
      const refused = new Set(drawn.flatMap(({ isRefused }, n) => (isRefused ? [`o${n}`] : [])));
      const { onCard, beside } = offersAtGoogle(pass.offers, refused);
      assert.equal(onCard.length + beside.length, offersOf.length);
      const card = { ...pass, offers: onCard };
      // A refused offer covers fields, in the card's own design.
      assert.equal(overlay(card).pass_type_id, plain.pass_type_id);
      assert.deepEqual(overlay(card).data, expected({ ...plain, data }, onCard).data);
      for (const offer of beside) {
        const shown = overlay(besideCard(card, offer));
        assert.equal(shown.pass_type_id, offer.passType!.id);
        for (const [name, value] of Object.entries(offer.fields)) assert.equal(shown.data[name] ?? null, value);
        for (const name of FIELDS.filter((one) => !Object.hasOwn(offer.fields, one))) {
          assert.equal(shown.data[name], overlay(card).data[name]);
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('in a wallet for which the offered type has no form, the card shows the offer in its own design', async () => {
  const described = { id: 'ptk_0x1', description: 'd', organizationName: 'o', fields: [] };
  const google = { type: 'generic', classSuffix: 's' };
  const apple = { passTypeIdentifier: 'pass.example', style: 'generic' };
  const designs = {
    basic: passTypeDesign.parse({ ...described, name: 'basic', google, apple }),
    gold: passTypeDesign.parse({ ...described, name: 'gold', google }),
    black: passTypeDesign.parse({ ...described, name: 'black', apple }),
  };
  const versionOf = async (id: string) => ({ design: designs[id as keyof typeof designs] });
  for (const [type, apples, googles] of [
    ['gold', 'basic', 'gold'],
    ['black', 'black', 'basic'],
  ] as const) {
    const over = { id: 'a', sequence: '1', priority: 0, fields: { points: 7 }, passType: { id: type, version: 1 } };
    const pass = { ...plain, offers: [over] };
    for (const [wallet, shows] of [['apple', apples] as const, ['google', googles] as const]) {
      const shown = await showInWallet(wallet, pass, { timeZone: null, language: 'en' }, versionOf);
      assert.equal(shown.version.design.name, shows, `${type} at ${wallet}`);
      assert.deepEqual(shown.pass.data, { points: 7 });
    }
  }
  const lost = { ...plain, pass_type_id: 'gold' };
  const shown = await showInWallet('apple', lost, { timeZone: null, language: 'en' }, versionOf);
  assert.equal(shown.version.design.apple, undefined);
});
