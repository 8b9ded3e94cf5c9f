import type Koa from 'koa';
import { createCampaign, findCampaign, listCampaigns } from '../../database/campaigns/campaigns.js';
import { listPassTypes } from '../../database/tenants/pass-types.js';
import { campaignPage, campaignProgress, campaignsPage } from '../../pages/campaign-pages.js';
import { streamEvents, type OpenStreams } from '../event-stream.js';
import { sendPage, redirect } from '../page-response.js';
import { ApiError } from '../problems.js';
import { checkCampaign, newCampaign } from '../requests/campaign.js';
import { checkJson } from '../requests/read-json.js';
import type { ApiDeps, Route } from '../route.js';
import { sampleCampaign } from '../routes/campaign-samples.js';
import { commandCampaign } from '../routes/campaigns.js';
import { isOver, WATCH_MS, type CampaignWatch } from '../routes/campaign-watch.js';
import { presentCampaign } from '../routes/present-campaign.js';
import type { Form, Handle, Inside } from './inside.js';
import { demand, mays } from './operator-rights.js';
import type { OperatorSession, OperatorSessions } from './operator-session.js';
import {
  COMMANDS,
  LABELS,
  presentCampaignLine,
  presentCampaignPage,
  type Command,
  type Detail,
} from './present-campaign-page.js';

const LISTED = 50;

/** What the streams of all pages share. */
export interface CampaignStreams {
  open: OpenStreams;
  watch: CampaignWatch;
}
/** A value of the form in the type that it looks like; the pass type's field has the last word. */
const fieldValue = (text: string): string | number => (/^-?\d{1,15}$/.test(text) ? Number(text) : text);

/** The form of a new campaign as the body of the API's call. */
function bodyOf(form: Form): object {
  const { passType, installedOn, action, message, field = '', value = '', perMinute } = form;
  return {
    name: form['name'],
    audience: { filter: { ...(passType && { passTypes: [passType] }), ...(installedOn && { installedOn }) } },
    action:
      action === 'update'
        ? { type: 'update', fields: { [field]: fieldValue(value) } }
        : { type: 'message', message: { message } },
    schedule: perMinute ? { perMinute: Number(perMinute) } : {},
    holdoutPercent: Number(form['holdoutPercent'] || 0),
  };
}

/** The pages of campaigns: list, new one with its dry run, progress, pause. */
export function campaignPages(
  deps: ApiDeps,
  inside: Inside,
  { sessions, streams }: { sessions: OperatorSessions; streams: CampaignStreams },
): Route[] {
  const list: Handle = async (ctx, session) => {
    const db = deps.database.tenant(session.tenant.tenantId);
    const [rows, types] = await Promise.all([listCampaigns(db, LISTED), listPassTypes(db)]);
    const view = {
      lines: rows.map((row) => presentCampaignLine(presentCampaign(row))),
      passTypes: types.map(({ design }) => design.name),
      canMake: mays(session, 'Campaign.Write'),
    };
    sendPage(ctx, deps, campaignsPage(session.frame, view));
  };

  const make: Handle = async (ctx, session) => {
    demand(session, 'Campaign.Write');
    const { tenantId } = session.tenant;
    const parsed = checkJson(bodyOf(ctx.state['form'] as Form), newCampaign);
    const db = deps.database.tenant(tenantId);
    const now = new Date(deps.now());
    const { settings } = session.tenant;
    const campaign = await checkCampaign(db, { settings, test: session.caller.test, key: null }, parsed, now);
    await createCampaign(db, campaign);
    deps.notifyAccepted();
    redirect(ctx, `/ops/${tenantId}/campaigns/${campaign.campaignId}`);
  };

  const rights = (session: OperatorSession) => ({
    writes: mays(session, 'Campaign.Write'),
    reads: mays(session, 'Customer.Read'),
  });

  const look = async (tenantId: string, params: Record<string, string>, fresh: boolean): Promise<Detail> => {
    const found = await streams.watch(tenantId, params['campaignId']!, fresh);
    if (!found) throw new ApiError('not-found', 'No such campaign.');
    return found;
  };

  const show: Handle = async (ctx, session, params) => {
    const { tenantId } = session.tenant;
    const detail = await look(tenantId, params, true);
    const row = detail.state === 'ready' && (await findCampaign(deps.database.tenant(tenantId), detail.campaignId));
    const samples = row ? await sampleCampaign(deps, session.caller, row) : [];
    sendPage(ctx, deps, campaignPage(session.frame, presentCampaignPage(detail, rights(session), samples)));
  };

  const follow: Handle = async (ctx, session, params) => {
    const { tenantId } = session.tenant;
    const may = rights(session);
    const part = async (fresh = false) => {
      const detail = await look(tenantId, params, fresh);
      return { state: detail.state, html: campaignProgress(presentCampaignPage(detail, may)), over: isOver(detail) };
    };
    const check = async (): Promise<void> => {
      if (await sessions.current(ctx, tenantId)) return;
      throw new ApiError('unauthenticated', 'The session has ended.');
    };
    const first = await part(true);
    streamEvents(ctx, {
      tenantId,
      open: streams.open,
      event: 'campaign',
      first,
      look: () => part(),
      check,
      isOver: ({ over }) => over,
      lookMs: WATCH_MS,
    });
  };

  const command =
    (name: Command): Handle =>
    async (ctx: Koa.Context, session, params) => {
      demand(session, 'Campaign.Write');
      const id = params['campaignId']!;
      await commandCampaign(deps, session.caller, id, name);
      redirect(ctx, `/ops/${session.tenant.tenantId}/campaigns/${id}`);
    };

  return [
    inside('GET', '/campaigns', 'Campaigns', list),
    inside('POST', '/campaigns', 'Makes a campaign', make),
    inside('GET', '/campaigns/:campaignId', 'One campaign', show),
    inside('GET', '/campaigns/:campaignId/events', 'Its progress, as server-sent events', follow),
    ...COMMANDS.map((name) =>
      inside('POST', `/campaigns/:campaignId/${name}`, `${LABELS[name]}: a campaign`, command(name)),
    ),
  ];
}
