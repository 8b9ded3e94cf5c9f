import type Koa from 'koa';
import { z } from 'zod';
import { listOffers, type OfferRow } from '../../database/offers/offers.js';
import { createTenantReaders } from '../../database/tenants/tenant-readers.js';
import { acceptOperation } from '../accept-operation.js';
import { withinDeadline } from '../deadline.js';
import { none, serialNumber } from '../parameters.js';
import { checkPassType } from '../requests/check-pass-type.js';
import { deliveryBody, IDEMPOTENCY_KEY_HEADER } from '../requests/delivery-description.js';
import { OFFER, offerParser } from '../requests/offer-terms.js';
import { readDelivery } from '../requests/read-delivery.js';
import { route, type ApiDeps, type Route } from '../route.js';
import { statusUrl } from '../status-url.js';
import { endOnPass } from './end-on-pass.js';
import { undeletedPassBySerial } from './pass-by-serial.js';

const accepted = z.object({
  offerId: z.uuid().describe('Id of the offer and of the operation that made it'),
  operationId: z.uuid(),
  statusUrl: z.url(),
});
const offerView = z.object({
  offerId: z.uuid(),
  state: z.enum(['planned', 'active', 'ended']),
  passType: z.string().nullable().describe('Id of the pass type that the pass shows meanwhile'),
  fields: z.record(z.string(), z.unknown()),
  from: z.iso.datetime(),
  until: z.iso.datetime(),
  priority: z.int(),
  uses: z.int().nullable(),
  used: z.int(),
  google: z
    .object({ objectId: z.string(), state: z.enum(['begun', 'linked', 'refused', 'ended']) })
    .nullable()
    .describe('Its pass of its own at Google; `refused`: the card shows its values; null: the card shows it'),
  startedAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
  statusUrl: z.url(),
});

/** Offers that a list shows, newest first. */
const LISTED = 50;

/** Time-boxed offers on a pass: making one, their list, and ending one before its time. */
export function offerRoutes(deps: ApiDeps, readers = createTenantReaders(deps.database, deps.now)): Route[] {
  const present = (tenant: string, row: OfferRow): z.output<typeof offerView> => ({
    offerId: row.offer_id,
    state: row.state,
    passType: row.pass_type_id,
    fields: row.fields,
    from: row.starts_at.toISOString(),
    until: row.ends_at.toISOString(),
    priority: row.priority,
    uses: row.uses,
    used: row.used,
    google:
      row.google_object_id && row.google_state ? { objectId: row.google_object_id, state: row.google_state } : null,
    startedAt: row.started_at?.toISOString() ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
    statusUrl: statusUrl(deps, tenant, row.offer_id),
  });

  const answer = (ctx: Koa.Context, tenant: string, offerId: string, operationId = offerId): void => {
    ctx.status = 202;
    ctx.body = { offerId, operationId, statusUrl: statusUrl(deps, tenant, operationId) };
  };
  const ofPass = '/v1/passes/:serialNumber/offers';

  return [
    route({
      method: 'POST',
      path: ofPass,
      scope: 'Pass.Write',
      summary: 'Lay a time-boxed offer over a pass: it begins and ends by itself',
      tag: 'Messages and offers',
      operationId: 'layOffer',
      params: z.object({ serialNumber }),
      query: none,
      headers: [IDEMPOTENCY_KEY_HEADER],
      body: deliveryBody(OFFER.schema, OFFER.example),
      answers: { 202: { description: 'Accepted and durable; the status says when it appears', schema: accepted } },
      problems: ['not-found', 'idempotency-key-reused'],
      async handler(ctx, { params, caller, correlationId }) {
        const { tenantId: tenant, settings } = caller.tenant;
        const pass = await undeletedPassBySerial(deps, caller, params.serialNumber);
        const parse = offerParser({ zone: settings.timeZone ?? 'UTC', now: new Date(deps.now()) });
        const { command, repairs } = await readDelivery(ctx, caller, parse);
        const { terms, idempotencyKey } = command;
        if (terms.passType !== null) await checkPassType(readers, tenant, terms.passType, '/passType');
        const { operationId } = await acceptOperation(deps, ctx, {
          caller,
          kind: 'start-offer',
          origin: 'api',
          correlationId,
          input: {
            passId: pass.pass_id,
            identifiers: [{ kind: 'serialNumber', value: pass.serial_number }],
            terms,
          },
          idempotencyKey,
          repairs,
        });
        answer(ctx, tenant, operationId);
      },
    }),
    route({
      method: 'GET',
      path: ofPass,
      scope: 'Pass.Read',
      summary: `The last ${LISTED} offers of a pass, newest first`,
      tag: 'Messages and offers',
      operationId: 'listOffers',
      params: z.object({ serialNumber }),
      query: none,
      answers: { 200: { description: 'The offers', schema: z.object({ offers: z.array(offerView) }) } },
      problems: ['not-found'],
      async handler(ctx, { params, caller }) {
        const { tenantId: tenant } = caller.tenant;
        const pass = await undeletedPassBySerial(deps, caller, params.serialNumber);
        const rows = await withinDeadline(listOffers(deps.database.tenant(tenant), pass.pass_id, LISTED));
        ctx.body = { offers: rows.map((row) => present(tenant, row)) };
      },
    }),
    route({
      method: 'DELETE',
      path: `${ofPass}/:offerId`,
      scope: 'Pass.Write',
      summary: 'End an offer before its time; what lies beneath shows again',
      tag: 'Messages and offers',
      operationId: 'endOffer',
      params: z.object({ serialNumber, offerId: z.uuid().toLowerCase() }),
      query: none,
      answers: { 202: { description: 'Accepted; the status says when it is gone', schema: accepted } },
      problems: ['not-found', 'conflict', 'idempotency-key-reused'],
      async handler(ctx, { params, caller, correlationId }) {
        const { tenantId: tenant } = caller.tenant;
        const pass = await undeletedPassBySerial(deps, caller, params.serialNumber);
        const request = { caller, correlationId, pass };
        const operationId = await endOnPass(deps, ctx, 'offer', params.offerId, request);
        answer(ctx, tenant, params.offerId, operationId);
      },
    }),
  ];
}
