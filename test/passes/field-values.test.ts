import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { coerceFields } from '../../src/passes/field-values.js';
import { tidyText } from '../../src/common/tidy-text.js';
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
  ['url', 'https://x.com/a b%20c.png?q="x"<y>', 'https://x.com/a%20b%20c.png?q=%22x%22%3Cy%3E'],
  ['url', 'tel:+49 30 1234', 'tel:+49301234'],
  ['url', 'sms:+49 30 1234?body=hello there', 'sms:+49301234?body=hello%20there'],
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
  test(`${type}: ${JSON.stringify(raw)} is not guessed: it is left out with a warning, refused where the field is required`, () => {
    const key = `a-${type}`;
    const changed = update({ [key]: raw });
    assert.deepEqual(
      [changed.values, changed.problems, changed.warnings[0]?.pointer],
      [{}, [], `/additionalData/${key}`],
    );
    const made = create({ [key]: raw });
    assert.deepEqual([made.values, made.problems, made.warnings[0]?.pointer], [{ name: 'Zoë' }, [], `/pass/${key}`]);
    const needed = [field(key, type, { required: true })];
    for (const mode of ['update', 'create'] as const) {
      const { values, problems } = coerceFields(needed, { [key]: raw }, { mode });
      assert.deepEqual([values, problems.length], [{}, 1], mode);
    }
  });
}

test('wrong shapes, lengths, links and values cost an optional field alone, and say the cure', () => {
  const optional = [
    field('name', 'text', { maxLength: 5 }),
    field('site', 'url'),
    field('points', 'integer'),
    field('tier', 'text', { oneOf: ['bronze', 'silver', 'Platinum'] }),
  ];
  const needed = optional.map((one) => ({ ...one, required: true }));
  for (const [key, raw, said] of [
    ['name', ['a'], /a list/],
    ['name', 'Zoë O’Brien', /longer than 5/],
    ['site', 'javascript:alert(1)', /not a link/],
    ['site', '//cdn.example.com/a.jpg', /https:\/\//],
    ['site', {}, /an object/],
    ['tier', 'Platinm', /did you mean "Platinum"\?.*bronze, silver/],
    ['tier', 'none of these', /Send one of/],
  ] as const) {
    for (const mode of ['update', 'create'] as const) {
      const data = { points: 50, [key]: raw as JsonValue };
      const read = coerceFields(optional, data, { mode });
      assert.deepEqual([read.values, read.problems], [{ points: 50 }, []]);
      assert.match(read.warnings[0]!.message, said);
      assert.ok(read.warnings[0]!.pointer.endsWith(key) && read.warnings[0]!.message.startsWith(key));
      const refused = coerceFields(needed, data, { mode }).problems.find(({ pointer }) => pointer.endsWith(key));
      assert.match(`${refused?.message}: ${refused?.cure}`, said);
    }
  }
});

test('a listed value is taken in any case, and kept as it is listed', () => {
  const tier = [field('tier', 'text', { oneOf: ['bronze', 'Gold'] })];
  for (const raw of ['gold', ' GOLD ', 'Gold\u200b']) {
    assert.deepEqual(coerceFields(tier, { tier: raw }, { mode: 'update' }).values, { tier: 'Gold' });
  }
});

test('what templates leave for nothing is no change; names are names', () => {
  const nothing = [
    '',
    ' ',
    '\t',
    'None',
    'none',
    'null',
    'NULL',
    'nan',
    'NaN',
    'undefined',
    'N/A',
    'n/a',
    '-',
    '–',
    '--',
  ];
  for (const raw of [...nothing, 'None None', 'None, None', '&nbsp;', '\u200b', '\ufeff-']) {
    for (const one of fields) {
      const given = { [one.apiFieldName]: raw };
      assert.deepEqual(coerceFields(fields, given, { mode: 'update' }).values, {}, `${one.type} ${raw}`);
      assert.deepEqual(coerceFields(fields, given, { mode: 'update' }).problems, [], `${one.type} ${raw}`);
    }
    assert.deepEqual(update({ custom: raw }).values, {}, raw);
  }
  for (const name of ['Null', 'Nan', 'Nan Null', 'Undefined', 'Jean-Luc', 'Noné']) {
    const texts = [field('name', 'text', { required: true })];
    assert.deepEqual(coerceFields(texts, { name }, { mode: 'create' }), {
      values: { name },
      problems: [],
      warnings: [],
    });
  }
});

test('texts are trimmed and freed of what nobody sees; emoji and scripts that need joiners keep them', () => {
  for (const [raw, kept] of [
    [' gold ', 'gold'],
    ['\u200bgold\ufeff', 'gold'],
    ['go\u00adld\u2060', 'gold'],
    ['\u202agold\u202c', 'gold'],
    ['g\u200doold\u200c', 'goold'],
    ['a\tb\r\nc\u0007', 'a b\nc'],
    ['Zoe\u0308', 'Zoë'],
    ['❤️ 👩‍🚀 1️⃣', '❤️ 👩‍🚀 1️⃣'],
    ['می‌خواهم', 'می‌خواهم'],
    ['abc \u2067שלום\u2069 d', 'abc שלום d'],
  ] as const) {
    const { values } = coerceFields([field('t', 'text')], { t: raw, own: raw }, { mode: 'update', allowCustom: true });
    assert.deepEqual(values, { t: kept, own: kept });
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (one, two) => {
      for (const text of [one, two, `${two}\u200d\ufe0f\u0301${two}`])
        assert.equal(tidyText(tidyText(text)), tidyText(text));
    }),
    { numRuns: 2_000 },
  );
});

test('entities are decoded once on the way in, and never in what was read before', () => {
  const texts = [field('t', 'text'), field('u', 'url')];
  const data = { t: '&amp;lt;', u: 'https://x.com/?a=1&amp;b', own: '&amp;amp;' };
  const once = coerceFields(texts, data, { mode: 'update', allowCustom: true }).values;
  assert.deepEqual(once, { t: '&lt;', u: 'https://x.com/?a=1&b', own: '&amp;' });
  assert.deepEqual(coerceFields(texts, once, { mode: 'update', allowCustom: true, escaped: false }).values, once);
});

test('a label instead of a name is told in both modes', () => {
  const beans = [field('points', 'integer', { label: 'Beans' }), field('tier', 'text')];
  const kept = coerceFields(beans, { beans: 5 }, { mode: 'update', allowCustom: true });
  assert.deepEqual(kept.values, { beans: 5 });
  assert.match(kept.warnings[0]!.message, /label of "points"/);
  assert.match(coerceFields(beans, { Beans: 5 }, { mode: 'create' }).problems[0]!.cure, /label of "points"/);
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
