import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideState } from '../../src/activities/change-state.js';
import { decideEmptied } from '../../src/activities/erase-customer.js';
import { PermanentError } from '../../src/common/errors.js';
import type { LoadedForChange, PassRow } from '../../src/database/passes/passes.js';
import { PASS_STATES, type PassState } from '../../src/passes/pass.js';
import type { PassTypeVersion } from '../../src/passes/pass-type.js';

const PLACE = 'customer:basic';
const ONE_PASS = { allowSeveralPasses: false };

function loaded(kind: string, state: PassState, at: { pass: string; operation: string }): LoadedForChange {
  const pass: Partial<PassRow> = {
    ...{ pass_id: 'pass', tenant_id: 'demo', customer_id: 'customer', pass_type_id: 'basic', pass_type_version: 1 },
    ...{ state, state_sequence: at.pass, data: { points: 1 }, visuals: { label: '#ffffff' }, messages: [], offers: [] },
    live_key: state === 'active' || state === 'expired' ? PLACE : null,
  };
  const operation = {
    ...{ kind, acceptance_sequence: at.operation, input: {}, status: 'running', cancel_requested: false },
  };
  return { pass: pass as PassRow, operation, recorded: null };
}

/** Written down by hand: what each kind makes of each state. */
const EXPECTED: Record<string, Partial<Record<PassState, PassState>>> = {
  'void-pass': { active: 'voided', expired: 'voided', voided: 'voided' },
  'expire-pass': { active: 'expired', expired: 'expired' },
  'restore-pass': { active: 'active', expired: 'active', voided: 'active' },
  'delete-pass': { active: 'deleted', expired: 'deleted', voided: 'deleted', deleted: 'deleted' },
};

for (const [kind, ends] of Object.entries(EXPECTED)) {
  test(`${kind} takes each state where it should, and a refused one nowhere`, () => {
    for (const state of PASS_STATES) {
      const decide = () => decideState(loaded(kind, state, { pass: '9', operation: '10' }), ONE_PASS);
      const end = ends[state];
      if (end === undefined) {
        assert.throws(
          decide,
          (error: unknown) => error instanceof PermanentError && error.code === 'state-conflict',
          `${kind} from ${state}`,
        );
        continue;
      }
      const decision = decide();
      if (end === state) {
        assert.ok('stateSequence' in decision, `${kind} from ${state} writes nothing but its place in the order`);
        continue;
      }
      assert.ok('write' in decision, `${kind} from ${state} writes`);
      const { after } = decision.write;
      const holdsPlace = end === 'active' || end === 'expired';
      assert.deepEqual([after.state, after.state_sequence, after.live_key], [end, '10', holdsPlace ? PLACE : null]);
    }
  });

  test(`${kind} changes nothing after an operation that was accepted later`, () => {
    for (const state of PASS_STATES) {
      const decision = decideState(loaded(kind, state, { pass: '11', operation: '10' }), ONE_PASS);
      assert.ok('nothing' in decision, `${kind} from ${state}`);
    }
  });
}

test('a restored pass takes no place where several passes of a type are allowed', () => {
  const restored = loaded('restore-pass', 'voided', { pass: '9', operation: '10' });
  const decision = decideState(restored, { allowSeveralPasses: true });
  assert.ok('write' in decision, 'it is restored');
  assert.equal(decision.write.after.live_key, null);
});

test('an erased pass is void and empty, and stays deleted where it was', () => {
  const version = { design: { fields: [{ apiFieldName: 'points', type: 'number', default: 0 }] } };
  for (const state of PASS_STATES) {
    const before = loaded('erase-customer', state, { pass: '9', operation: '10' });
    const decision = decideEmptied(before, { version: version as unknown as PassTypeVersion });
    assert.ok('write' in decision, state);
    const { after } = decision.write;
    assert.equal(after.state, state === 'deleted' ? 'deleted' : 'voided');
    assert.deepEqual([after.data, after.visuals, after.messages, after.offers], [{ points: 0 }, {}, [], []]);
    assert.equal(after.live_key, null);
  }
});
