import { createHash, randomUUID } from 'node:crypto';
import type Koa from 'koa';
import { z } from 'zod';
import { findTenantAccess } from '../../../database/tenants/api-keys.js';
import { insertOrFindOperation } from '../../../database/operations/operations.js';
import { getSecret, SECRET_NAMES } from '../../../database/secrets.js';
import { parseProfileSync } from '../../requests/index.js';
import { profileOfEvent } from '../../requests/system-webhook-profile.js';
import { verifySystemWebhook, type SystemWebhookEvent } from '../../requests/klaviyo-signature.js';
import { cleanJson } from '../../../common/clean-text.js';
import { isTest } from '../../../common/environment.js';
import { tenantSettings } from '../../../passes/tenant-settings.js';
import type { Caller, TenantAccess } from '../../access/credentials.js';
import { withinDeadline } from '../../deadline.js';
import { none, tenantId } from '../../parameters.js';
import { noteAccepted } from '../../metrics.js';
import { ApiError } from '../../problems.js';
import { readRawBody } from '../../requests/raw-body.js';
import { createThrottle, PROVIDER_CALLS_PER_ADDRESS } from '../../access/throttle.js';
import { openRoute, type ApiDeps, type Route } from '../../route.js';
import { toInput } from './profile-sync.js';

/** One answer for everything that is not right about the sender: an unknown tenant looks like a wrong signature. */
const refused = (): ApiError =>
  new ApiError('unauthenticated', 'The webhook is not signed with a secret of this tenant, or it is too old.');

async function readTenant(deps: ApiDeps, id: string): Promise<{ tenant: TenantAccess; secrets: string[] } | null> {
  const sql = deps.database.tenant(id);
  const names = [SECRET_NAMES.klaviyoWebhook, SECRET_NAMES.formerKlaviyoWebhook];
  // Secrets are looked for also where there is no tenant: both take as long.
  const [row, found] = await withinDeadline(
    Promise.all([
      findTenantAccess(deps.database.system, id),
      Promise.all(names.map((name) => getSecret(sql, name, deps.secretBox))),
    ]),
  );
  if (!row) return null;
  const { account_id: accountId, environment } = row;
  const settings = tenantSettings.parse(row.settings);
  return {
    tenant: { tenantId: id, accountId, environment, settings },
    secrets: found.flatMap((secret) => (secret ? [secret.toString('utf8')] : [])),
  };
}

/** The event's own id: sent again, alone or in another batch, it is the same event. Without an id nothing is the same. */
function keyOf({ externalId }: SystemWebhookEvent): string | null {
  if (externalId === '') return null;
  // Cut off, two long ids could become one, and an event would be lost.
  const id = externalId.length > 200 ? createHash('sha256').update(externalId).digest('hex') : externalId;
  return `klaviyo-event/${id}`;
}

/** Makes one event durable; `skipped` where it names nobody whom a sync could find. */
async function acceptEvent(
  deps: ApiDeps,
  { tenant, test }: Caller,
  event: SystemWebhookEvent,
): Promise<'new' | 'repeated' | 'skipped'> {
  const body = profileOfEvent(event.payload);
  const { defaultCountry, customIdentifiers } = tenant.settings;
  const parsed = body && parseProfileSync(body, { defaultCountry, custom: customIdentifiers });
  if (!parsed?.ok) return 'skipped';
  const { duplicate } = await withinDeadline(
    insertOrFindOperation(deps.database.tenant(tenant.tenantId), {
      kind: 'profile-sync',
      origin: 'klaviyo',
      test,
      idempotencyKey: keyOf(event),
      bodyHash: Buffer.alloc(32),
      input: toInput(parsed.command, tenant.settings),
      repairs: cleanJson(parsed.warnings.map((warning) => ({ type: 'warning', ...warning }))) as object[],
    }),
  );
  return duplicate ? 'repeated' : 'new';
}

/** Klaviyo's signed system webhooks, as a second way to profile-sync: several events in one request. */
export const systemWebhookRoutes = (
  deps: ApiDeps,
  calls = createThrottle(deps.now, PROVIDER_CALLS_PER_ADDRESS),
): Route[] => [
  openRoute({
    method: 'POST',
    path: '/api/:tenantId/webhooks/listeners/klaviyo/system',
    summary: 'Events of Klaviyo system webhooks; each becomes a profile-sync. Signed by Klaviyo, no key',
    tag: 'Klaviyo flows',
    operationId: 'receiveSystemWebhook',
    listener: 'system',
    params: z.object({ tenantId }),
    query: none,
    headers: [
      { name: 'Klaviyo-Webhook-Id', description: 'As in meta.klaviyo_webhook_id' },
      { name: 'Klaviyo-Signature', description: 'Hex HMAC-SHA256 over the raw body and the timestamp header' },
      { name: 'Klaviyo-Timestamp', description: 'Part of what is signed; the age is checked by meta.timestamp' },
    ],
    body: {
      description: "Klaviyo's envelope",
      schema: z.looseObject({ data: z.array(z.unknown()), meta: z.looseObject({}) }),
      example: {
        data: [
          {
            topic: 'event:klaviyo.subscribed_to_email_marketing',
            external_id: 'evt-1',
            payload: { data: { type: 'event', relationships: { profile: { data: { type: 'profile', id: '01H' } } } } },
          },
        ],
        meta: { timestamp: '2026-09-01T12:00:00Z', klaviyo_webhook_id: 'wh-1', klaviyo_account_id: 'ABC' },
      },
    },
    answers: {
      202: {
        description: 'Durable; `skipped` events name no profile',
        schema: z.object({ accepted: z.int(), skipped: z.int() }),
      },
    },
    problems: ['unauthenticated', 'listener-closed', 'rate-limited', 'unavailable'],
    async handler(ctx: Koa.Context, { params }) {
      calls.take(deps.clientAddress(ctx));
      const raw = await readRawBody(ctx.req);
      const known = await readTenant(deps, params.tenantId);
      const { secrets = [], tenant } = known ?? {};
      // Verified also for tenants that do not exist, with a secret that nobody has: both take as long.
      const verified = verifySystemWebhook(ctx.headers, raw, {
        secrets: secrets.length > 0 ? secrets : [randomUUID()],
        now: deps.now,
      });
      if (!verified.ok && verified.reason === 'malformed') throw new ApiError('malformed-body', verified.message);
      if (!verified.ok || !tenant || secrets.length === 0) throw refused();
      const caller: Caller = {
        via: 'key',
        id: `webhook:${verified.webhookId.slice(0, 100)}`,
        scopes: [],
        test: isTest(tenant.environment, { test: false }),
        tenant,
      };
      ctx.state['caller'] = caller;
      if (!tenant.settings.listeners.profileSync) {
        throw new ApiError('listener-closed', 'The listener profileSync of this tenant is closed.');
      }
      ctx.set(deps.rateLimiter.take(caller).headers);
      let accepted = 0;
      for (const event of verified.events) {
        const became = await acceptEvent(deps, caller, event);
        if (became !== 'skipped') accepted++;
        if (became === 'new') noteAccepted(ctx, { kind: 'profile-sync', test: caller.test });
      }
      if (accepted > 0) deps.notifyAccepted();
      ctx.status = 202;
      ctx.body = { accepted, skipped: verified.events.length - accepted };
    },
  }),
];
