import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { readAs } from '../../src/common/explain-issue.js';

const WHERE = { whole: 'the body', page: 'docs/api.md' };
const said = (schema: z.ZodType, value: unknown): string[] => {
  const read = readAs(schema, value, WHERE);
  return 'value' in read ? [] : read.problems.map(({ message, cure }) => `${message} ${cure}`);
};

/** Every complaint that a schema can have, with a value that gets it. */
const MISTAKES: [name: string, schema: z.ZodType, value: unknown, wanted: RegExp][] = [
  ['type', z.number(), 'x', /is a string|is a text.*not a number/],
  ['missing', z.object({ a: z.string() }), {}, /"a" is missing.*a text/],
  ['choice', z.enum(['one', 'two']), 'tow', /not known here.*"two"/],
  ['unknown key', z.strictObject({ colour: z.string().optional() }), { color: 'x' }, /Write "colour"/i],
  ['too small', z.number().min(3), 2, /too small.*at least 3/],
  ['too small, exclusive', z.number().gt(3), 3, /more than 3/],
  ['too large', z.array(z.string()).max(1), ['a', 'b'], /too many entries.*at most 1 entry/],
  ['too large, exclusive', z.number().lt(3), 3, /less than 3/],
  ['named form', z.uuid(), 'x', /use a UUID/],
  ['pattern', z.string().regex(/^[a-z]+$/), 'X1', /use the form \/\^\[a-z\]\+\$\//],
  ['union', z.union([z.string(), z.number()]), true, /write a text \("…"\) or a number/],
  [
    'discriminator',
    z.discriminatedUnion('type', [z.object({ type: z.literal('a') })]),
    { type: 'b' },
    /not known here/,
  ],
  [
    'name of a member',
    z.record(z.string().regex(/^[a-z]+$/), z.string()),
    { A1: 'x' },
    /"A1" is not possible.*the form/,
  ],
  ['step', z.number().multipleOf(5), 3, /not possible here/],
  ['rule', z.string().refine((text) => text === 'x'), 'y', /not possible here/],
];

for (const [name, schema, value, wanted] of MISTAKES) {
  test(`a mistake is told in our words: ${name}`, () => {
    const [sentence = ''] = said(schema, value);
    assert.match(sentence, wanted);
    assert.doesNotMatch(sentence, /Invalid|expected|Unrecognized|undefined/);
  });
}

test('what a schema says itself is told, however it begins', () => {
  const own = 'Invalid in our shop: two letters and four digits';
  assert.match(said(z.string().regex(/^[A-Z]{2}\d{4}$/, own), 'x')[0]!, new RegExp(`use ${own}\\.`));
  assert.match(said(z.union([z.string(), z.number()], { error: own }), true)[0]!, new RegExp(`${own}\\.$`));
  const rule = z.string().refine((text) => text === 'x', { error: own });
  assert.match(said(rule, 'y')[0]!, new RegExp(`the body: ${own}\\.`));
});
