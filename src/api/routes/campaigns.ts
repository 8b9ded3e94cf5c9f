import { z } from 'zod';
import {
  createCampaign,
  findCampaign,
  listCampaigns,
  moveCampaign,
  type CampaignCommand,
  type CampaignRow,
} from '../../database/campaigns/campaigns.js';
import type { Caller } from '../access/credentials.js';
import { headerKey } from '../accept-operation.js';
import { none, tenantId } from '../parameters.js';
import { ApiError } from '../problems.js';
import { checkCampaign, newCampaign } from '../requests/campaign.js';
import { readJson } from '../requests/read-json.js';
import { route, type ApiDeps, type Route } from '../route.js';
import { campaignDetail, campaignView, presentCampaign, presentCampaignDetail } from './present-campaign.js';

export const campaignId = z.uuid().describe('Id of the campaign, as answered when it was made');
const one = z.object({ tenantId, campaignId });

/** The campaign of the caller's tenant; throws `not-found`. */
export async function theirCampaign(deps: ApiDeps, caller: Caller, id: string): Promise<CampaignRow> {
  const row = await findCampaign(deps.database.tenant(caller.tenant.tenantId), id);
  if (!row) throw new ApiError('not-found', 'No campaign with this id exists for this tenant.');
  return row;
}

const COMMANDS: Readonly<Record<Exclude<CampaignCommand, 'uploaded'>, { summary: string; from: string }>> = {
  start: { summary: 'Start what the dry run showed', from: 'ready' },
  pause: { summary: 'Pause a running campaign: rows that have not begun are held back', from: 'running' },
  resume: { summary: 'Continue exactly where a pause stopped it', from: 'paused' },
  cancel: { summary: 'End a campaign permanently; what was sent stays', from: 'not over' },
};

/** Moves a campaign on, or says why that is not possible. */
export async function commandCampaign(
  deps: ApiDeps,
  caller: Caller,
  id: string,
  command: Exclude<CampaignCommand, 'uploaded'>,
): Promise<CampaignRow> {
  const moved = await moveCampaign(deps.database.tenant(caller.tenant.tenantId), id, command);
  if (moved && !moved.moved) {
    throw new ApiError(
      'conflict',
      `The campaign is ${moved.state}; "${command}" needs one that is ${COMMANDS[command].from}.`,
    );
  }
  deps.notifyAccepted();
  return theirCampaign(deps, caller, id);
}

/** One action for many passes: dry run, start, pause, progress. */
export const campaignRoutes = (deps: ApiDeps): Route[] => {
  const commands = Object.entries(COMMANDS) as [keyof typeof COMMANDS, (typeof COMMANDS)[keyof typeof COMMANDS]][];
  return [
    route({
      method: 'POST',
      path: '/api/:tenantId/campaigns',
      scope: 'Campaign.Write',
      summary: 'Make a campaign: its dry run begins; it sends after POST …/start, or at once with "confirm": true',
      tag: 'Campaigns',
      operationId: 'createCampaign',
      params: z.object({ tenantId }),
      query: none,
      headers: [{ name: 'Idempotency-Key', description: 'The same key and body again lead to the same campaign' }],
      body: {
        description: 'Audience, action and schedule',
        schema: newCampaign,
        example: {
          name: 'Double points in December',
          audience: { filter: { states: ['active'], installedOn: 'any' } },
          action: { type: 'update', fields: { points: 200 } },
          schedule: { perMinute: 600, hours: { from: '09:00', until: '20:00' } },
          holdoutPercent: 5,
        },
      },
      answers: { 202: { description: 'Made; Location leads to its dry run and progress', schema: campaignView } },
      problems: ['idempotency-key-reused'],
      async handler(ctx, { caller }) {
        const db = deps.database.tenant(caller.tenant.tenantId);
        const maker = { settings: caller.tenant.settings, test: caller.test, key: headerKey(ctx) };
        const campaign = await checkCampaign(db, maker, await readJson(ctx, newCampaign), new Date(deps.now()));
        if ((await createCampaign(db, campaign)) === 'conflict') {
          throw new ApiError(
            'idempotency-key-reused',
            'Another campaign was made under this idempotency key before. Use one key for each campaign.',
          );
        }
        deps.notifyAccepted();
        ctx.status = 202;
        ctx.set('Location', `${deps.publicUrl}/api/${db.tenantId}/campaigns/${campaign.campaignId}`);
        ctx.body = presentCampaign(await theirCampaign(deps, caller, campaign.campaignId));
      },
    }),
    route({
      method: 'GET',
      path: '/api/:tenantId/campaigns',
      scope: 'Operation.Read',
      orScope: 'Campaign.Write',
      summary: 'Campaigns, newest first',
      tag: 'Campaigns',
      operationId: 'listCampaigns',
      params: z.object({ tenantId }),
      query: z.object({
        cursor: z.uuid().optional().describe('`next` of the page before'),
        limit: z.coerce.number().int().min(1).max(200).default(50),
      }),
      answers: {
        200: {
          description: 'One page; `next` is null on the last one',
          schema: z.object({ campaigns: z.array(campaignView), next: z.uuid().nullable() }),
        },
      },
      async handler(ctx, { query, caller }) {
        const db = deps.database.tenant(caller.tenant.tenantId);
        const rows = await listCampaigns(db, query.limit + 1, query.cursor);
        const page = rows.slice(0, query.limit);
        const next = rows.length > query.limit ? page.at(-1)!.campaign_id : null;
        ctx.body = { campaigns: page.map(presentCampaign), next };
      },
    }),
    route({
      method: 'GET',
      path: '/api/:tenantId/campaigns/:campaignId',
      scope: 'Operation.Read',
      orScope: 'Campaign.Write',
      summary: 'One campaign with its dry run and its progress',
      tag: 'Campaigns',
      operationId: 'getCampaign',
      params: one,
      query: none,
      answers: { 200: { description: 'The campaign', schema: campaignDetail } },
      problems: ['not-found'],
      async handler(ctx, { params, caller }) {
        const row = await theirCampaign(deps, caller, params.campaignId);
        const db = deps.database.tenant(caller.tenant.tenantId);
        ctx.body = await presentCampaignDetail(db, row, {
          nowMs: deps.now(),
          zone: caller.tenant.settings.timeZone ?? 'UTC',
        });
      },
    }),
    ...commands.map(([command, { summary }]) =>
      route({
        method: 'POST',
        path: `/api/:tenantId/campaigns/:campaignId/${command}`,
        scope: 'Campaign.Write',
        summary,
        tag: 'Campaigns',
        operationId: `${command}Campaign`,
        params: one,
        query: none,
        answers: { 200: { description: 'The campaign as it is now', schema: campaignView } },
        problems: ['not-found', 'conflict'],
        async handler(ctx, { params, caller }) {
          ctx.body = presentCampaign(await commandCampaign(deps, caller, params.campaignId, command));
        },
      }),
    ),
  ];
};
