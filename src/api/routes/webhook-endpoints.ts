import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { redeliverFailed } from '../../database/merchants/redeliveries.js';
import {
  createEndpoint,
  createTestDelivery,
  deleteEndpoint,
  getEndpoint,
  listEndpoints,
  rotateSecret,
  updateEndpoint,
} from '../../database/merchants/webhook-endpoints.js';
import { EVENT_TYPES, TEST_EVENT } from '../../passes/event-type.js';
import { webhookReach, type Reach } from '../../merchants/safe-url.js';
import { newWebhookSecret } from '../../merchants/sign.js';
import type { Caller } from '../access/credentials.js';
import { none, tenantId } from '../parameters.js';
import { endpointView, presentEndpoint } from './present-webhook.js';
import { ApiError } from '../problems.js';
import { readJson } from '../requests/read-json.js';
import { checkHost, webhookUrl } from './webhook-address.js';
import { route, type ApiDeps, type Route } from '../route.js';

const endpointId = z.uuid().describe('Id of the endpoint');
const eventTypes = z
  .array(z.enum(EVENT_TYPES))
  .min(1)
  .transform((types) => [...new Set(types)]);
const forms = (reach: Reach) => {
  const url = webhookUrl(reach);
  return {
    created: z.strictObject({ url, eventTypes: eventTypes.optional().describe('Absent: all') }),
    changed: z.strictObject({ url: url.optional(), eventTypes: eventTypes.optional() }),
  };
};
/** Made once: their published form is kept by them. */
const FORMS = { public: forms('public'), development: forms('development') };
const { created, changed } = FORMS.public;
const rotated = z.strictObject({
  oldSecretValidHours: z.number().min(0).max(168).default(24).describe('Both secrets sign for this long'),
});
const warning = z.string().optional().describe('The DNS does not know the host: nothing arrives until it does');
const withWarning = endpointView.extend({ warning });
const withSecret = withWarning.extend({ secret: z.string().describe('Shown once: verify deliveries with it') });
const body = (schema: z.ZodType, description: string, example: object) => ({ schema, description, example });

const notFound = (): ApiError => new ApiError('not-found', 'No webhook endpoint with this id exists for this tenant.');

