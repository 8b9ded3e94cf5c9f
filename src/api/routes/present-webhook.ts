import { z } from 'zod';
import type { DeliveryRow } from '../../database/merchants/delivery-log.js';
import type { EndpointRow } from '../../database/merchants/webhook-endpoints.js';

const time = z.iso.datetime();

export const endpointView = z.object({
  id: z.uuid(),
  url: z.url(),
  eventTypes: z.array(z.string()),
  state: z.enum(['enabled', 'disabled']),
  disabledReason: z.string().nullable(),
  disabledAt: time.nullable().describe('Since when it is switched off'),
  failingSince: time.nullable().describe('First of the failures since the last success'),
  createdAt: time,
  updatedAt: time,
});

/** A webhook endpoint without its secrets, which are shown only when they are made. */
export const presentEndpoint = (row: EndpointRow): z.output<typeof endpointView> => ({
  id: row.endpoint_id,
  url: row.url,
  eventTypes: row.event_types,
  state: row.state,
  disabledReason: row.disabled_reason,
  disabledAt: row.disabled_at?.toISOString() ?? null,
  failingSince: row.failing_since?.toISOString() ?? null,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
});

export const DELIVERY_STATUSES = ['accepted', 'delivering', 'retrying', 'delivered', 'exhausted', 'cancelled'] as const;

export const deliveryView = z.object({
  id: z.uuid(),
  endpointId: z.uuid(),
  eventId: z.uuid().describe('The webhook-id header'),
  type: z.string(),
  status: z.enum(DELIVERY_STATUSES),
  run: z.int(),
  createdAt: time,
  nextAttemptAt: time.nullable(),
  endedAt: time.nullable(),
  attempts: z.array(
    z.object({
      attempt: z.int(),
      at: time,
      status: z.int().nullable().describe('Null: no answer came'),
      error: z.string().nullable(),
      durationMs: z.int().nullable(),
      excerpt: z.string().nullable().describe('First kilobyte of the answer'),
    }),
  ),
});

/** One delivery with the log of its attempts. */
export const presentDelivery = (row: DeliveryRow): z.output<typeof deliveryView> => ({
  id: row.delivery_id,
  endpointId: row.endpoint_id,
  eventId: row.event_id,
  type: row.type,
  status: row.status,
  run: row.run,
  createdAt: row.created_at.toISOString(),
  nextAttemptAt: row.next_attempt_at?.toISOString() ?? null,
  endedAt: row.ended_at?.toISOString() ?? null,
  attempts: row.log.map((attempt) => ({ ...attempt, at: new Date(attempt.at).toISOString() })),
});
