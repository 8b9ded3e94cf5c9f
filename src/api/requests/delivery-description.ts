import { z } from 'zod';

/** How the description at /openapi.json tells of what all deliveries share: two headers, one key of the body, its form. */
export const IDEMPOTENCY_KEY_HEADER = {
  name: 'Idempotency-Key',
  description: 'The same key and body again changes nothing; with another body: 422',
};
export const FLOW_ID_HEADER = {
  name: 'X-Klaviyo-Flow-ID',
  description: 'Sent by Klaviyo; a tenant can allow listed flows only',
};
export const idempotencyKeyInBody = z.string().max(255).nullish().describe('Wins over the Idempotency-Key header');
export const deliveryBody = (schema: z.ZodType, example: object) => ({
  description: 'JSON in any content type; a listed set of template accidents is repaired',
  schema,
  example,
});
