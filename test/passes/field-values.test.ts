import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { coerceFields } from '../../src/passes/field-values.js';
import { nearest, nearestByWords } from '../../src/common/nearest-name.js';
import type { JsonValue } from '../../src/common/json.js';
import { FIELD_TYPES, passField, type FieldType } from '../../src/passes/pass-type.js';

const field = (apiFieldName: string, type: FieldType, more: object = {}) =>
  passField.parse({ apiFieldName, type, ...more });
const fields = [
  field('name', 'text', { maxLength: 5, required: true }),
  ...FIELD_TYPES.filter((type) => type !== 'text').map((type) => field(`a-${type}`, type)),
];
const update = (data: Record<string, JsonValue>) => coerceFields(fields, data, { mode: 'update', allowCustom: true });
const create = (data: Record<string, JsonValue>) => coerceFields(fields, { name: 'Zoë', ...data }, { mode: 'create' });

for (const [type, raw, expected] of [
  ['number', '120', 120],
  ['number', ' 12.50 ', 12.5],
  ['number', '-0', 0],
  ['integer', '120.0', 120],
  ['boolean', 'True', true],
  ['boolean', 1, true],
  ['boolean', 'no', false],
  ['date', '2026-02-28T10:00:00Z', '2026-02-28'],
  ['datetime', '2026-01-31 21:04:00+02:00', '2026-01-31T19:04:00.000Z'],
  ['datetime', '2026-01-31T21:04Z', '2026-01-31T21:04:00.000Z'],
  ['url', 'https://x.com/?a=1&amp;b=2', 'https://x.com/?a=1&b=2'],
] as const) {
  test(`${type}: ${JSON.stringify(raw)} is ${JSON.stringify(expected)}`, () => {
    const result = update({ [`a-${type}`]: raw });
    assert.deepEqual(result, { values: { [`a-${type}`]: expected }, problems: [], warnings: [] });
  });
}

for (const [type, raw] of [
  ['number', '12,50'],
  ['number', '1 200'],
  ['number', '0x10'],
  ['number', true],
  ['integer', 1.5],
  ['integer', '9007199254740993'],
  ['boolean', 'maybe'],
  ['date', '2026-02-30'],
  ['date', 'Jan. 1, 2026, 9:04 p.m.'],
  ['datetime', '2026-01-31T21:04:00'],
  ['datetime', '2026-02-30T21:04:00Z'],
] as const) {
  test(`${type}: ${JSON.stringify(raw)} is not guessed: a warning on update, a problem on create`, () => {
    const key = `a-${type}`;
    const changed = update({ [key]: raw });
    assert.deepEqual(
      [changed.values, changed.problems, changed.warnings[0]?.pointer],
      [{}, [], `/additionalData/${key}`],
    );
    const made = create({ [key]: raw });
    assert.deepEqual([made.values, made.problems[0]?.pointer], [{ name: 'Zoë' }, `/pass/${key}`]);
  });
}

test('wrong shapes, lengths and links are problems in both modes', () => {
  for (const [key, raw] of [
    ['name', ['a']],
    ['name', 'Zoë O’Brien'],
    ['a-url', 'javascript:alert(1)'],
    ['a-url', 'x.com'],
    ['a-number', {}],
  ] as const) {
    assert.equal(update({ [key]: raw as JsonValue }).problems[0]?.pointer, `/additionalData/${key}`);
    assert.equal(create({ [key]: raw as JsonValue }).problems.length, 1);
  }
});

test('blank means no change, null clears, a required field cannot be cleared', () => {
  const result = update({ 'a-number': 'None', 'a-boolean': ' ', 'a-date': null, name: null, custom: null });
  assert.deepEqual(result.values, { 'a-date': null, custom: null });
  assert.deepEqual(
    result.warnings.map(({ pointer }) => pointer),
    ['/additionalData/a-number', '/additionalData/a-boolean'],
  );
  assert.deepEqual(
    result.problems.map(({ pointer }) => pointer),
    ['/additionalData/name'],
  );
});

