import { z } from 'zod';
import { EVENT_RETENTION_DAYS, listEvents } from '../../database/merchants/events.js';
import { merchantEvent, presentEvent } from '../../merchants/events.js';
import { EVENT_TYPES } from '../../passes/event-type.js';
import { decodeCursor, encodeCursor } from '../cursor.js';
import { tenantId } from '../parameters.js';
import { ApiError } from '../problems.js';
import { route, type ApiDeps, type Route } from '../route.js';

/** The stream of events for merchants who cannot receive webhooks. */
export const eventRoutes = (deps: ApiDeps): Route[] => [
  route({
    method: 'GET',
    path: '/api/:tenantId/events',
    scope: 'Operation.Read',
    summary: `Events of the last ${EVENT_RETENTION_DAYS} days, oldest first: keep \`next\` and come back with it`,
    tag: 'Merchant systems',
    operationId: 'listEvents',
    params: z.object({ tenantId }),
    query: z.object({
      after: z.string().max(200).optional().describe('`next` of the answer before; absent: from the beginning'),
      types: z.string().max(300).optional().describe('Event types, separated by commas; absent: all'),
      limit: z.coerce.number().int().min(1).max(500).default(100),
    }),
    answers: {
      200: {
        description: 'Nothing that comes later is ever placed before `next`; `more` says whether to come back at once',
        schema: z.object({ events: z.array(merchantEvent), next: z.string(), more: z.boolean() }),
      },
    },
    async handler(ctx, { query, caller }) {
      const { tenantId: tenant } = caller.tenant;
      const types = query.types?.split(',').map((type) => type.trim()) ?? null;
      const unknown = types?.find((type) => !(EVENT_TYPES as readonly string[]).includes(type));
      if (unknown !== undefined) {
        throw new ApiError('invalid-parameter', `types: the event types are ${EVENT_TYPES.join(', ')}`, {
          errors: [{ parameter: 'types', message: 'names an unknown event type' }],
        });
      }
      const after = query.after === undefined ? '0' : decodeCursor(query.after);
      const rows = await listEvents(deps.database.tenant(tenant), { after, types, limit: query.limit + 1 });
      const page = rows.slice(0, query.limit);
      ctx.body = {
        events: page.map(presentEvent),
        next: encodeCursor(page.at(-1)?.position ?? after),
        more: rows.length > query.limit,
      };
    },
  }),
];
