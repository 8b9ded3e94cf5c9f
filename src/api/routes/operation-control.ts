import { z } from 'zod';
import { findOperation } from '../../database/operations/operations.js';
import { requestCancellation } from '../../database/operations/cancellations.js';
import { retryOperation, STUCK_MINUTES } from '../../database/operations/retries.js';
import { FINAL_STATUSES, OPERATION_KINDS, OPERATION_STATUSES, OUTCOMES } from '../../passes/operation.js';
import type { RetryOperationsInput } from '../../passes/operation-input.js';
import { acceptOperation } from '../accept-operation.js';
import { correlationId, none, tenantId, time } from '../parameters.js';
import { ApiError } from '../problems.js';
import { readJson } from '../requests/read-json.js';
import { statusUrl } from '../status-url.js';
import { route, type ApiDeps, type Route } from '../route.js';
import { unknownOperation } from './operation-view.js';

const accepted = z.object({ correlationId: z.uuid(), statusUrl: z.url() });
const filter = z.strictObject({
  status: z
    .enum(OPERATION_STATUSES)
    .optional()
    .describe('`retrying`, `running` and `accepted` take what is in trouble or without a sign of life for ten minutes'),
  outcome: z.enum(OUTCOMES).optional(),
  kind: z.enum(OPERATION_KINDS).optional(),
  from: time.optional().describe('Accepted at this time or later'),
  to: time.optional().describe('Accepted before this time'),
});
const bulk = z.strictObject({
  filter: filter.refine(
    (given) => Object.values(given).some((value) => value !== undefined),
    'name at least one condition',
  ),
  perSecond: z.number().positive().max(100).default(10).describe('Pace'),
});

/** Retrying what failed and stopping what should not go on. */
export const operationControlRoutes = (deps: ApiDeps): Route[] => [
  route({
    method: 'POST',
    path: '/api/:tenantId/operations/retry',
    scope: 'Operation.Write',
    summary: 'Retry all operations that match: paced, as an operation of its own whose step shows the progress',
    tag: 'Operations',
    operationId: 'retryOperations',
    params: z.object({ tenantId }),
    query: none,
    headers: [{ name: 'Idempotency-Key', description: 'The same key and body again changes nothing' }],
    body: {
      description: 'Which ones: of what has ended, only what failed, was cancelled or was refused is taken',
      schema: bulk,
      example: { filter: { kind: 'push-update', outcome: 'pass-not-found' }, perSecond: 10 },
    },
    answers: { 202: { description: 'Accepted', schema: accepted } },
    problems: ['idempotency-key-reused'],
    async handler(ctx, { caller, correlationId: id }) {
      const given = await readJson(ctx, bulk);
      const conditions = Object.entries(given.filter).filter(([, value]) => value !== undefined);
      const input: RetryOperationsInput = { filter: Object.fromEntries(conditions), perSecond: given.perSecond };
      const { operationId } = await acceptOperation(deps, ctx, {
        caller,
        kind: 'retry-operations',
        origin: 'operator',
        correlationId: id,
        input,
        idempotencyKey: null,
      });
      ctx.status = 202;
      ctx.body = { correlationId: operationId, statusUrl: statusUrl(deps, caller.tenant.tenantId, operationId) };
    },
  }),
  route({
    method: 'POST',
    path: '/api/:tenantId/operations/:correlationId/retry',
    scope: 'Operation.Write',
    summary: 'Run a failed, refused or stuck operation again from where it failed',
    tag: 'Operations',
    operationId: 'retryOperation',
    params: z.object({ tenantId, correlationId }),
    query: none,
    answers: {
      202: { description: 'Accepted again, under its own correlation id', schema: accepted.extend({ run: z.int() }) },
    },
    problems: ['not-found', 'conflict'],
    async handler(ctx, { params, caller }) {
      const tenant = caller.tenant.tenantId;
      const sql = deps.database.tenant(tenant);
      const run = await retryOperation(sql, params.correlationId);
      if (run === undefined) {
        const row = await findOperation(sql, params.correlationId);
        if (!row) throw unknownOperation();
        if (row.forgotten_at !== null) {
          throw new ApiError(
            'conflict',
            'The contents of this operation were emptied, by the retention time of the tenant or by the erasure of a customer: there is nothing left to retry. Send the request again.',
          );
        }
        throw new ApiError(
          'conflict',
          FINAL_STATUSES.includes(row.status)
            ? `The operation has ended with "${row.outcome}": there is nothing to retry.`
            : `The operation is ${row.status}; it can be retried after ${STUCK_MINUTES} minutes without a sign of life, or cancelled.`,
        );
      }
      deps.notifyAccepted();
      ctx.status = 202;
      ctx.set('Location', statusUrl(deps, tenant, params.correlationId));
      ctx.body = {
        correlationId: params.correlationId,
        statusUrl: statusUrl(deps, tenant, params.correlationId),
        run,
      };
    },
  }),
  route({
    method: 'POST',
    path: '/api/:tenantId/operations/:correlationId/cancel',
    scope: 'Operation.Write',
    summary: 'Stop an operation; phones are still notified of what is already on the pass',
    tag: 'Operations',
    operationId: 'cancelOperation',
    params: z.object({ tenantId, correlationId }),
    query: none,
    answers: { 202: { description: 'Asked for; the status tells whether it came in time', schema: accepted } },
    problems: ['not-found', 'conflict'],
    async handler(ctx, { params, caller }) {
      const tenant = caller.tenant.tenantId;
      const status = await requestCancellation(deps.database.tenant(tenant), params.correlationId);
      if (status === undefined) throw unknownOperation();
      if (FINAL_STATUSES.includes(status))
        throw new ApiError('conflict', `The operation has already ended: ${status}.`);
      ctx.status = 202;
      ctx.body = { correlationId: params.correlationId, statusUrl: statusUrl(deps, tenant, params.correlationId) };
    },
  }),
];
