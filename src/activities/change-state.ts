import { PermanentError } from '../common/errors.js';
import { isUniqueViolation } from '../database/sql.js';
import type { LoadedForChange } from '../database/passes/passes.js';
import { isLater } from '../passes/field-order.js';
import { transition } from '../passes/pass.js';
import { stateChangeOf, type StateChange } from '../passes/state-change.js';
import type { TenantSettings } from '../passes/tenant-settings.js';
import { changePass, type Decision } from './change-pass.js';
import type { ActivityDeps, StepInput } from './deps.js';

export interface ChangedState {
  outcome: StateChange['outcome'] | 'unchanged' | 'superseded';
  revision: number | null;
}

/**
 * Moves a pass through the table of states. A change accepted later is never undone by an earlier one. A voided or
 * deleted pass frees its place for a new one of its type; a restored one takes the place back if it is free.
 */
export function changeStateActivity(deps: ActivityDeps) {
  return async function changeState(ref: StepInput & { passId: string }): Promise<ChangedState> {
    const settings = await deps.tenantSettings(ref.tenantId);
    const changed = changePass<ChangedState>(deps, {
      ref,
      change: 'state',
      step: 'change-state',
      repeated: (revision, { state }) => ({ outcome: outcomeOf((state as { to: string }).to), revision }),
      decide: (loaded) => decideState(loaded, settings),
    });
    return changed.catch((error: unknown) => {
      if (!isUniqueViolation(error)) throw error;
      throw new PermanentError(
        'state-conflict',
        'The customer holds another live pass of this type by now. Void that one first, or allow several passes in the tenant settings.',
      );
    });
  };
}

/** The rule of the step, for one operation and for many alike: the state that its kind asks for, on the pass as it is now. */
export function decideState(
  { pass, operation }: LoadedForChange,
  { allowSeveralPasses }: Pick<TenantSettings, 'allowSeveralPasses'>,
): Decision<ChangedState> {
  const rule = stateChangeOf(operation.kind);
  if (!rule) throw new PermanentError('internal-error', `Operations of kind ${operation.kind} change no state.`);
  const sequence = operation.acceptance_sequence;
  if (isLater(pass.state_sequence, sequence)) {
    return { nothing: true, detail: { superseded: true }, result: { outcome: 'superseded', revision: null } };
  }
  const next = transition(pass.state, rule.action);
  if ('refused' in next) {
    const message = `The pass is ${pass.state}; it cannot be ${rule.outcome} from there.`;
    throw new PermanentError('state-conflict', message, { state: pass.state });
  }
  if ('unchanged' in next) {
    return { stateSequence: sequence, detail: { state: pass.state }, result: { outcome: 'unchanged', revision: null } };
  }
  const free = next.to === 'voided' || next.to === 'deleted';
  const place = allowSeveralPasses ? null : `${pass.customer_id}:${pass.pass_type_id}`;
  const live_key = free ? null : next.to === 'active' ? (pass.live_key ?? place) : pass.live_key;
  return {
    write: {
      after: { ...pass, state: next.to, state_sequence: sequence, live_key },
      changed: { state: { from: pass.state, to: next.to } },
      changedFields: ['state'],
    },
    detail: { from: pass.state, to: next.to },
    result: (revision) => ({ outcome: rule.outcome, revision }),
  };
}

/** For a repeated step: the state that its first attempt had written. */
const outcomeOf = (state: string): ChangedState['outcome'] =>
  state === 'active' ? 'restored' : (state as 'voided' | 'expired' | 'deleted');
