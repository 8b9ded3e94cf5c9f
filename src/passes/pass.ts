import type { JsonValue } from '../common/json.js';

export const PASS_STATES = ['active', 'expired', 'voided', 'deleted'] as const;
export type PassState = (typeof PASS_STATES)[number];

export type LifecycleAction = 'void' | 'expire' | 'restore' | 'delete';

/** State machine of a pass as data: action to the states it may start from, and where it ends. */
export const TRANSITIONS: Record<LifecycleAction, { from: readonly PassState[]; to: PassState }> = {
  void: { from: ['active', 'expired'], to: 'voided' },
  expire: { from: ['active'], to: 'expired' },
  restore: { from: ['expired', 'voided'], to: 'active' },
  delete: { from: ['active', 'expired', 'voided'], to: 'deleted' },
};

/** What an action does in a state: the new state, the same one (nothing to do), or a refusal. */
export function transition(
  state: PassState,
  action: LifecycleAction,
): { to: PassState } | { unchanged: true } | { refused: true } {
  const rule = TRANSITIONS[action];
  if (state === rule.to) return { unchanged: true };
  return rule.from.includes(state) ? { to: rule.to } : { refused: true };
}

/** One card of one customer, as stored. `fieldSequences` names the acceptance sequence that last set each field. */
export interface Pass {
  id: string;
  tenantId: string;
  customerId: string;
  serialNumber: string;
  passTypeId: string;
  passTypeVersion: number;
  applePassTypeIdentifier: string | null;
  state: PassState;
  data: Record<string, JsonValue>;
  fieldSequences: Record<string, string>;
  /** Acceptance sequence that last set the pass type. */
  typeSequence: string;
  visuals: Record<string, string>;
  revision: number;
  externalId: string | null;
  /** Whole seconds matter: each revision is at least one second later than the one before it. */
  modifiedAt: Date;
  createdAt: Date;
}
