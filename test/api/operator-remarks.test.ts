import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warningsOfRow } from '../../src/api/operator/present-operator.js';
import { HOLD_REASONS } from '../../src/passes/hold-message.js';

test('an operator reads for what a message waits and until when, and what Google made of it', () => {
  const until = '2027-03-28T06:00:00.000Z';
  const remarks = warningsOfRow({ repairs: [] }, [
    { state: 'waiting', detail: { waitingFor: HOLD_REASONS['quiet-hours'], until, heldBack: 'quiet-hours' } },
    { state: 'succeeded', detail: { revision: 4, message: 'quiet: 3 in 24 h' } },
    { state: 'waiting', detail: { waitingFor: 'a pass that may be on its way' } },
    { state: 'failed', detail: { waitingFor: 'what is over' } },
  ]);
  assert.deepEqual(remarks, [
    `held back until ${until}, for ${HOLD_REASONS['quiet-hours']}`,
    'notification of the message at Google: quiet: 3 in 24 h',
    'waits: a pass that may be on its way',
  ]);
});

test('a remark names the place in the body once, as people say it', () => {
  const said = (pointer: string, message: string) => warningsOfRow({ repairs: [{ pointer, message }] as never }, []);
  assert.deepEqual(said('/additionalData/points', 'points "1,250" is not a number'), [
    'points "1,250" is not a number',
  ]);
  assert.deepEqual(said('/identifiers/email', 'this is empty'), ['email: this is empty']);
});
