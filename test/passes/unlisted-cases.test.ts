import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passTypeDesign } from '../../src/passes/pass-type.js';
import { knownValues, unlistedCases } from '../../src/passes/unlisted-cases.js';

const design = passTypeDesign.parse({
  name: 'card',
  id: 'ptk_0x1',
  description: 'Card',
  organizationName: 'Shop',
  fields: [
    { apiFieldName: 'tier', type: 'text', default: 'member' },
    { apiFieldName: 'plan', type: 'text', oneOf: ['free', 'plus'] },
    { apiFieldName: 'points', type: 'integer' },
  ],
  visuals: {
    strip: { from: 'tier', cases: { gold: 'a', Platinum: 'b' }, default: 'c' },
    colour: { from: 'tier', cases: { gold: 'a' } },
    badge: { from: 'plan', cases: { plus: 'x' }, default: 'y' },
    line: { template: '{{tier}} {{points}}' },
  },
});
const said = (fields: Record<string, string | number | null>, changed = Object.keys(fields)) =>
  unlistedCases(design, fields, changed);

test('a misspelt word that makes visuals fall to their default is told, with the nearest case', () => {
  const [warning, ...more] = said({ tier: 'Platinm' });
  assert.deepEqual(more, []);
  assert.equal(warning!.pointer, '/additionalData/tier');
  assert.match(
    warning!.message,
    /tier "Platinm" is none of the known values \(member, gold, Platinum\).*did you mean "Platinum"\?/,
  );
  assert.match(said({ tier: 'zzz' })[0]!.message, /the look that it has by default$/);
});

test('what was meant so is not worth a word', () => {
  assert.deepEqual(said({ tier: 'GOLD' }), []);
  assert.deepEqual(said({ tier: 'platinum' }), [], 'one of the visuals knows it');
  assert.deepEqual(said({ tier: 'member' }), [], 'the default of the field');
  assert.deepEqual(said({ plan: 'free' }), [], 'listed in oneOf');
  assert.deepEqual(said({ points: 5, tier: null }), []);
  assert.deepEqual(said({ tier: 'Platinm' }, []), [], 'unchanged');
});

test('the known values of a field are those that it allows, else those that choose its look, each once', () => {
  assert.deepEqual(knownValues(design, 'tier'), ['member', 'gold', 'Platinum']);
  assert.deepEqual(knownValues(design, 'plan'), ['free', 'plus']);
  assert.deepEqual(knownValues(design, 'points'), []);
});
