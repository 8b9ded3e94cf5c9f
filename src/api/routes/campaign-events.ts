import { z } from 'zod';
import { authenticate } from '../access/authenticate.js';
import { describeStream, streamEvents, type OpenStreams } from '../event-stream.js';
import { none, tenantId } from '../parameters.js';
import { ApiError } from '../problems.js';
import { route, type ApiDeps, type Route } from '../route.js';
import { createCampaignWatch, isOver, WATCH_MS, type CampaignWatch } from './campaign-watch.js';
import { campaignId } from './campaigns.js';

const SCOPES = ['Operation.Read', 'Campaign.Write'] as const;

/** A campaign as it goes on, until it is over. */
export const campaignEventRoutes = (
  deps: ApiDeps,
  open: OpenStreams = new Map(),
  watch: CampaignWatch = createCampaignWatch(deps),
): Route[] => [
  route({
    method: 'GET',
    path: '/api/:tenantId/campaigns/:campaignId/events',
    scope: SCOPES[0],
    orScope: SCOPES[1],
    summary: 'Server-sent events: `campaign` at every change of its progress, `end` when it is over',
    tag: 'Campaigns',
    operationId: 'watchCampaign',
    params: z.object({ tenantId, campaignId }),
    query: none,
    ...describeStream('campaign', 'the campaign as GET answers it, about once a second'),
    problems: ['not-found'],
    async handler(ctx, { params, caller }) {
      const { tenantId: tenant } = caller.tenant;
      const look = (fresh = false) => watch(tenant, params.campaignId, fresh);
      const first = await look(true);
      if (!first) throw new ApiError('not-found', 'No campaign with this id exists for this tenant.');
      streamEvents(ctx, {
        tenantId: tenant,
        open,
        event: 'campaign',
        first,
        look: () => look(),
        check: async () => void (await authenticate(ctx, deps.credentials, SCOPES, tenant)),
        isOver,
        lookMs: WATCH_MS,
      });
    },
  }),
];
