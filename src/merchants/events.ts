import { z } from 'zod';
import type { JsonValue } from '../common/json.js';
import { EVENT_TYPES, TEST_EVENT, type EventType } from '../passes/event-type.js';

export { EVENT_TYPES, TEST_EVENT, type EventType };

/** One event as it is delivered and pulled; `data` says that something is new, the API says what it is now. */
export const merchantEvent = z.object({
  id: z.uuid().describe('The same on every attempt and redelivery: your idempotency key'),
  type: z.enum([...EVENT_TYPES, TEST_EVENT]),
  timestamp: z.iso.datetime().describe('When it happened'),
  data: z.looseObject({
    orderKey: z
      .string()
      .optional()
      .describe(
        'Grows with every event of the tenant: drop an event whose key is below the newest of its pass or customer',
      ),
    operationId: z.uuid().optional().describe('Correlation id of what caused it'),
    acceptanceSequence: z.string().optional().describe('Place of that operation in the order of acceptance'),
    origin: z.string().optional().describe('klaviyo, api, device, google, operator or system'),
    serialNumber: z.string().optional(),
    passTemplate: z.string().optional().describe('Id of the pass type'),
    revision: z.int().optional().describe('Revision of the pass when the event was made ready'),
    state: z.string().optional().describe('State of the pass then'),
    customerId: z.string().optional().describe('Your id of the customer, or ours where none is known'),
    changedFields: z.array(z.string()).optional().describe('Names only'),
    campaignId: z.uuid().optional().describe('campaign.*: which one'),
    campaign: z.string().optional().describe('campaign.*: its name'),
    campaignState: z.string().optional().describe('campaign.*: running, paused, ended or cancelled'),
    messageId: z.uuid().optional().describe('message.received: which message'),
    kind: z.string().optional().describe('operation.failed: what failed'),
    outcome: z.string().optional().describe('operation.failed: how it ended'),
    reason: z.string().optional().describe('operation.failed: why, with the cure'),
  }),
});
export type MerchantEvent = z.output<typeof merchantEvent>;

type DataKey = keyof typeof merchantEvent.shape.data.shape;
const ALWAYS = ['orderKey', 'operationId', 'acceptanceSequence', 'origin'] as const;
const OF_PASS = [...ALWAYS, 'customerId', 'serialNumber', 'passTemplate', 'revision', 'state'] as const;
const OF_CAMPAIGN = [...ALWAYS, 'campaignId', 'campaign', 'campaignState'] as const;

/** For each type when it is sent, and what its `data` always holds. */
const SENT: Readonly<Record<EventType, { when: string; holds: readonly DataKey[] }>> = {
  'customer.updated': {
    when: 'A profile sync changed the customer or a pass',
    holds: [...ALWAYS, 'customerId', 'changedFields'],
  },
  'pass.created': { when: 'A pass was issued', holds: [...OF_PASS, 'changedFields'] },
  'pass.updated': { when: 'Data, type or visuals of a pass changed', holds: [...OF_PASS, 'changedFields'] },
  'pass.installed': { when: 'A wallet took the pass', holds: OF_PASS },
  'pass.uninstalled': { when: 'A wallet dropped the pass', holds: OF_PASS },
  'pass.voided': { when: 'The pass was voided', holds: OF_PASS },
  'pass.expired': { when: 'The pass was made to expire', holds: OF_PASS },
  'pass.restored': { when: 'A voided or expired pass is valid again', holds: OF_PASS },
  'pass.deleted': { when: 'The pass was deleted', holds: OF_PASS },
  'campaign.started': { when: 'A campaign began to send', holds: OF_CAMPAIGN },
  'campaign.paused': { when: 'A campaign was paused, and nothing of it is in flight', holds: OF_CAMPAIGN },
  'campaign.ended': { when: 'Every row of a campaign has ended, or it was cancelled', holds: OF_CAMPAIGN },
  'message.sent': { when: 'A message was put on the pass; operationId is its id', holds: OF_PASS },
  'message.received': { when: 'A phone fetched the pass with the message (Apple)', holds: [...OF_PASS, 'messageId'] },
  'offer.started': { when: 'An offer lies over the pass from now on', holds: OF_PASS },
  'offer.ended': { when: 'An offer is off the pass: what lies beneath shows again', holds: OF_PASS },
  'operation.failed': { when: 'Somebody must act', holds: [...ALWAYS, 'kind', 'outcome'] },
};

/** When an event of a type is sent, and its schema. */
export function describeEvent(type: EventType): { when: string; schema: z.ZodType } {
  const { when, holds } = SENT[type];
  const { data } = merchantEvent.shape;
  const required: Partial<Record<DataKey, true>> = Object.fromEntries(holds.map((name) => [name, true]));
  return { when, schema: merchantEvent.extend({ type: z.literal(type), data: data.required(required) }) };
}

/** The stored event in the form that merchants get; the same text for every attempt. */
export function presentEvent(row: {
  event_id: string;
  type: string;
  created_at: Date;
  payload: Record<string, JsonValue>;
}): MerchantEvent {
  return {
    id: row.event_id,
    type: row.type as MerchantEvent['type'],
    timestamp: row.created_at.toISOString(),
    data: row.payload as MerchantEvent['data'],
  };
}
