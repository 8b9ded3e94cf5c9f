import { z } from 'zod';
import { needingScopes } from './api-failures.js';
import { onePage } from './resources.js';
import type { Transport } from './transport.js';

/** One entry of Klaviyo's log of a custom object: a record that it checked and refused. */
export interface IngestionLog {
  id: string;
  at: Date;
  /** The record's own id; null where the entry names none. */
  recordId: string | null;
  errors: { code: string; message: string; property: string }[];
}

export interface IngestionLogPage {
  logs: IngestionLog[];
  next: string | null;
}

/** What to do where Klaviyo refuses this or the list of objects. */
export const LOGS_SCOPE = 'Klaviyo shows no ingestion logs to this key: give it custom-objects:read.';

const entry = z.looseObject({
  id: z.string(),
  attributes: z.looseObject({
    timestamp: z.coerce.date(),
    summary: z.string().default(''),
    errors: z
      .array(z.looseObject({ code: z.string(), message: z.string(), property: z.string() }))
      .nullish()
      .transform((errors) => errors ?? []),
  }),
  relationships: z
    .looseObject({ 'object-record': z.looseObject({ data: z.looseObject({ id: z.string() }).nullish() }).nullish() })
    .nullish(),
});

/** The record is named by `<object type>:::<record>`; the summary says it as well: "1 validation error for A3LD92". */
function recordOf({ relationships, attributes }: z.output<typeof entry>): string | null {
  const id = relationships?.['object-record']?.data?.id;
  if (id !== undefined) return id.includes(':::') ? id.slice(id.indexOf(':::') + 3) : id;
  return / for (\S+)$/.exec(attributes.summary)?.[1] ?? null;
}

export function ingestionLogCalls(send: Transport) {
  return {
    /** Up to 50 entries from `from` to before `until`, newest first. Klaviyo keeps them for 14 days. */
    async listIngestionLogs(
      objectTypeId: string,
      range: { from: Date; until: Date; cursor: string | null },
    ): Promise<IngestionLogPage> {
      const { from, until, cursor } = range;
      const conditions = [
        `greater-or-equal(timestamp,${from.toISOString()})`,
        `less-than(timestamp,${until.toISOString()})`,
        `equals(status,'error')`,
      ];
      const query = new URLSearchParams({
        filter: conditions.join(','),
        // Without it the entry may not name its record.
        include: 'object-record',
        ...(cursor !== null && { 'page[cursor]': cursor }),
      });
      const path = `/api/object-types/${encodeURIComponent(objectTypeId)}/object-ingestion-logs`;
      const answer = await needingScopes(LOGS_SCOPE, () => send('GET', `${path}?${query.toString()}`));
      const { resources, next } = onePage(answer);
      // An entry of a form that is not known must not keep the others from being read.
      const read = resources.flatMap((resource) => {
        const parsed = entry.safeParse(resource);
        return parsed.success ? [parsed.data] : [];
      });
      const logs = read.map((log) => ({
        id: log.id,
        at: log.attributes.timestamp,
        recordId: recordOf(log),
        errors: log.attributes.errors.map(({ code, message, property }) => ({ code, message, property })),
      }));
      return { logs, next };
    },
  };
}