test('entities are decoded once; what PostgreSQL refuses is removed', () => {
  const { values } = update({ name: '&amp;lt;\u0000', custom: 'O&#x27;B\ud800', deep: { 'k\u0000': ['\udc00x'] } });
  assert.deepEqual(values, { name: '&lt;', custom: "O'B", deep: { k: ['x'] } });
});

test('a template tag in a data field is dropped with a warning, and misses where the field is required', () => {
  assert.match(update({ 'a-number': '{{ person.points }}' }).warnings[0]!.message, /template tag/);
  const made = coerceFields(fields, { name: '{{ x }}' }, { mode: 'create' });
  assert.match(made.problems[0]!.message, /required/);
});

test('unknown keys: named with the nearest field on create, custom data on update, prototype keys dropped', () => {
  const made = create({ a_numbr: '1', zzz: 1 });
  assert.match(made.problems[0]!.cure, /did you mean "a-number"/);
  assert.match(made.problems[1]!.cure, /the fields are name, a-number/);
  const data = JSON.parse('{"__proto__":1,"constructor":2,"offer":"BDAY26","list":[1]}') as Record<string, JsonValue>;
  const changed = update(data);
  assert.deepEqual(changed.values, { offer: 'BDAY26', list: [1] });
  assert.equal(changed.warnings.length, 2);
});

test('required fields without value or default are named on create', () => {
  const design = [
    field('a', 'text', { required: true }),
    field('b', 'text', { required: true, default: 'x' }),
    field('c', 'text'),
  ];
  const { problems } = coerceFields(design, { a: ' ' }, { mode: 'create' });
  assert.deepEqual(
    problems.map(({ pointer }) => pointer),
    ['/pass/a'],
  );
});

test('total and stable: any JSON gives values that PostgreSQL stores and that coerce to themselves', () => {
  const keys = fc.oneof(
    fc.constantFrom(...fields.map(({ apiFieldName }) => apiFieldName)),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(fc.dictionary(keys, fc.jsonValue({ stringUnit: 'binary' })), fc.boolean(), (data, allowCustom) => {
      const typed = data as Record<string, JsonValue>;
      const { values } = coerceFields(fields, typed, { mode: 'update', allowCustom });
      const text = JSON.stringify(values);
      assert.ok(!text.includes('\\u0000') && !/\\ud[89a-f]/.test(text));
      const known = Object.entries(values).filter(
        ([key, value]) => key !== 'name' && key.startsWith('a-') && value !== null,
      );
      const again = coerceFields(fields, Object.fromEntries(known), { mode: 'update', allowCustom: true });
      assert.deepEqual(again.values, Object.fromEntries(known));
      coerceFields(fields, typed, { mode: 'create' });
    }),
  );
});

test('the nearest name forgives case, separators and slips, and stays silent where nothing is near', () => {
  const names = ['points-balance', 'member-name', 'tier'];
  assert.equal(nearest('pointsBalance', names), 'points-balance');
  assert.equal(nearest('mebmer_name', names), 'member-name');
  assert.equal(nearest('birthday', names), null);
});

test('a name in more words or fewer is told on create, and leaves custom data alone', () => {
  const names = ['member-name', 'member-email', 'tier', 'points'];
  assert.equal(nearestByWords('loyalty-tier', names), 'tier');
  assert.equal(nearestByWords('pointsBalance', names), 'points');
  assert.equal(nearestByWords('Name', names), 'member-name');
  assert.equal(nearestByWords('birthday', names), null);
  assert.equal(nearestByWords('-', names), null);
  const made = coerceFields([field('tier', 'text')], { 'loyalty-tier': 'Gold' }, { mode: 'create' });
  assert.equal(made.problems[0]!.cure, 'did you mean "tier"?');
  const options = { mode: 'update', allowCustom: true } as const;
  const kept = coerceFields([field('tier', 'text')], { 'loyalty-tier': 'Gold' }, options);
  assert.deepEqual([kept.values, kept.warnings], [{ 'loyalty-tier': 'Gold' }, []]);
});
