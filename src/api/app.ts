import { randomUUID } from 'node:crypto';
import Router from '@koa/router';
import Koa from 'koa';
import type { z } from 'zod';
import { inWords, readAs } from '../common/explain-issue.js';
import { ATTRIBUTES } from '../tracing/attributes.js';
import { describeSpan } from '../tracing/spans.js';
import { authenticate } from './access/authenticate.js';
import { countRequests } from './metrics.js';
import { asksForPage, forPeople, protect } from './page-response.js';
import { ApiError, answerProblems } from './problems.js';
import type { Scope } from '../common/scopes.js';
import type { OpenStreams } from './event-stream.js';
import type { ApiDeps, Route } from './route.js';
import { createSpeakers } from './speakers.js';
import { traceRequests } from './trace-requests.js';
import { appleDeviceRoutes } from './routes/apple-devices.js';
import { applePassRoutes } from './routes/apple-passes.js';
import { frontRoutes } from './routes/front.js';
import { googleRoutes } from './routes/google-callbacks.js';
import { campaignEventRoutes } from './routes/campaign-events.js';
import { createCampaignWatch } from './routes/campaign-watch.js';
import { campaignRoutes } from './routes/campaigns.js';
import { campaignSampleRoutes } from './routes/campaign-samples.js';
import { createUploads } from './routes/campaign-uploads.js';
import { campaignRowRoutes } from './routes/campaign-rows.js';
import { customerRoutes } from './routes/customers.js';
import { mergeCustomerRoutes } from './routes/merge-customers.js';
import { deliveryRoutes } from './routes/deliveries.js';
import { eventRoutes } from './routes/events.js';
import { healthRoutes } from './routes/health.js';
import { issuePassRoutes } from './routes/issue-pass.js';
import { profileSyncRoutes } from './routes/klaviyo/profile-sync.js';
import { pushUpdateRoutes } from './routes/klaviyo/push-update.js';
import { systemWebhookRoutes } from './routes/klaviyo/system-webhook.js';
import { noteRefusal } from './refusals/note-refusal.js';
import { linkDiagnosisRoutes } from './links/link-diagnosis-routes.js';
import { linkRoutes } from './links/routes.js';
import { operationEventRoutes } from './routes/operation-events.js';
import { operationControlRoutes } from './routes/operation-control.js';
import { operationRoutes } from './routes/operations.js';
import { passLifecycleRoutes } from './routes/pass-lifecycle.js';
import { passPageRoutes } from './links/pass-page-routes.js';
import { designPreviewRoutes } from './operator/design-preview-routes.js';
import { operatorRoutes } from './operator/routes.js';
import { passTemplateRoutes } from './routes/pass-templates.js';
import { passDiagnosisRoutes } from './routes/pass-diagnosis.js';
import { passRoutes } from './routes/passes.js';
import { offerRoutes } from './routes/offers.js';
import { messageRoutes } from './routes/messages.js';
import { updatePassRoutes } from './routes/update-pass.js';
import { webhookEndpointRoutes } from './routes/webhook-endpoints.js';
import { descriptionRoutes } from './routes/description.js';

const ADDRESS = { whole: 'the address', page: '/docs' };

/** Every route of the API; the description at /openapi.json is made from the same list. */
export function listRoutes(deps: ApiDeps): Route[] {
  const open: OpenStreams = new Map();
  const watch = createCampaignWatch(deps);
  const takeFile = createUploads(deps);
  const speakers = createSpeakers(deps);
  const routes = [
    ...pushUpdateRoutes(deps),
    ...systemWebhookRoutes(deps),
    ...profileSyncRoutes(deps),
    ...operationControlRoutes(deps),
    ...operationEventRoutes(deps, open),
    ...customerRoutes(deps),
    ...mergeCustomerRoutes(deps),
    ...operationRoutes(deps),
    ...campaignRoutes(deps),
    ...campaignEventRoutes(deps, open, watch),
    ...campaignRowRoutes(deps, takeFile),
    ...campaignSampleRoutes(deps),
    ...webhookEndpointRoutes(deps),
    ...deliveryRoutes(deps),
    ...eventRoutes(deps),
    ...passRoutes(deps),
    ...passDiagnosisRoutes(deps),
    ...passLifecycleRoutes(deps),
    ...issuePassRoutes(deps),
    ...updatePassRoutes(deps),
    ...messageRoutes(deps),
    ...offerRoutes(deps),
    ...passTemplateRoutes(deps),
    ...appleDeviceRoutes(deps),
    ...applePassRoutes(deps, speakers),
    ...googleRoutes(deps, speakers),
    ...frontRoutes(deps),
    ...healthRoutes(deps),
    ...operatorRoutes(deps, { open, watch, takeFile }),
    ...designPreviewRoutes(deps),
    ...linkDiagnosisRoutes(deps),
    ...passPageRoutes(deps, speakers),
    ...linkRoutes(deps, speakers),
  ];
  return [...routes, ...descriptionRoutes(deps, routes)];
}

/** The HTTP application: middleware in the order in which a request meets it, then the routes. */
export function createApp(deps: ApiDeps): Koa {
  const app = new Koa();
  app.silent = true;
  app.on('error', (err: unknown) => deps.log.warn({ err }, 'response failed'));
  const router = new Router();
  for (const route of listRoutes(deps)) router.register(route.path, [route.method], serve(deps, route));
  app.use(traceRequests);
  if (deps.metrics) app.use(countRequests(deps.metrics));
  app.use(prepare(deps));
  app.use(answerProblems(deps));
  app.use(boundQuery);
  app.use(router.routes());
  app.use(answerUnrouted(deps));
  return app;
}

