import { PermanentError } from '../common/errors.js';
import { isLater } from '../passes/field-order.js';
import type { OperationKind, Outcome } from '../passes/operation.js';
import { transition, type LifecycleAction } from '../passes/pass.js';
import { changePass } from './change-pass.js';
import type { ActivityDeps, StepInput } from './deps.js';

export interface ChangedState {
  outcome: Extract<Outcome, 'voided' | 'expired' | 'restored' | 'deleted' | 'unchanged' | 'superseded'>;
  revision: number | null;
}

const ACTIONS: Partial<Record<OperationKind, { action: LifecycleAction; outcome: ChangedState['outcome'] }>> = {
  'void-pass': { action: 'void', outcome: 'voided' },
  'expire-pass': { action: 'expire', outcome: 'expired' },
  'restore-pass': { action: 'restore', outcome: 'restored' },
  'delete-pass': { action: 'delete', outcome: 'deleted' },
};

const isUniqueViolation = (error: unknown): boolean => (error as { code?: string }).code === '23505';

/**
 * Moves a pass through the table of states. A change accepted later is never undone by an earlier one. A voided or
 * deleted pass frees its place for a new one of its type; a restored one takes the place back if it is free.
 */
export function changeStateActivity(deps: ActivityDeps) {
  return async function changeState(ref: StepInput & { passId: string }): Promise<ChangedState> {
    const { allowSeveralPasses } = await deps.tenantSettings(ref.tenantId);
    const changed = changePass<ChangedState>(deps, {
      ref,
      change: 'state',
      step: 'change-state',
      repeated: (revision, { state }) => ({ outcome: outcomeOf((state as { to: string }).to), revision }),
      decide({ pass, operation }) {
        const rule = ACTIONS[operation.kind as OperationKind];
        if (!rule) throw new PermanentError('internal-error', `Operations of kind ${operation.kind} change no state.`);
        const sequence = operation.acceptance_sequence;
        if (isLater(pass.state_sequence, sequence)) {
          return { nothing: true, detail: { superseded: true }, result: { outcome: 'superseded', revision: null } };
        }
        const next = transition(pass.state, rule.action);
        if ('refused' in next) {
          throw new PermanentError(
            'state-conflict',
            `The pass is ${pass.state}; it cannot be ${rule.outcome} from there.`,
            { state: pass.state },
          );
        }
        if ('unchanged' in next) {
          return {
            stateSequence: sequence,
            detail: { state: pass.state },
            result: { outcome: 'unchanged', revision: null },
          };
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
      },
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

/** For a repeated step: the state that its first attempt had written. */
const outcomeOf = (state: string): ChangedState['outcome'] =>
  state === 'active' ? 'restored' : (state as 'voided' | 'expired' | 'deleted');
