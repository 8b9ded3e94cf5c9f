import { z } from 'zod';
import { parsePushUpdate } from '../../requests/index.js';
import { createTenantReaders } from '../../../database/tenants/tenant-readers.js';
import type { PushUpdateInput } from '../../../passes/operation-input.js';
import { acceptOperation } from '../../accept-operation.js';
import { checkPassType } from '../../requests/check-pass-type.js';
import { deliveryBody, FLOW_ID_HEADER, IDEMPOTENCY_KEY_HEADER } from '../../requests/delivery-description.js';
import { answerEmpty } from '../../empty-answer.js';
import { none, tenantId } from '../../parameters.js';
import { PUSH_UPDATE } from '../../requests/push-update.js';
import { checkListener, readDelivery } from '../../requests/read-delivery.js';
import { route, type ApiDeps, type Route } from '../../route.js';

/** Change a pass from a Klaviyo flow: 200 without a body as soon as the request is durable. */
export const pushUpdateRoutes = (deps: ApiDeps, readers = createTenantReaders(deps.database, deps.now)): Route[] => [
  route({
    method: 'POST',
    path: '/api/:tenantId/webhooks/listeners/klaviyo/passes/pushUpdate',
    scope: 'KlaviyoListener.Write',
    summary: 'Change a pass: data, type and visuals',
    tag: 'Klaviyo flows',
    operationId: 'pushUpdate',
    listener: 'pushUpdate',
    params: z.object({ tenantId }),
    query: none,
    headers: [IDEMPOTENCY_KEY_HEADER, FLOW_ID_HEADER],
    body: deliveryBody(PUSH_UPDATE.schema, PUSH_UPDATE.example),
    answers: { 200: { description: 'Accepted and durable; X-Correlation-Id and Location lead to its status' } },
    problems: ['listener-closed', 'flow-not-allowed', 'idempotency-key-reused'],
    async handler(ctx, { caller, correlationId }) {
      checkListener(ctx, caller, 'pushUpdate');
      const { command, repairs } = await readDelivery(ctx, caller, (body, options) =>
        parsePushUpdate(body, options, { zone: caller.tenant.settings.timeZone ?? 'UTC', now: new Date(deps.now()) }),
      );
      const { idempotencyKey, offer, ...rest } = command;
      const input: PushUpdateInput = rest;
      if (input.passType !== null) await checkPassType(readers, caller.tenant.tenantId, input.passType, '/passType');
      const request = { caller, origin: 'klaviyo', correlationId, idempotencyKey, repairs } as const;
      await acceptOperation(
        deps,
        ctx,
        offer === null
          ? { ...request, kind: 'push-update', input }
          : { ...request, kind: 'start-offer', input: { identifiers: input.identifiers, terms: offer } },
      );
      answerEmpty(ctx, 200);
    },
  }),
];