/** Gives each request its correlation id, and each answer the headers that are safe for all. */
const prepare =
  (deps: ApiDeps): Koa.Middleware =>
  (ctx, next) => {
    const correlationId = randomUUID();
    ctx.state['correlationId'] = correlationId;
    ctx.set({
      'X-Correlation-Id': correlationId,
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
    });
    // A balancer keeps connections open: each is given back with its next answer, not cut off later.
    if (deps.isStopping?.()) ctx.set('Connection', 'close');
    return next();
  };

const MOST_PARAMETERS = 100;

/** Koa looks through the whole query once for each name in it: a thousand names take long. */
const boundQuery: Koa.Middleware = (ctx, next) => {
  if (ctx.querystring.split('&', MOST_PARAMETERS + 1).length > MOST_PARAMETERS) {
    throw new ApiError('invalid-parameter', `The query has more than ${MOST_PARAMETERS} parameters. Send fewer.`);
  }
  return next();
};

const scopesOf = ({ scope, orScope }: Route): Scope[] => [scope, orScope].filter((one): one is Scope => one != null);

/**
 * Programs are told of a misspelt parameter, which would otherwise ask for everything. Flows and pages are not: trackers add
 * parameters to their addresses, and wallets write theirs.
 */
const isOfPrograms = ({ scope, hidden, listener, readers }: Route): boolean =>
  scope !== null && !hidden && !listener && !readers;

/** Authentication, throttling and parameters of one route, then its handler. */
function serve(deps: ApiDeps, route: Route): Koa.Middleware {
  const wantedQuery = isOfPrograms(route) ? route.query.strict() : route.query;
  const handle = async (ctx: Koa.Context): Promise<void> => {
    const given = (ctx as unknown as { params: Record<string, string> }).params;
    const caller =
      route.scope === null
        ? null
        : await authenticate(ctx, deps.credentials, scopesOf(route), given['tenantId'] ?? null);
    if (caller) describeSpan({ [ATTRIBUTES.tenant]: caller.tenant.tenantId });
    if (caller) ctx.set(deps.rateLimiter.take(caller).headers);
    const answer = async (): Promise<void> => {
      const params = check(route.params, given);
      const query = check(wantedQuery, ctx.query);
      await route.handler(ctx, { params, query, caller, correlationId: ctx.state['correlationId'] as string });
    };
    const readers = route.pagesToBrowsers && asksForPage(ctx) ? 'customer' : route.readers;
    if (route.pagesToBrowsers) protect(ctx, deps);
    await (readers ? forPeople(deps, answer, { for: readers })(ctx) : answer());
  };
  return async (ctx) => {
    ctx.state['route'] = route.path;
    if (!route.listener) return handle(ctx);
    const { tenantId } = (ctx as unknown as { params: { tenantId?: string } }).params;
    const delivery = { listener: route.listener, tenantId };
    await handle(ctx).catch((error: unknown) => {
      noteRefusal(deps, ctx, delivery, error);
      throw error;
    });
  };
}

function check(schema: z.ZodObject, given: object): Record<string, unknown> {
  const read = readAs(schema, given, ADDRESS);
  if ('value' in read) return read.value;
  const errors = read.problems.map(({ path, message, cure }) => ({
    parameter: path.slice(1).replaceAll('/', '.'),
    message,
    cure,
  }));
  throw new ApiError('invalid-parameter', errors.map(inWords).join(' '), { errors });
}

/** Where flows call, whatever is misspelt after it. */
const LISTENERS = /^\/api\/([a-z0-9][a-z0-9-]{0,62})\/webhooks\//;

/** What no route took: OPTIONS and wrong methods of known addresses, and unknown addresses. A browser gets a page. */
function answerUnrouted(deps: ApiDeps): Koa.Middleware {
  const answer = async (ctx: Koa.Context): Promise<void> => {
    const matched = (ctx as unknown as { matched?: { methods: string[] }[] }).matched ?? [];
    if (matched.length === 0) throw new ApiError('not-found', 'There is nothing at this address.');
    const allow = [...new Set([...matched.flatMap((layer) => layer.methods), 'OPTIONS'])].join(', ');
    if (ctx.method !== 'OPTIONS') {
      const taken = allow.split(', ').filter((method) => method !== 'OPTIONS' && method !== 'HEAD');
      const said = `This address takes ${taken.join(', ')}, and not ${ctx.method}.`;
      throw new ApiError('method-not-allowed', said, { headers: { Allow: allow } });
    }
    ctx.set('Allow', allow);
    ctx.status = 204;
  };
  return (ctx) => {
    const [, tenantId] = LISTENERS.exec(ctx.path) ?? [];
    const readers = { for: /^\/ops(\/|$)/.test(ctx.path) ? 'operator' : 'customer' } as const;
    if (asksForPage(ctx)) return forPeople(deps, answer, readers)(ctx);
    return answer(ctx).catch((error: unknown) => {
      if (tenantId !== undefined) noteRefusal(deps, ctx, { listener: 'address', tenantId }, error);
      throw error;
    });
  };
}
