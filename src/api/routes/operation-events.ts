import { z } from 'zod';
import { FINAL_STATUSES } from '../../passes/operation.js';
import { authenticate } from '../access/authenticate.js';
import { describeStream, streamEvents, type OpenStreams } from '../event-stream.js';
import { correlationId, none, tenantId } from '../parameters.js';
import { route, type ApiDeps, type Route } from '../route.js';
import { findOperationView, unknownOperation } from './operation-view.js';

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
    ...describeStream('operation', 'the operation as GET answers it'),
    problems: ['not-found'],
    async handler(ctx, { params, caller }) {
      const { tenantId: tenant } = caller.tenant;
      const look = () => findOperationView(deps, tenant, params.correlationId);
      const first = await look();
      if (!first) throw unknownOperation();
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
