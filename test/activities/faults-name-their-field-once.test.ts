import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invalidData } from '../../src/activities/invalid-data.js';
import { coerceFields } from '../../src/passes/field-values.js';
import { passField } from '../../src/passes/pass-type.js';

test('what refuses a request names each field once, and keeps the place of what has no name', () => {
  const fields = [passField.parse({ apiFieldName: 'points', type: 'number', required: true })];
  const { problems } = coerceFields(fields, { points: '1,250 beans' }, { mode: 'update', escaped: false });
  assert.equal(problems.length, 1);
  const said = invalidData(problems, { fields }).message;
  assert.match(said, /^points: "1,250 beans" is not a number/);
  assert.doesNotMatch(said, /additionalData/);
  const other = invalidData([{ pointer: '/additionalData/points', message: 'this is a list', cure: 'write one' }], {
    fields,
  });
  assert.equal(other.message, '/additionalData/points: this is a list: write one');
});
