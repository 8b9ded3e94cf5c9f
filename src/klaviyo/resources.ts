import { z } from 'zod';
import { TransientError } from '../passes/errors.js';
import type { JsonValue } from '../passes/pass-type.js';
import type { Answer } from './transport.js';

const resource = z.looseObject({ id: z.string(), attributes: z.record(z.string(), z.unknown()).default({}) });

/** One JSON:API resource of an answer; attributes that are new to us pass through. */
export interface Resource {
  id: string;
  attributes: Record<string, JsonValue>;
}

/** The `data` of an answer; a missing id means a broken answer. */
export function one(answer: Answer): Resource {
  const parsed = z.looseObject({ data: resource }).safeParse(answer.body);
  if (!parsed.success) throw new TransientError('klaviyo-unavailable', 'Klaviyo’s answer lacks data.id.');
  return parsed.data.data as Resource;
}

export function many(answer: Answer): Resource[] {
  const parsed = z.looseObject({ data: z.array(resource) }).safeParse(answer.body);
  if (!parsed.success) throw new TransientError('klaviyo-unavailable', 'Klaviyo’s answer lacks the list data.');
  return parsed.data.data as Resource[];
}
