import type { EventType } from './event-type.js';
import type { OperationKind, Outcome } from './operation.js';
import { STATE_CHANGES } from './state-change.js';
import { outcomeOfUpdate, type UpdateResult } from './update-outcome.js';
import { WRITE_BACK_EVENTS, type WriteBackEvent } from './write-back-event.js';

interface ChangeEnding {
  outcome: Outcome;
  /** The event for the merchant; null: none. */
  eventType: EventType | null;
}

/** How operations of a burst end that have changed their pass, by kind; what is missing ends as an update does. */
const ENDINGS: Readonly<Partial<Record<OperationKind, ChangeEnding>>> = {
  ...Object.fromEntries(
    Object.entries(STATE_CHANGES).map(([kind, { outcome }]) => [
      kind,
      { outcome, eventType: `pass.${outcome}` as const },
    ]),
  ),
  'send-message': { outcome: 'message-sent', eventType: 'message.sent' },
  'end-message': { outcome: 'message-ended', eventType: null },
  'start-offer': { outcome: 'offer-started', eventType: 'offer.started' },
  'end-offer': { outcome: 'offer-ended', eventType: 'offer.ended' },
};

/** The merchant's event for an operation that changed its pass; null: none. */
export function eventTypeOfChange(kind: OperationKind): EventType | null {
  const ending = ENDINGS[kind];
  return ending ? ending.eventType : 'pass.updated';
}

/** Klaviyo's event for it; null: none. */
export function writeBackEventOfChange(kind: OperationKind): WriteBackEvent | null {
  const eventType = eventTypeOfChange(kind);
  return (eventType && WRITE_BACK_EVENTS[eventType]) ?? null;
}

/** How an operation of a burst ends that nothing stopped. */
export const outcomeOfChange = (kind: OperationKind, result: UpdateResult): Outcome =>
  (result.changed && ENDINGS[kind]?.outcome) || outcomeOfUpdate(result);
