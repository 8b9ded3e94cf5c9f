import { z } from 'zod';

/** Path and query parameters that several routes share. PostgreSQL refuses NUL and lone surrogates: they end here. */
export const tenantId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
  .describe('Tenant that the key belongs to');
export const correlationId = z.uuid().describe('Correlation id, as answered in X-Correlation-Id');
export const plainText = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^\p{Cc}\p{Cs}]+$/u);
export const serialNumber = plainText.describe('Serial number of the pass');
export const none = z.object({});
