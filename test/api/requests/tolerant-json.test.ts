import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { parseDelivery } from '../../../src/api/requests/tolerant-json.js';

const parse = (text: string) => parseDelivery(Buffer.from(text));
const good = (text: string) => {
  const result = parse(text);
  assert.ok(result.ok, JSON.stringify(result));
  return result;
};
const fault = (text: string) => {
  const result = parse(text);
  assert.ok(!result.ok, JSON.stringify(result));
  return result.problems[0]!;
};
const FORBIDDEN = ['__proto__', 'constructor', 'prototype'];

test('reads valid JSON exactly as JSON.parse does', () => {
  const safe = fc.jsonValue({ maxDepth: 5 }).map((value) => JSON.stringify({ value }));
  fc.assert(
    fc.property(safe, fc.constantFrom(0, 2), (text, indent) => {
      const expected = JSON.parse(text) as unknown;
      fc.pre(!FORBIDDEN.some((key) => text.includes(`"${key}"`)));
      fc.pre(!/(?<![\w.])-?\d{16,}(?![\d.e])/.test(text));
      const result = good(JSON.stringify(expected, null, indent));
      assert.deepEqual(result.value, expected);
      assert.deepEqual(result.repairs, []);
    }),
  );
});

test('never throws, whatever bytes arrive', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"a"',
    "'b'",
    ':',
    ',',
    'None',
    'True',
    '1',
    '-',
    '\\',
    '{{',
    '"',
    '\n',
    'e9',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.array(pieces).map((parts) => Buffer.from(`{${parts.join('')}}`)),
      ),
      (raw) => {
        const result = parseDelivery(raw);
        if (!result.ok) assert.ok(result.problems.every(({ line, column }) => line >= 1 && column >= 1));
      },
    ),
    { numRuns: 2000 },
  );
});

test('a hole after a colon is absent, and the repair names the place', () => {
  const { value, repairs } = good('{"additionalData":{"points":,"vip":},\n "updateMetadata":}');
  assert.deepEqual(value, { additionalData: {} });
  assert.deepEqual(repairs, [
    { code: 'missing-value', pointer: '/additionalData/points', line: 1, column: 29 },
    { code: 'missing-value', pointer: '/additionalData/vip', line: 1, column: 36 },
    { code: 'missing-value', pointer: '/updateMetadata', line: 2, column: 19 },
  ]);
});

test('trailing commas, Python literals and reprs are repaired and reported', () => {
  const { value, repairs } = good(`{"a": [1, 2,], "b": True, "c": None, "d": {'it\\'s': "O'Brien", 'n': 1,},}`);
  assert.deepEqual(value, { a: [1, 2], b: true, d: { "it's": "O'Brien", n: 1 } });
  assert.deepEqual([...new Set(repairs.map(({ code }) => code))].sort(), [
    'python-literal',
    'single-quotes',
    'trailing-comma',
  ]);
});

test('a word for nothing without quotes is absent, and only null is null', () => {
  for (const word of ['None', 'nan', 'NaN', 'undefined', 'N/A', 'n/a', '-', '--']) {
    const { value, repairs } = good(`{"a": ${word}, "b": null, "c": [1, ${word}], "d": ${word}}`);
    assert.deepEqual(value, { b: null, c: [1, null] }, word);
    assert.equal(repairs.length, 3, word);
  }
});

test('control characters are reported with their place; line breaks are none', () => {
  const { value, repairs } = good('{"a": "one\\ntwo", "b": "C:\\temp\\bonus",\n"c": ["x\\u0000"], "d": "\\u009f"}');
  assert.deepEqual(value['a'], 'one\ntwo');
  assert.deepEqual(
    repairs.map(({ code, pointer, line }) => [code, pointer, line]),
    [
      ['control-characters', '/b', 1],
      ['control-characters', '/c/0', 2],
      ['control-characters', '/d', 2],
    ],
  );
  const many = good(`{"a":[${Array.from({ length: 300 }, () => '"\\t"').join(',')}]}`);
  assert.deepEqual([(many.value['a'] as string[]).length, many.repairs.length], [300, 100]);
});

test('long ids are kept digit by digit', () => {
  const { value, repairs } = good('{"id": 9007199254740993, "safe": 9007199254740991, "negative": -9007199254740993}');
  assert.deepEqual(value, { id: '9007199254740993', safe: 9007199254740991, negative: '-9007199254740993' });
  assert.equal(repairs.length, 2);
});

