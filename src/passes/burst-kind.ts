import type { OperationKind } from './operation.js';
import { STATE_CHANGES, type StateChangeKind } from './state-change.js';

/** Kinds of operation that go as bursts where many of one tenant wait, by the kind of burst. */
export const OPERATIONS_OF_BURSTS = {
  'push-update': ['push-update'],
  'change-state': Object.keys(STATE_CHANGES) as StateChangeKind[],
  'send-message': ['send-message'],
  'end-message': ['end-message'],
  'start-offer': ['start-offer'],
  'end-offer': ['end-offer'],
} as const satisfies Record<string, readonly OperationKind[]>;

/** Bursts that the dispatcher forms of what waits; a gathering of write-back is formed of these. */
export type FormedKind = keyof typeof OPERATIONS_OF_BURSTS;
export type BurstKind = FormedKind | 'write-back';
export const FORMED_KINDS = Object.keys(OPERATIONS_OF_BURSTS) as FormedKind[];

/** A tenant whose operations of these kinds wait for bursts: they are not started one by one. */
export interface Flood {
  tenantId: string;
  kind: FormedKind;
}
