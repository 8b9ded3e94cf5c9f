import type { EventType } from './event-type.js';

/** What happened to a pass, as Klaviyo is told by an event. */
export type WriteBackEvent =
  'created' | 'installed' | 'updated' | 'uninstalled' | 'voided' | 'message-sent' | 'message-received';

/** Type of the merchant's event to the event in Klaviyo; what is missing makes none. */
export const WRITE_BACK_EVENTS: Readonly<Partial<Record<EventType, WriteBackEvent>>> = {
  'pass.created': 'created',
  'pass.installed': 'installed',
  'pass.updated': 'updated',
  'pass.uninstalled': 'uninstalled',
  'pass.voided': 'voided',
  'message.sent': 'message-sent',
  'message.received': 'message-received',
};
