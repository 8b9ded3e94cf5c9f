import { z } from 'zod';
import { listDeviceResults } from '../../database/operations/device-results.js';
import { findSerialNumbers } from '../../database/passes/pass-lookup.js';
import { findOperation, listSteps } from '../../database/operations/operations.js';
import { FINAL_STATUSES } from '../../passes/operation.js';
import { authenticate } from '../access/authenticate.js';
import { streamEvents, type OpenStreams } from '../event-stream.js';
import { correlationId, none, tenantId } from '../parameters.js';
import { presentOperation } from './present-operation.js';
import { ApiError } from '../problems.js';
import { route, type ApiDeps, type Route } from '../route.js';

const SCOPE = 'Operation.Read';

/** An operation as it changes, until it ends. */
export const operationEventRoutes = (deps: ApiDeps, open: OpenStreams = new Map()): Route[] => [
  route({
    method: 'GET',
    path: '/api/:tenantId/operations/:correlationId/events',
    scope: SCOPE,
    summary: 'Server-sent events: `operation` at every change, `end` when it has ended',
    tag: 'Operations',
    operationId: 'watchOperation',
    params: z.object({ tenantId, correlationId }),
    query: none,
    headers: [
      { name: 'Last-Event-ID', description: 'Sent by a client that reconnects: a state it has seen is not sent again' },
    ],
    answers: {
      204: { description: 'The client has seen the end, by its Last-Event-ID: an EventSource stops now' },
      200: {
        description: 'A stream; the data of each event is the operation as GET answers it',
        schema: z.object({ event: z.enum(['operation', 'end']), data: z.string(), id: z.string() }),
        contentType: 'text/event-stream',
      },
    },
    problems: ['not-found'],
    async handler(ctx, { params, caller }) {
      const { tenantId: tenant } = caller.tenant;
      const sql = deps.database.tenant(tenant);
      const look = async () => {
        const row = await findOperation(sql, params.correlationId);
        if (!row) return undefined;
        const [steps, devices, serials] = await Promise.all([
          listSteps(sql, row.operation_id),
          listDeviceResults(sql, row.operation_id),
          findSerialNumbers(sql, row.pass_id ? [row.pass_id] : []),
        ]);
        return presentOperation(deps, row, serials, steps, devices);
      };
      const first = await look();
      if (!first) throw new ApiError('not-found', 'No operation with this correlation id exists for this tenant.');
      streamEvents(ctx, {
        tenantId: tenant,
        open,
        event: 'operation',
        first,
        look,
        check: async () => void (await authenticate(ctx, deps.credentials, [SCOPE], tenant)),
        isOver: ({ status }) => FINAL_STATUSES.includes(status),
      });
    },
  }),
];
