import assert from 'node:assert/strict';
import { test } from 'node:test';
import { convertData } from '../../src/passes/conversion.js';
import { fieldsToAsk, readEnrolment } from '../../src/passes/enrolment.js';
import { passField, passTypeDesign } from '../../src/passes/pass-type.js';

const TIER = passField.parse({ apiFieldName: 'tier', type: 'text', oneOf: ['Silver', 'Gold'], required: true });
const POINTS = passField.parse({ apiFieldName: 'points', type: 'integer' });
const UNTIL = passField.parse({ apiFieldName: 'until', type: 'date' });
const LEVEL = passField.parse({ apiFieldName: 'level', type: 'integer', default: 1 });
const target = { fields: [TIER, POINTS, UNTIL, LEVEL] };
const pointers = (list: readonly { pointer: string }[]) => list.map(({ pointer }) => pointer.split('/').pop());

test('converting leaves out what an optional field of the target cannot take, and tells each', () => {
  const before = { tier: 'gold', points: 'many', until: 'someday', level: 'x', nickname: 'Zo' };
  const { data, warnings, problems } = convertData(target, before, {});
  assert.deepEqual(problems, []);
  assert.deepEqual(
    data,
    { tier: 'Gold', level: 1, nickname: 'Zo' },
    'the default takes the place of a value that is gone',
  );
  assert.deepEqual(pointers(warnings).sort(), ['level', 'points', 'until']);
});

test('what the same operation writes anew is no loss, so it is not told', () => {
  const before = { tier: 'gold', points: 'many', until: 'someday' };
  const { warnings, problems } = convertData(target, before, { points: 5 });
  assert.deepEqual([pointers(warnings), problems], [['until'], []]);
});

test('a required value that is in no list refuses the conversion, unless the operation brings one that is', () => {
  assert.ok(pointers(convertData(target, { tier: 'bronze' }, {}).problems).includes('tier'), 'bronze is refused');
  assert.deepEqual(convertData(target, { tier: 'bronze' }, { tier: 'silver' }).problems, []);
  assert.ok(pointers(convertData(target, {}, {}).problems).includes('tier'), 'nothing is refused');
});

test('a form for enrolment asks for a listed value, takes it in any case, and names one that is in no list', () => {
  const design = passTypeDesign.parse({
    name: 'card',
    id: 'ptk_0x1',
    description: 'Card',
    organizationName: 'Kestrel',
    fields: target.fields,
  });
  const asked = fieldsToAsk(design, {});
  assert.deepEqual(
    asked.map(({ apiFieldName }) => apiFieldName),
    ['tier'],
    'optional fields and those with a default are not asked',
  );
  assert.deepEqual(fieldsToAsk(design, { tier: 'Gold' }), []);
  assert.deepEqual(readEnrolment(asked, { tier: ' gold ', points: '7' }), { values: { tier: 'Gold' }, faults: {} });
  assert.deepEqual(readEnrolment(asked, { tier: 'bronze' }), { values: {}, faults: { tier: 'wrong' } });
  assert.deepEqual(readEnrolment(asked, { tier: '  ' }), { values: {}, faults: { tier: 'missing' } });
  assert.deepEqual(readEnrolment(asked, {}), { values: {}, faults: { tier: 'missing' } });
});
