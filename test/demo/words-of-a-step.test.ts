import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OperationView, StepView } from '../../src/demo/api-calls.js';
import { describeStep } from '../../src/demo/journey.js';

test('a Google object that another request brings up to date is told as that, without a revision of its own', () => {
  const step = { step: 'update-google-object', state: 'succeeded', attempts: 1, lastError: null } as const;
  const words = (detail: StepView['detail']) =>
    describeStep({ ...step, detail, startedAt: '', endedAt: null }, {} as OperationView);
  assert.equal(words({ revision: 4 }), "Google's object has revision 4");
  assert.equal(words({ covered: true }), "another request brings Google's object up to date");
});
