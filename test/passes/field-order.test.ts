import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isLater, mergeFields, type OrderedFields } from '../../src/passes/field-order.js';
import type { JsonValue } from '../../src/common/json.js';

const value = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.constant(null)) as fc.Arbitrary<JsonValue>;
const fields = fc.dictionary(fc.constantFrom('points', 'tier', 'offer', 'name'), value, {
  maxKeys: 4,
  noNullPrototype: true,
});
/** Writes with distinct acceptance sequences around the limits of doubles and of 64 bits. */
const writes = fc.uniqueArray(fc.record({ sequence: fc.bigInt(1n, 2n ** 63n - 1n).map(String), fields }), {
  selector: ({ sequence }) => sequence,
  minLength: 1,
  maxLength: 8,
});
const empty: OrderedFields = { data: {}, sequences: {} };
const play = (list: readonly { sequence: string; fields: Record<string, JsonValue> }[]): OrderedFields =>
  list.reduce<OrderedFields>((state, write) => mergeFields(state, write.fields, write.sequence), empty);

describe('an update accepted later is never overwritten by one accepted earlier', () => {
  it('any order of arrival, with repetitions, ends where the order of acceptance ends', () => {
    fc.assert(
      fc.property(writes, fc.infiniteStream(fc.nat()), (list, random) => {
        const inOrder = [...list].sort((a, b) => (isLater(a.sequence, b.sequence) ? 1 : -1));
        const arriving = [...list, ...list.slice(0, 3)];
        for (let i = arriving.length - 1; i > 0; i--) {
          const j = random.next().value! % (i + 1);
          [arriving[i], arriving[j]] = [arriving[j]!, arriving[i]!];
        }
        const { data, sequences } = play(arriving);
        const expected = play(inOrder);
        assert.deepEqual(data, expected.data);
        assert.deepEqual(sequences, expected.sequences);
      }),
      { numRuns: 2_000 },
    );
  });

  it('a repeated write changes nothing and is not superseded by itself', () => {
    fc.assert(
      fc.property(writes, (list) => {
        const state = play(list);
        const last = list[list.length - 1]!;
        const again = mergeFields(state, last.fields, last.sequence);
        assert.deepEqual(
          { data: again.data, sequences: again.sequences },
          { data: state.data, sequences: state.sequences },
        );
        assert.deepEqual(again.changed, []);
      }),
    );
  });

  it('an equal value still counts as written: an older one that comes later loses', () => {
    const first = mergeFields(empty, { points: 5 }, '10');
    const same = mergeFields(first, { points: 5 }, '12');
    assert.deepEqual(same.changed, []);
    const late = mergeFields(same, { points: 7 }, '11');
    assert.deepEqual([late.data, late.superseded], [{ points: 5 }, ['points']]);
  });

  it('versions of the sender win over the order of acceptance, in any order of arrival', () => {
    const versioned = fc.uniqueArray(
      fc.record({ sequence: fc.bigInt(1n, 99n).map(String), version: fc.nat(99), value: fc.integer() }),
      {
        selector: ({ version }) => version,
        minLength: 1,
      },
    );
    fc.assert(
      fc.property(versioned, fc.boolean(), (list, backwards) => {
        const newest = [...list].sort((a, b) => b.version - a.version)[0]!;
        const arriving = backwards ? [...list].reverse() : list;
        const end = arriving.reduce<OrderedFields>(
          (state, w) => mergeFields(state, { points: w.value }, w.sequence, String(w.version)),
          empty,
        );
        assert.equal(end.data['points'], newest.value);
      }),
    );
  });

  it('writes with and without versions, of numbers and of times, end alike in any order of arrival', () => {
    const version = fc.oneof(
      { weight: 2, arbitrary: fc.constant(null) },
      fc.nat(4).map(String),
      fc.constantFrom('2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z'),
    );
    const mixed = fc.uniqueArray(fc.record({ sequence: fc.bigInt(1n, 40n).map(String), version, fields }), {
      selector: ({ sequence }) => sequence,
      minLength: 2,
      maxLength: 7,
    });
    const run = (list: readonly { sequence: string; version: string | null; fields: Record<string, JsonValue> }[]) =>
      list.reduce<OrderedFields>((state, w) => mergeFields(state, w.fields, w.sequence, w.version), empty);
    fc.assert(
      fc.property(mixed, fc.infiniteStream(fc.nat()), (list, random) => {
        const arriving = [...list, ...list.slice(0, 2)];
        for (let i = arriving.length - 1; i > 0; i--) {
          const j = random.next().value! % (i + 1);
          [arriving[i], arriving[j]] = [arriving[j]!, arriving[i]!];
        }
        const [one, other] = [run(list), run(arriving)];
        assert.deepEqual(
          { data: other.data, sequences: other.sequences },
          { data: one.data, sequences: one.sequences },
        );
      }),
      { numRuns: 10_000 },
    );
  });

  it('a change of a merchant stands between two deliveries, in every order; the older delivery is no news', () => {
    const a = { sequence: '1', version: '5', value: 'A' };
    const b = { sequence: '2', version: null, value: 'B' };
    for (const c of [
      { sequence: '3', version: '3', value: 'C' },
      { sequence: '3', version: '5', value: 'A' },
    ]) {
      for (const order of [
        [a, b, c],
        [a, c, b],
        [b, a, c],
        [b, c, a],
        [c, a, b],
        [c, b, a],
      ]) {
        const end = order.reduce<OrderedFields>(
          (s, w) => mergeFields(s, { tier: w.value }, w.sequence, w.version),
          empty,
        );
        assert.deepEqual(end.data, { tier: 'B' }, order.map(({ value: v }) => v).join());
      }
    }
  });

  it('what was stored before is understood, and a cleared value is kept nowhere', () => {
    const stored = { data: { tier: 'gold' }, sequences: { tier: '17;v=42' } };
    assert.deepEqual(mergeFields(stored, { tier: 'old' }, '18', '41').data, { tier: 'gold' });
    assert.deepEqual(mergeFields(stored, { tier: 'new' }, '16', '43').data, { tier: 'new' });
    const cleared = mergeFields(stored, { tier: null }, '18');
    assert.deepEqual([cleared.data, cleared.changed], [{}, ['tier']]);
    assert.ok(!JSON.stringify(cleared.sequences).includes('gold'));
    assert.deepEqual(mergeFields({ data: {}, sequences: { tier: '17' } }, { tier: 'x' }, '16').superseded, ['tier']);
  });

  it('a write that loses can still bring another one back, and says so', () => {
    const merchant = mergeFields(empty, { tier: 'merchant' }, '5');
    const flow = mergeFields(merchant, { tier: 'flow' }, '7', '1');
    assert.equal(flow.data['tier'], 'flow');
    const newer = mergeFields(flow, { tier: 'newer' }, '3', '9');
    assert.deepEqual([newer.data, newer.changed, newer.superseded], [{ tier: 'merchant' }, ['tier'], ['tier']]);
    const older = mergeFields(newer, { tier: 'oldest' }, '2', '10');
    assert.deepEqual([older.changed, older.superseded, older.moved], [[], ['tier'], true]);
    assert.equal(mergeFields(older, { tier: 'oldest' }, '2', '10').moved, false);
  });

  it('a write without a version is ordered by acceptance against one with a version', () => {
    const first = mergeFields(empty, { points: 5 }, '10', '2026-01-01T00:00:00Z');
    assert.deepEqual(mergeFields(first, { points: 6 }, '9').superseded, ['points']);
    assert.equal(mergeFields(first, { points: 6 }, '11').data['points'], 6);
  });
});
