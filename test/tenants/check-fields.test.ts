import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passField } from '../../src/passes/pass-type.js';
import { fieldProblem } from '../../src/tenants/check-fields.js';

for (const [name, field, key, message, cure] of [
  ['a list of values for a number', { type: 'integer', oneOf: ['1'] }, 'oneOf', /cannot list/, /make the type "text"/],
  ['a listed value that nothing equals', { type: 'text', oneOf: ['gold '] }, 'oneOf', /"gold "/, /write "gold"/],
  [
    'a default that is not listed',
    { type: 'text', oneOf: ['gold'], default: 'bronze' },
    'default',
    /none of the values that the pass type lists/,
    /default of the type text/,
  ],
] as const) {
  test(`${name} is a problem with its place and cure`, () => {
    const problem = fieldProblem(passField.parse({ apiFieldName: 'tier', ...field }));
    assert.equal(problem?.key, key);
    assert.match(problem!.message, message);
    assert.match(problem!.cure, cure);
  });
}

test('a list that can be met is none', () => {
  const field = passField.parse({ apiFieldName: 'tier', type: 'text', oneOf: ['bronze', 'gold'], default: 'bronze' });
  assert.equal(fieldProblem(field), undefined);
});
