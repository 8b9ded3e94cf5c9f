import { z } from 'zod';
import { NO_IDENTIFIER, parseProfileSync, type ProfileSyncCommand } from '../../requests/profile-sync.js';
import type { ProfileSyncInput } from '../../../passes/operation-input.js';
import type { TenantSettings } from '../../../passes/tenant-settings.js';
import { acceptOperation } from '../../accept-operation.js';
import { deliveryBody, FLOW_ID_HEADER, IDEMPOTENCY_KEY_HEADER } from '../../requests/delivery-description.js';
import { PROFILE_SYNC } from '../../requests/profile-sync.js';
import { none, tenantId } from '../../parameters.js';
import { checkListener, readDelivery, refusal } from '../../requests/read-delivery.js';
import { statusUrl } from '../../status-url.js';
import { route, type ApiDeps, type Route } from '../../route.js';

/** The operation's input. An external id is the merchant's customer id, unless the tenant keeps serial numbers there. */
export function toInput(command: ProfileSyncCommand, settings: TenantSettings): ProfileSyncInput {
  const kindOfExternalId = settings.klaviyo.externalId === 'serialNumber' ? 'serialNumber' : 'customerId';
  const identifiers = command.identifiers.map(({ kind, value }) => ({
    kind: kind === 'externalId' ? kindOfExternalId : kind,
    value,
  }));
  const { profileId, attributes, properties, consent, version } = command;
  const distinct = identifiers.filter((one, index) => identifiers.findIndex(({ kind }) => kind === one.kind) === index);
  return { identifiers: distinct, klaviyoProfileId: profileId, attributes, properties, consent, version };
}

/** A profile changed in Klaviyo: 202 as soon as the request is durable. */
export const profileSyncRoutes = (deps: ApiDeps): Route[] => [
  route({
    method: 'POST',
    path: '/api/:tenantId/webhooks/listeners/klaviyo/profiles/sync',
    scope: 'KlaviyoListener.Write',
    summary: 'Carry a changed profile to the customer, every pass and the merchant',
    tag: 'Klaviyo flows',
    operationId: 'syncProfile',
    listener: 'profileSync',
    params: z.object({ tenantId }),
    query: none,
    headers: [IDEMPOTENCY_KEY_HEADER, FLOW_ID_HEADER],
    body: deliveryBody(PROFILE_SYNC.schema, PROFILE_SYNC.example),
    answers: {
      202: {
        description: 'Accepted and durable',
        schema: z.object({ correlationId: z.uuid(), statusUrl: z.url() }),
      },
    },
    problems: ['listener-closed', 'flow-not-allowed', 'identifier-missing', 'idempotency-key-reused'],
    async handler(ctx, { caller, correlationId }) {
      checkListener(ctx, caller, 'profileSync');
      const { command, repairs } = await readDelivery(ctx, caller, (delivery, options) => {
        const parsed = parseProfileSync(delivery, options);
        const nobody = parsed.ok ? undefined : parsed.problems.find(({ message }) => message === NO_IDENTIFIER);
        if (parsed.ok || !nobody) return parsed;
        throw refusal('identifier-missing', delivery, { problems: [nobody], warnings: parsed.warnings });
      });
      const { operationId } = await acceptOperation(deps, ctx, {
        caller,
        kind: 'profile-sync',
        origin: command.origin,
        correlationId,
        input: toInput(command, caller.tenant.settings),
        idempotencyKey: command.idempotencyKey,
        repairs,
      });
      ctx.status = 202;
      ctx.body = {
        correlationId: operationId,
        statusUrl: statusUrl(deps, caller.tenant.tenantId, operationId),
      };
    },
  }),
];
