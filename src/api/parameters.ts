import { z } from 'zod';

/** Path and query parameters that several routes share. PostgreSQL refuses NUL: it ends here. An address cannot hold lone surrogates. */
export const tenantId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'a tenant is named by small letters, digits and dashes')
  .describe('Tenant that the key belongs to');
export const correlationId = z.uuid().describe('Correlation id, as answered in X-Correlation-Id');
export const plainText = z
  .string()
  .min(1)
  .max(255)
  // Spelled out, not as \p{Cc}: readers of the description in other languages know no property classes.
  .regex(/^[^\u0000-\u001f\u007f-\u009f]+$/u);
export const serialNumber = plainText.describe('Serial number of the pass');
export const none = z.object({});
