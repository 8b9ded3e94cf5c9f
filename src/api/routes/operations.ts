import { z } from 'zod';
import { findCustomer } from '../../database/customers/customers.js';
import { findPassId, findSerialNumbers } from '../../database/passes/pass-lookup.js';
import { listOperations } from '../../database/operations/list-operations.js';
import { OPERATION_KINDS, OPERATION_STATUSES, OUTCOMES } from '../../passes/operation.js';
import { decodeCursor, encodeCursor } from '../cursor.js';
import { correlationId, none, plainText, tenantId, time } from '../parameters.js';
import { findOperationView, unknownOperation } from './operation-view.js';
import { operationSummary, operationView, presentSummary } from './present-operation.js';
import { route, type ApiDeps, type Route } from '../route.js';

/** Status of accepted requests, from the moment of acceptance and for good. */
export const operationRoutes = (deps: ApiDeps): Route[] => [
  route({
    method: 'GET',
    path: '/api/:tenantId/operations/:correlationId',
    scope: 'Operation.Read',
    summary: 'One operation with its steps and the result for each device',
    tag: 'Operations',
    operationId: 'getOperation',
    params: z.object({ tenantId, correlationId }),
    query: none,
    answers: { 200: { description: 'The operation', schema: operationView } },
    problems: ['not-found'],
    async handler(ctx, { params, caller }) {
      const found = await findOperationView(deps, caller.tenant.tenantId, params.correlationId);
      if (!found) throw unknownOperation();
      ctx.body = found;
    },
  }),
  route({
    method: 'GET',
    path: '/api/:tenantId/operations',
    scope: 'Operation.Read',
    summary: 'Operations, newest first, paged by cursor',
    tag: 'Operations',
    operationId: 'listOperations',
    params: z.object({ tenantId }),
    query: z.object({
      pass: plainText.optional().describe('Serial number or id of a pass'),
      customer: plainText.optional().describe('Your id of a customer, or ours'),
      status: z.enum(OPERATION_STATUSES).optional(),
      outcome: z.enum(OUTCOMES).optional(),
      kind: z.enum(OPERATION_KINDS).optional(),
      from: time.optional().describe('Accepted at this time or later'),
      to: time.optional().describe('Accepted before this time'),
      cursor: z.string().max(200).optional().describe('`next` of the page before'),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
    answers: {
      200: {
        description: 'One page; `next` is null on the last one',
        schema: z.object({ operations: z.array(operationSummary), next: z.string().nullable() }),
      },
    },
    async handler(ctx, { query, caller }) {
      const tenant = caller.tenant.tenantId;
      const sql = deps.database.tenant(tenant);
      const before = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
      const passId = query.pass === undefined ? undefined : await findPassId(sql, query.pass);
      const customer = query.customer === undefined ? undefined : await findCustomer(sql, query.customer);
      if ((query.pass !== undefined && passId === undefined) || (query.customer !== undefined && !customer)) {
        ctx.body = { operations: [], next: null };
        return;
      }
      const rows = await listOperations(sql, {
        ...(passId !== undefined && { passId }),
        ...(customer && { customerId: customer.customer_id }),
        ...(query.status && { status: query.status }),
        ...(query.outcome && { outcome: query.outcome }),
        ...(query.kind && { kind: query.kind }),
        ...(query.from && { from: query.from }),
        ...(query.to && { to: query.to }),
        ...(before !== undefined && { before }),
        limit: query.limit + 1,
      });
      const page = rows.slice(0, query.limit);
      const passIds = page.flatMap((row) => (row.pass_id ? [row.pass_id] : []));
      const serials = await findSerialNumbers(sql, [...new Set(passIds)]);
      ctx.body = {
        operations: page.map((row) => presentSummary(deps, row, serials)),
        next: rows.length > query.limit ? encodeCursor(page.at(-1)!.acceptance_sequence) : null,
      };
    },
  }),
];
