import type { Outcome } from './operation.js';
import type { LifecycleKind } from './operation-input.js';
import type { LifecycleAction } from './pass.js';

export type StateChangeKind = Exclude<LifecycleKind, 'notify-pass'>;

export interface StateChange {
  action: LifecycleAction;
  outcome: Extract<Outcome, 'voided' | 'expired' | 'restored' | 'deleted'>;
}

/** Kinds of operation that move a pass through the table of states, and how they end where it moves. */
export const STATE_CHANGES: Readonly<Record<StateChangeKind, StateChange>> = {
  'void-pass': { action: 'void', outcome: 'voided' },
  'expire-pass': { action: 'expire', outcome: 'expired' },
  'restore-pass': { action: 'restore', outcome: 'restored' },
  'delete-pass': { action: 'delete', outcome: 'deleted' },
};

/** What an operation of this kind does to the state of its pass; undefined where it does nothing to it. */
export const stateChangeOf = (kind: string): StateChange | undefined =>
  Object.hasOwn(STATE_CHANGES, kind) ? STATE_CHANGES[kind as StateChangeKind] : undefined;
