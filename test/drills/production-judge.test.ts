import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge, type Outcome } from '../../bench/production/judge.js';

/** Two updates of one pass and one of another, everything as it should be. */
const sound = (): Outcome => ({
  updates: [
    { serialNumber: 'A', points: 1, correlationId: 'one' },
    { serialNumber: 'B', points: 2, correlationId: 'two' },
    { serialNumber: 'A', points: 3, correlationId: 'three' },
    { serialNumber: 'B', points: 4, correlationId: null },
  ],
  operations: new Map([
    ['one', { status: 'succeeded', outcome: 'updated' }],
    ['two', { status: 'succeeded', outcome: 'updated' }],
    ['three', { status: 'succeeded', outcome: 'updated' }],
  ]),
  passes: new Map([
    ['A', 3],
    ['B', 2],
  ]),
  phones: new Map([
    ['A', 3],
    ['B', 2],
  ]),
  klaviyoEvents: ['one', 'two', 'three'],
  merchantEvents: ['three', 'one', 'two'],
});

test('a sound outcome has no fault, whatever was not accepted', () => {
  assert.deepEqual(judge(sound()), []);
});

const PLANTED: [fault: string, plant: (outcome: Outcome) => Partial<Outcome>, named: RegExp][] = [
  [
    'an operation is gone',
    () => ({
      operations: new Map(sound().operations).set('x', { status: 'failed', outcome: null }),
      updates: [...sound().updates, { serialNumber: 'A', points: 3, correlationId: 'gone' }],
    }),
    /accepted and unknown: gone/,
  ],
  [
    'an operation failed',
    () => ({ operations: new Map(sound().operations).set('two', { status: 'failed', outcome: 'internal-error' }) }),
    /not succeeded: two/,
  ],
  [
    'an operation never ended',
    () => ({ operations: new Map(sound().operations).set('two', { status: 'running', outcome: null }) }),
    /not succeeded: two/,
  ],
  [
    'one id for two updates',
    () => ({ updates: [...sound().updates, { serialNumber: 'A', points: 3, correlationId: 'one' }] }),
    /accepted twice under one id: one/,
  ],
  [
    'an older value won',
    () => ({
      passes: new Map([
        ['A', 1],
        ['B', 2],
      ]),
    }),
    /passes without the last value: A/,
  ],
  ['a pass is gone', () => ({ passes: new Map([['B', 2]]) }), /passes without the last value: A/],
  ['a phone shows an older value', () => ({ phones: new Map([['A', 1]]) }), /phones without the last value: A/],
  ['Klaviyo was not told', () => ({ klaviyoEvents: ['one', 'two'] }), /Klaviyo was not told: three/],
  [
    'Klaviyo was told twice',
    () => ({ klaviyoEvents: ['one', 'two', 'three', 'three'] }),
    /Klaviyo was told twice: three/,
  ],
  ['the merchant was not told', () => ({ merchantEvents: ['one', 'three'] }), /the merchant was not told: two/],
  [
    'the merchant was told twice',
    () => ({ merchantEvents: ['one', 'one', 'two', 'three'] }),
    /the merchant was told twice: one/,
  ],
];

for (const [fault, plant, named] of PLANTED) {
  test(`the judge names it when ${fault}`, () => {
    const outcome = sound();
    assert.match(judge({ ...outcome, ...plant(outcome) }).join('\n'), named);
  });
}
