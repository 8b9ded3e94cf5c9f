import { z } from 'zod';

/** Path and query parameters that several routes share. PostgreSQL refuses NUL: it ends here. An address cannot hold lone surrogates. */
export const tenantId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'small letters, digits and dashes')
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

export const ACCOUNT_ID_HEADER = {
  name: 'X-ACCOUNT-ID',
  description: 'Optional; where given it must be the account of the key',
};

const LAST_MS = Date.UTC(9999, 11, 31);
/** A time at which something may have happened here. Years below 1 and above 9999 have no text that PostgreSQL reads. */
export const time = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(Math.min(Math.max(Date.parse(text), 0), LAST_MS)));
