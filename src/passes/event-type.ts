/** The events that merchants can get. */
export const EVENT_TYPES = [
  'customer.updated',
  'pass.created',
  'pass.updated',
  'pass.installed',
  'pass.uninstalled',
  'pass.voided',
  'pass.expired',
  'pass.restored',
  'pass.deleted',
  'campaign.started',
  'campaign.paused',
  'campaign.ended',
  'message.sent',
  'message.received',
  'offer.started',
  'offer.ended',
  'operation.failed',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** Sent on request only, to one endpoint. */
export const TEST_EVENT = 'webhook.test';