/** Endpoints of a merchant's own systems, their secrets, and a test of each. */
export const webhookEndpointRoutes = (deps: ApiDeps): Route[] => {
  const reachOf = (caller: Caller): Reach => webhookReach(caller.tenant.environment, deps.installation);
  const sqlOf = (caller: Caller) => deps.database.tenant(caller.tenant.tenantId);
  const one = { params: z.object({ tenantId, endpointId }), query: none };
  const path = '/api/:tenantId/webhook-endpoints/:endpointId';
  const answer = { description: 'The endpoint', schema: endpointView };
  return [
    route({
      method: 'POST',
      path: '/api/:tenantId/webhook-endpoints',
      scope: 'Tenant.Admin',
      summary: 'Register an endpoint; its secret is shown in this answer only',
      tag: 'Merchant systems',
      operationId: 'createEndpoint',
      params: z.object({ tenantId }),
      query: none,
      body: body(created, 'Where to and what of', {
        url: 'https://shop.example/webhooks',
        eventTypes: ['pass.updated'],
      }),
      answers: { 201: { description: 'The endpoint with its secret', schema: withSecret } },
      problems: ['conflict'],
      async handler(ctx, { caller }) {
        const reach = reachOf(caller);
        const given = await readJson(ctx, FORMS[reach].created);
        const warned = await checkHost(deps, given.url, reach);
        const secret = newWebhookSecret();
        const { tenantId, settings } = caller.tenant;
        const atMost = settings.webhookEndpoints;
        const row = await createEndpoint(
          sqlOf(caller),
          { tenantId, url: given.url, eventTypes: given.eventTypes ?? EVENT_TYPES, secret, atMost },
          deps.secretBox,
        );
        if (!row) {
          const message = `The tenant has ${atMost} webhook endpoints, as many as it may have. Delete one, or raise settings.webhookEndpoints in tenant.json.`;
          throw new ApiError('conflict', message);
        }
        ctx.status = 201;
        ctx.set('Location', `${deps.publicUrl}/api/${caller.tenant.tenantId}/webhook-endpoints/${row.endpoint_id}`);
        ctx.body = { ...presentEndpoint(row), ...warned, secret };
      },
    }),
    route({
      method: 'GET',
      path: '/api/:tenantId/webhook-endpoints',
      scope: 'Tenant.Admin',
      summary: 'Endpoints of the tenant',
      tag: 'Merchant systems',
      operationId: 'listEndpoints',
      params: z.object({ tenantId }),
      query: none,
      answers: { 200: { description: 'All of them', schema: z.object({ endpoints: z.array(endpointView) }) } },
      async handler(ctx, { caller }) {
        const rows = await listEndpoints(sqlOf(caller));
        ctx.body = { endpoints: rows.map(presentEndpoint) };
      },
    }),
    route({
      method: 'GET',
      path,
      scope: 'Tenant.Admin',
      summary: 'One endpoint: whether it is switched off, and why',
      tag: 'Merchant systems',
      operationId: 'getEndpoint',
      ...one,
      answers: { 200: answer },
      problems: ['not-found'],
      async handler(ctx, { params, caller }) {
        const row = await getEndpoint(sqlOf(caller), params.endpointId);
        if (!row) throw notFound();
        ctx.body = presentEndpoint(row);
      },
    }),
    route({
      method: 'PATCH',
      path,
      scope: 'Tenant.Admin',
      summary: 'Change the address or the event types',
      tag: 'Merchant systems',
      operationId: 'changeEndpoint',
      ...one,
      body: body(changed, 'What changes', { eventTypes: ['pass.updated', 'pass.voided'] }),
      answers: { 200: { ...answer, schema: withWarning } },
      problems: ['not-found'],
      async handler(ctx, { params, caller }) {
        const reach = reachOf(caller);
        const given = await readJson(ctx, FORMS[reach].changed);
        const warned = given.url === undefined ? {} : await checkHost(deps, given.url, reach);
        const row = await updateEndpoint(sqlOf(caller), params.endpointId, given);
        if (!row) throw notFound();
        ctx.body = { ...presentEndpoint(row), ...warned };
      },
    }),
    route({
      method: 'DELETE',
      path,
      scope: 'Tenant.Admin',
      summary: 'Delete an endpoint with its secrets and its log',
      tag: 'Merchant systems',
      operationId: 'deleteEndpoint',
      ...one,
      answers: { 204: { description: 'Deleted' } },
      problems: ['not-found'],
      async handler(ctx, { params, caller }) {
        if (!(await deleteEndpoint(sqlOf(caller), params.endpointId))) throw notFound();
        ctx.status = 204;
      },
    }),
    route({
      method: 'POST',
      path: `${path}/enable`,
      scope: 'Tenant.Admin',
      summary: 'Enable an endpoint again; events since then are in the stream',
      tag: 'Merchant systems',
      operationId: 'enableEndpoint',
      ...one,
      answers: { 200: answer },
      problems: ['not-found'],
      async handler(ctx, { params, caller }) {
        const row = await updateEndpoint(sqlOf(caller), params.endpointId, { enable: true });
        if (!row) throw notFound();
        ctx.body = presentEndpoint(row);
      },
    }),
    route({
      method: 'POST',
      path: `${path}/rotate`,
      scope: 'Tenant.Admin',
      summary: 'Make a new secret; the old one keeps signing beside it for a while',
      tag: 'Merchant systems',
      operationId: 'rotateEndpointSecret',
      ...one,
      body: body(rotated, 'How long both are valid', { oldSecretValidHours: 24 }),
      answers: {
        200: {
          description: 'The new secret, shown once',
          schema: z.object({ secret: z.string(), oldSecretValidUntil: z.iso.datetime() }),
        },
      },
      problems: ['not-found'],
      async handler(ctx, { params, caller }) {
        const { oldSecretValidHours } = await readJson(ctx, rotated);
        const tenant = caller.tenant.tenantId;
        const secret = newWebhookSecret();
        const oldUntil = new Date(deps.now() + oldSecretValidHours * 3_600_000);
        const rotation = { tenantId: tenant, endpointId: params.endpointId, secret, oldUntil };
        if (!(await rotateSecret(sqlOf(caller), rotation, deps.secretBox))) throw notFound();
        ctx.body = { secret, oldSecretValidUntil: oldUntil.toISOString() };
      },
    }),
    route({
      method: 'POST',
      path: `${path}/test`,
      scope: 'Tenant.Admin',
      summary: 'Send a test event to this endpoint alone',
      tag: 'Merchant systems',
      operationId: 'testEndpoint',
      ...one,
      answers: {
        202: { description: 'On its way', schema: z.object({ eventId: z.uuid(), deliveryId: z.uuid() }) },
      },
      problems: ['not-found'],
      async handler(ctx, { params, caller }) {
        const tenant = caller.tenant.tenantId;
        if (!(await getEndpoint(sqlOf(caller), params.endpointId))) throw notFound();
        const ids = { eventId: randomUUID(), deliveryId: randomUUID() };
        await createTestDelivery(sqlOf(caller), {
          tenantId: tenant,
          endpointId: params.endpointId,
          type: TEST_EVENT,
          ...ids,
        });
        ctx.status = 202;
        ctx.body = ids;
      },
    }),
    route({
      method: 'POST',
      path: `${path}/redeliver`,
      scope: 'Operation.Write',
      summary: 'Deliver everything again that this endpoint missed',
      tag: 'Merchant systems',
      operationId: 'redeliverToEndpoint',
      ...one,
      answers: { 202: { description: 'How many', schema: z.object({ redelivered: z.int() }) } },
      problems: ['not-found', 'conflict'],
      async handler(ctx, { params, caller }) {
        const row = await getEndpoint(sqlOf(caller), params.endpointId);
        if (!row) throw notFound();
        if (row.state === 'disabled') {
          throw new ApiError('conflict', 'This endpoint is switched off: switch it on first, by POST …/enable.');
        }
        ctx.status = 202;
        ctx.body = { redelivered: await redeliverFailed(sqlOf(caller), params.endpointId) };
      },
    }),
  ];
};