test('a compressed body is refused by its own name', () => {
  const parsed = parseDelivery(gzipSync('{"identifiers":{"email":"a@example.com"}}'));
  assert.ok(!parsed.ok);
  assert.deepEqual(
    [parsed.problems[0]?.message, parsed.problems[0]?.cure],
    ['the body is compressed (gzip)', 'send it uncompressed'],
  );
});

test('a byte order mark is dropped and invalid UTF-8 refused with its place', () => {
  assert.deepEqual(good('\ufeff{"a":1}').value, { a: 1 });
  const result = parseDelivery(Buffer.concat([Buffer.from('{"a":\n"'), Buffer.from([0xff]), Buffer.from('"}')]));
  assert.ok(!result.ok);
  assert.deepEqual([result.problems[0]!.line, result.problems[0]!.column], [2, 2]);
});

for (const [name, text, message, line, column] of [
  ['duplicate keys', '{"a":1,\n"a":2}', /"a" appears twice/, 2, 1],
  ['a duplicate of a hole', '{"a":,"a":2}', /"a" appears twice/, 1, 7],
  ['prototype keys', '{"x":{"__proto__":{}}}', /"__proto__" is not allowed/, 1, 7],
  ['escaped prototype keys', '{"\\u005f_proto__":1}', /not allowed/, 1, 2],
  // They are one key and a prototype key as soon as the database's enemies are taken out of them.
  ['keys that only NUL tells apart', '{"email":1,"email\\u0000":2}', /appears twice/, 1, 12],
  ['keys that only half a character tells apart', '{"a":{"b\\ud800":1,"b":2}}', /"b" appears twice/, 1, 19],
  ['prototype keys behind NUL', '{"__proto__\\u0000":1}', /not allowed/, 1, 2],
  ['a quote inside a value', '{"a":"says "hi""}', /after a a comma/, 1, 13],
  ['a line break inside a value', '{"a":"one\ntwo"}', /line break/, 1, 10],
  ['a lone backslash', '{"a":"C:\\users"}', /backslash/, 1, 9],
  ['an unquoted tag', '{"a": {{ person.email }}}', /a still holds a template tag/, 1, 7],
  ['a curly quote before a key', '{“a”: 1}', /a curly quote is where a straight one belongs/, 1, 2],
  ['a curly quote before a value', '{"a": “x”}', /a curly quote is/, 1, 7],
  ['an unquoted text', '{"tier": Gold}', /tier is a text without quotes/, 1, 10],
  ['two numbers in one', '{"a": 1 200}', /after a a comma/, 1, 9],
  ['a decimal comma', '{"a": 12,50}', /key between quotes/, 1, 10],
  ['a number beyond all', '{"a": 1e999}', /too large/, 1, 7],
  ['an empty place in a list', '{"a": [1,,2]}', /empty place/, 1, 10],
  ['an empty body', '', /empty/, 1, 1],
  ['a list as body', '[]', /not a JSON object/, 1, 1],
  ['text after the end', '{} {}', /after the end/, 1, 4],
  ['a cut body', '{"a":"b"', /the body ends at character 8/, 1, 9],
  ['deep nesting', `{"a":${'['.repeat(40)}${']'.repeat(40)}}`, /32 levels/, 1, 37],
  ['too many keys', `{${Array.from({ length: 2001 }, (_, i) => `"k${i}":1`).join(',')}}`, /2000 keys/, 1, 18892],
] as const) {
  test(`refuses ${name}, and says where`, () => {
    const problem = fault(text);
    assert.match(problem.message, message);
    assert.ok(problem.cure.length > 5);
    assert.deepEqual([problem.line, problem.column], [line, column]);
  });
}

test('a comma that is missing, a body that was cut and a quote inside a value are told apart', () => {
  const said = (text: string): string => {
    const read = parseDelivery(Buffer.from(text));
    return read.ok ? 'read' : read.problems.map(({ message, cure }) => `${message}: ${cure}`).join();
  };
  for (const text of ['{"a": "x" "b": 1}', '{"a": 5\n  "b": 1}', '{"o": {"a": {}} "b": ""}']) {
    assert.match(said(text), /^a comma is missing after \w: /, text);
  }
  assert.match(said('{"a": "Joe "Big" Smith", "b": 1}'), /^after a a comma or "}" is expected: a quote inside a value/);
  const whole = '{"identifiers": {"email": "a@example.com"}, "additionalData": {"points": 12, "tags": ["x"]}}';
  for (let end = 1; end < whole.length; end++) {
    const text = whole.slice(0, end);
    const expected = new RegExp(`^the body ends at character ${end}, .*: send the whole of it`);
    // A number, or a word such as true, is not known to be cut.
    assert.match(said(text), expected, text);
  }
});
