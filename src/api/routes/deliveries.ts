import { z } from 'zod';
import { listDeliveries } from '../../database/merchants/delivery-log.js';
import { redeliver } from '../../database/merchants/redeliveries.js';
import { decodeDeliveryCursor, encodeDeliveryCursor } from '../cursor.js';
import { answerEmpty } from '../empty-answer.js';
import { none, tenantId } from '../parameters.js';
import { DELIVERY_STATUSES, deliveryView, presentDelivery } from './present-webhook.js';
import { ApiError } from '../problems.js';
import { route, type ApiDeps, type Route } from '../route.js';

/** The log of deliveries to a merchant's endpoints, and sending one of them again. */
export const deliveryRoutes = (deps: ApiDeps): Route[] => [
  route({
    method: 'GET',
    path: '/api/:tenantId/deliveries',
    scope: 'Operation.Read',
    summary: 'Deliveries with their attempts, newest first, paged by cursor',
    tag: 'Merchant systems',
    operationId: 'listDeliveries',
    params: z.object({ tenantId }),
    query: z.object({
      endpoint: z.uuid().optional().describe('Id of an endpoint'),
      status: z.enum(DELIVERY_STATUSES).optional(),
      cursor: z.string().max(200).optional().describe('`next` of the page before'),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
    answers: {
      200: {
        description: 'One page; `next` is null on the last one',
        schema: z.object({ deliveries: z.array(deliveryView), next: z.string().nullable() }),
      },
    },
    async handler(ctx, { query, caller }) {
      const { tenantId: tenant } = caller.tenant;
      const rows = await listDeliveries(deps.database.tenant(tenant), {
        ...(query.endpoint !== undefined && { endpointId: query.endpoint }),
        ...(query.status !== undefined && { status: query.status }),
        ...(query.cursor !== undefined && { before: decodeDeliveryCursor(query.cursor) }),
        limit: query.limit + 1,
      });
      const page = rows.slice(0, query.limit);
      const last = page.at(-1);
      ctx.body = {
        deliveries: page.map(presentDelivery),
        next: rows.length > query.limit ? encodeDeliveryCursor(last!.created_at, last!.delivery_id) : null,
      };
    },
  }),
  route({
    method: 'POST',
    path: '/api/:tenantId/deliveries/:deliveryId/redeliver',
    scope: 'Operation.Write',
    summary: 'Deliver one event again under the same webhook-id, from the start of the schedule',
    tag: 'Merchant systems',
    operationId: 'redeliver',
    params: z.object({ tenantId, deliveryId: z.uuid() }),
    query: none,
    answers: { 202: { description: 'On its way again' } },
    problems: ['not-found', 'conflict'],
    async handler(ctx, { params, caller }) {
      const { tenantId: tenant } = caller.tenant;
      const became = await redeliver(deps.database.tenant(tenant), params.deliveryId);
      if (became === 'endpoint-off') {
        throw new ApiError('conflict', 'The endpoint of this delivery is switched off: switch it on first.');
      }
      if (became === 'under-way') {
        throw new ApiError('conflict', 'This delivery is under way: its attempt comes by itself within seconds.');
      }
      if (became === 'unknown') throw new ApiError('not-found', 'No delivery with this id exists for this tenant.');
      answerEmpty(ctx, 202);
    },
  }),
];
