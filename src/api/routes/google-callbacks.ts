import { z } from 'zod';
import { findPassBySerialNumber } from '../../database/passes/pass-lookup.js';
import { recordGoogleCallback } from '../../database/devices/google-callbacks.js';
import { getTenant } from '../../database/tenants/tenants.js';
import { TransientError } from '../../common/errors.js';
import { withinDeadline } from '../deadline.js';
import { createThrottle, PROVIDER_CALLS_PER_ADDRESS } from '../access/throttle.js';
import { answerEmpty } from '../empty-answer.js';
import { asksForPage } from '../page-response.js';
import { none, plainText, serialNumber, tenantId } from '../parameters.js';
import { ApiError } from '../problems.js';
import { readRawBody } from '../requests/raw-body.js';
import { openRoute, type ApiDeps, type Route } from '../route.js';
import { secretOf, type Speakers } from '../speakers.js';

const CALLBACK_LIMIT_BYTES = 16 * 1024;

const LINKS_PER_ADDRESS = 600;

/** Google's part of the API: callbacks of saves and deletions, and the way into the holder's wallet. */
export const googleRoutes = (
  deps: ApiDeps,
  speakers: Speakers,
  links = createThrottle(deps.now, LINKS_PER_ADDRESS),
  callbacks = createThrottle(deps.now, PROVIDER_CALLS_PER_ADDRESS),
): Route[] => [
  openRoute({
    method: 'POST',
    path: '/google/callbacks/:tenantId',
    summary: 'Google reports that a holder saved or removed a pass; signed by Google (ECv2SigningOnly)',
    hidden: true,
    params: z.object({ tenantId }),
    query: none,
    answers: { 200: { description: 'Taken, now or before' } },
    problems: ['not-found', 'invalid-request', 'malformed-body', 'rate-limited'],
    async handler(ctx, { params }) {
      callbacks.take(deps.clientAddress(ctx));
      const body = await readRawBody(ctx.req, CALLBACK_LIMIT_BYTES);
      const verdict = await deps.google.verifyCallback(params.tenantId, body).catch((cause: unknown) => {
        if (!(cause instanceof TransientError)) throw cause;
        throw new ApiError('unavailable', cause.message, { headers: { 'Retry-After': '30' }, cause });
      });
      if (!verdict.ok) {
        const code = verdict.code === 'malformed' ? 'malformed-body' : 'invalid-request';
        throw new ApiError(code, `${verdict.code}: ${verdict.message}`);
      }
      const { objectId, eventType, nonce } = verdict.event;
      if (!plainText.safeParse(objectId).success || !plainText.safeParse(nonce).success) {
        throw new ApiError('invalid-request', 'The object id or the nonce is not a text that can be stored.');
      }
      const recorded = await withinDeadline(
        recordGoogleCallback(deps.database.tenant(params.tenantId), {
          tenantId: params.tenantId,
          objectId,
          eventType,
          nonce,
        }),
      );
      if (recorded === 'unknown-object') throw new ApiError('not-found', 'This tenant has no such object.');
      if (recorded === 'event') deps.notifyAccepted();
      answerEmpty(ctx, 200);
    },
  }),
  openRoute({
    method: 'GET',
    path: '/p/:serialNumber/google',
    summary: 'The way into Google Wallet, to add the pass; the serial number is the secret',
    tag: 'Links and files',
    operationId: 'saveToGoogle',
    params: z.object({ serialNumber }),
    query: none,
    answers: { 302: { description: "Google's save link for this pass, in Location" } },
    problems: ['not-found', 'unavailable', 'rate-limited'],
    pagesToBrowsers: true,
    async handler(ctx, { params }) {
      const secrets = [secretOf.pass(params.serialNumber)];
      speakers.recall(ctx, secrets);
      links.take(deps.clientAddress(ctx));
      const { database } = deps;
      const pass = await withinDeadline(findPassBySerialNumber(database.system, params.serialNumber));
      if (pass && asksForPage(ctx)) {
        const tenant = await withinDeadline(getTenant(database.tenant(pass.tenant_id)));
        if (tenant) await speakers.speakFor(ctx, tenant, secrets);
      }
      const link = pass && pass.state !== 'deleted' ? await withinDeadline(deps.google.saveLink(pass)) : undefined;
      if (link === undefined) {
        throw new ApiError('not-found', 'No pass for Google Wallet with this serial number exists, or not yet.');
      }
      answerEmpty(ctx, 302);
      ctx.set('Location', link);
    },
  }),
];
