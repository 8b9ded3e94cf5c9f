import { z } from 'zod';
import { passTypeDesign } from '../passes/pass-type.js';
import { tenantFile } from './tenant-file.js';

/** The JSON Schemas that editors use for a tenant's files, by file name under `schemas/`, as committed. */
export function jsonSchemas(): Record<string, string> {
  const publish = (schema: z.ZodType, title: string): string =>
    `${JSON.stringify({ title, ...z.toJSONSchema(schema, { io: 'input' }) }, null, 2)}\n`;
  return {
    'tenant.schema.json': publish(tenantFile, 'A tenant of Passrelay (tenant.json)'),
    'pass-type.schema.json': publish(passTypeDesign, 'A pass type of Passrelay (pass-types/<name>.json)'),
  };
}
