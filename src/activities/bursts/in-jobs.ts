import { PermanentError } from '../../common/errors.js';

/** What Klaviyo takes in one job of records, less room for the frame around them. */
export const MOST_RECORDS = 500;
export const RECORD_BYTES = 3_800_000;

/** What was refused alone, and why. */
export interface Refused<T> {
  item: T;
  error: PermanentError;
}

/** Codes of answers that refuse a request for its content. All others concern the account, not an item. */
const OF_CONTENT = new Set(['klaviyo-invalid', 'klaviyo-duplicate-profile', 'klaviyo-not-found']);
export const isOfContent = (error: unknown): error is PermanentError =>
  error instanceof PermanentError && OF_CONTENT.has(error.code);
/** After so many refusals the fault is not a single item's: dividing ten thousand to the end would use up the day's calls. */
const MOST_REFUSALS = 30;

/** How many parts a refused request is divided into. Records have few calls a minute: more parts need fewer rounds. */
const PARTS = { few: 2, many: 8 } as const;

/**
 * Sends many items in one request. A request that Klaviyo refuses for its content is divided until the refused item is alone.
 * `sent` and `refuse` record each answer at once: where the account's calls of a minute end before all is divided, the next
 * attempt must not begin with the same request.
 */
export async function sendInJobs<T, R>(
  items: readonly T[],
  send: (items: readonly T[]) => Promise<R>,
  sent: (items: readonly T[], answer: R) => Promise<void>,
  refuse: (refused: readonly Refused<T>[]) => Promise<void>,
  parts: keyof typeof PARTS = 'few',
): Promise<void> {
  let refusals = 0;
  const open: (readonly T[])[] = items.length > 0 ? [items] : [];
  for (let part = open.shift(); part !== undefined; part = open.shift()) {
    let answer: R;
    try {
      answer = await send(part);
    } catch (error) {
      if (!isOfContent(error)) throw error;
      refusals++;
      if (part.length === 1 || refusals > MOST_REFUSALS) await refuse(part.map((item) => ({ item, error })));
      else open.unshift(...divided(part, Math.ceil(part.length / PARTS[parts])));
      continue;
    }
    await sent(part, answer);
  }
}

const divided = <T>(part: readonly T[], size: number): (readonly T[])[] =>
  Array.from({ length: Math.ceil(part.length / size) }, (_, place) => part.slice(place * size, (place + 1) * size));

/** The longest beginning of a list that fits into one request; at least one item, even if that one is too large. */
export function fitting<T>(items: readonly T[], bodyOf: (item: T) => unknown, most: number, mostBytes: number): T[] {
  const taken: T[] = [];
  let bytes = 0;
  for (const item of items) {
    bytes += Buffer.byteLength(JSON.stringify(bodyOf(item))) + 1;
    if (taken.length > 0 && (taken.length === most || bytes > mostBytes)) break;
    taken.push(item);
  }
  return taken;
}
