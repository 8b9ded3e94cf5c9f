import { z } from 'zod';
import { TransientError } from '../common/errors.js';
import type { JsonValue } from '../common/json.js';
import type { Answer, Transport } from './transport.js';

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

const PAGES = 50;
const links = z.looseObject({ links: z.looseObject({ next: z.string().nullish() }).nullish() });

/** One page of a list, and the cursor of the next one; null on the last. */
export interface Page {
  resources: Resource[];
  next: string | null;
}

export function onePage(answer: Answer): Page {
  const url = links.safeParse(answer.body).data?.links?.next ?? null;
  // The cursor alone is taken: an address of somebody else's making would get our key.
  const base = 'https://a.klaviyo.com';
  const next = url !== null && URL.canParse(url, base) ? new URL(url, base).searchParams.get('page[cursor]') : null;
  return { resources: many(answer), next };
}

/** Every page of a list: Klaviyo gives 20 resources where nothing is said, and a cursor to the next ones. */
export async function everyPage(send: Transport, path: string): Promise<Resource[]> {
  const found: Resource[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < PAGES; page++) {
    const next: string = cursor === null ? '' : `?${new URLSearchParams({ 'page[cursor]': cursor }).toString()}`;
    const answer = await send('GET', path + next);
    const { resources, next: following } = onePage(answer);
    found.push(...resources);
    cursor = following;
    if (cursor === null) break;
  }
  return found;
}
