import { z } from 'zod';
import { findCustomer } from '../../database/customers/customers.js';
import { planMerge } from '../../database/customers/merge.js';
import type { MergeCustomersInput } from '../../passes/operation-input.js';
import { acceptOperation } from '../accept-operation.js';
import { none, plainText, tenantId } from '../parameters.js';
import { ApiError } from '../problems.js';
import { readJson } from '../requests/read-json.js';
import { statusUrl } from '../status-url.js';
import { route, type ApiDeps, type Route } from '../route.js';

const merge = z.strictObject({
  customerId: z.string().min(1).max(255).describe('Who is merged into the customer of the address: your id, or ours'),
  preview: z.boolean().default(false).describe('Only say what would happen'),
});

const plan = z.object({
  into: z.uuid().describe('Who stays'),
  from: z.uuid().describe('Who is merged into them'),
  identifiers: z.array(z.string()).describe('Kinds of identifier that move'),
  passes: z.array(z.uuid()).describe('Passes that move'),
  voided: z.array(z.uuid()).describe('Live passes beyond one of a type, by settings.mergeKeeps: these are voided'),
});

/** Two customers who are one person. */
export const mergeCustomerRoutes = (deps: ApiDeps): Route[] => [
  route({
    method: 'POST',
    path: '/api/:tenantId/customers/:customerId/merge',
    scope: 'Pass.Write',
    summary: 'Merge another customer into this one: identifiers, passes and history move',
    tag: 'Customers',
    operationId: 'mergeCustomers',
    params: z.object({ tenantId, customerId: plainText.describe('Who stays: your id of the customer, or ours') }),
    query: none,
    headers: [{ name: 'Idempotency-Key', description: 'The same key and body again changes nothing' }],
    body: {
      description: 'Who is merged into them',
      schema: merge,
      example: { customerId: 'C-1024', preview: true },
    },
    answers: {
      200: { description: 'The preview: nothing was changed', schema: plan },
      202: {
        description: 'Accepted; the preview of what follows',
        schema: plan.extend({ correlationId: z.uuid(), statusUrl: z.url() }),
      },
    },
    problems: ['not-found', 'conflict', 'idempotency-key-reused'],
    async handler(ctx, { params, caller, correlationId }) {
      const given = await readJson(ctx, merge);
      const { tenantId: tenant, settings } = caller.tenant;
      const sql = deps.database.tenant(tenant);
      const [into, from] = await Promise.all([
        findCustomer(sql, params.customerId),
        findCustomer(sql, given.customerId),
      ]);
      if (!into || !from) throw new ApiError('not-found', 'No customer with this id exists for this tenant.');
      const input: MergeCustomersInput = { into: into.customer_id, from: from.customer_id };
      const rule = { keeps: settings.mergeKeeps, allowSeveral: settings.allowSeveralPasses };
      const planned = await planMerge(sql, { ...input, ...rule });
      if (!planned) throw new ApiError('conflict', 'Both ids lead to one customer: there is nothing to merge.');
      const preview = { ...input, ...planned };
      if (given.preview) {
        ctx.body = preview;
        return;
      }
      const { operationId } = await acceptOperation(deps, ctx, {
        caller,
        kind: 'merge-customers',
        origin: 'operator',
        correlationId,
        input,
        idempotencyKey: null,
      });
      ctx.status = 202;
      ctx.body = {
        ...preview,
        correlationId: operationId,
        statusUrl: statusUrl(deps, tenant, operationId),
      };
    },
  }),
];
