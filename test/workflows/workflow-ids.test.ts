import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OPERATION_KINDS } from '../../src/passes/operation.js';
import { parseWorkflowId, workflowId } from '../../src/workflows/workflow-ids.js';

test('the wire format of workflow ids stays as it is', () => {
  const operationId = '3f1d2c4b-0000-4000-8000-000000000001';
  assert.equal(workflowId({ kind: 'push-update', operationId, run: 1 }), `push-update/${operationId}`);
  assert.equal(workflowId({ kind: 'issue-pass', operationId, run: 3 }), `issue-pass/${operationId}/3`);
});

test('an id leads back to its parts', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...OPERATION_KINDS),
      fc.uuid(),
      fc.integer({ min: 1, max: 1e6 }),
      (kind, operationId, run) => {
        assert.deepEqual(parseWorkflowId(workflowId({ kind, operationId, run })), { kind, operationId, run });
      },
    ),
  );
});

test('ids that nobody made are refused', () => {
  const operationId = '3f1d2c4b-0000-4000-8000-000000000001';
  for (const id of [
    '',
    'push-update',
    `unknown/${operationId}`,
    `push-update/${operationId}/1`,
    `push-update/${operationId}/0`,
    `push-update/x`,
  ]) {
    assert.equal(parseWorkflowId(id), null, id);
  }
});
