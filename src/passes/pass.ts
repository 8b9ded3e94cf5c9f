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
