import { randomUUID } from 'node:crypto';
import type Koa from 'koa';
import { createCampaign, findCampaign, listCampaigns, type CampaignRow } from '../../database/campaigns/campaigns.js';
import { listPassTypes } from '../../database/tenants/pass-types.js';
import { campaignPage, campaignsPage, type CampaignLine } from '../../pages/campaign-pages.js';
import type { Tone } from '../../pages/operator-frame.js';
import type { CampaignState } from '../../passes/campaign.js';
import { sendPage, redirect } from '../page-response.js';
import { ApiError } from '../problems.js';
import { checkCampaign, newCampaign } from '../requests/campaign.js';
import type { ApiDeps, Route } from '../route.js';
import { commandCampaign } from '../routes/campaigns.js';
import { presentCampaignDetail } from '../routes/present-campaign.js';
import type { Form, Handle, Inside } from './inside.js';
import type { OperatorSession } from './operator-session.js';

const LISTED = 50;
/** Seconds after which the page of a campaign under way is loaded again. */
const AGAIN_SECONDS = 2;
const TONES: Readonly<Partial<Record<CampaignState, Tone>>> = { ended: 'good', failed: 'bad', paused: 'note' };
const DOES = {
  message: 'sends a message',
  update: 'sets fields',
  convert: 'changes the type',
  offer: 'lays an offer over it',
  void: 'voids',
} as const;

const COMMANDS = ['start', 'pause', 'resume', 'cancel'] as const;
type Command = (typeof COMMANDS)[number];
const BUTTONS: Readonly<Partial<Record<CampaignState, readonly Command[]>>> = {
  uploading: ['cancel'],
  preparing: ['cancel'],
  ready: ['start', 'cancel'],
  running: ['pause', 'cancel'],
  paused: ['resume', 'cancel'],
};
const LABELS = { start: 'Start', pause: 'Pause', resume: 'Resume', cancel: 'Cancel for good' } as const;

const lineOf = (row: CampaignRow): CampaignLine => ({
  campaignId: row.campaign_id,
  name: row.name,
  does: DOES[row.definition.action.type],
  state: row.state,
  tone: TONES[row.state] ?? '',
  test: row.test,
  createdAt: row.created_at,
});

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
export function campaignPages(deps: ApiDeps, inside: Inside): Route[] {
  const demand = ({ caller }: OperatorSession): void => {
    if (!caller.scopes.includes('Campaign.Write')) {
      throw new ApiError('missing-scope', 'The key lacks the scope Campaign.Write.');
    }
  };

  const list: Handle = async (ctx, session) => {
    const db = deps.database.tenant(session.tenant.tenantId);
    const [rows, types] = await Promise.all([listCampaigns(db, LISTED), listPassTypes(db)]);
    const view = {
      lines: rows.map(lineOf),
      passTypes: types.map(({ design }) => design.name),
      canMake: session.caller.scopes.includes('Campaign.Write'),
    };
    sendPage(ctx, deps, campaignsPage(session.frame, view));
  };

  const make: Handle = async (ctx, session) => {
    demand(session);
    const { tenantId } = session.tenant;
    const parsed = newCampaign.safeParse(bodyOf(ctx.state['form'] as Form));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new ApiError('invalid-request', `${issue!.path.join(' ')}: ${issue!.message}. Go back and change it.`);
    }
    const db = deps.database.tenant(tenantId);
    const now = new Date(deps.now());
    const campaign = { ...(await checkCampaign(ctx, db, session.caller, parsed.data, now)), campaignId: randomUUID() };
    await createCampaign(db, campaign);
    deps.notifyAccepted();
    redirect(ctx, `/ops/${tenantId}/campaigns/${campaign.campaignId}`);
  };

  const show: Handle = async (ctx, session, params) => {
    const db = deps.database.tenant(session.tenant.tenantId);
    const row = await findCampaign(db, params['campaignId']!);
    if (!row) throw new ApiError('not-found', 'No such campaign.');
    const { rows, reach, expectedSeconds, progress } = await presentCampaignDetail(db, row, deps.now());
    const text = (value: number): string => value.toLocaleString('en');
    const ready = row.state === 'ready';
    const shown: [string, number | undefined][] = [
      ['In the audience', rows.all],
      ['Only on Apple', reach?.apple],
      ['Only on Google', reach?.google],
      ['On both', reach?.both],
      ['On no phone', reach?.none],
      ['Held out', rows.holdout],
      ['Duplicates', rows.duplicates],
      ['Without a pass', rows.unreached],
      ['Faulty rows', rows.refused],
      ['Wallets told', progress.pushed],
      ['Fetched by an iPhone', progress.fetched],
      ['Ended in the last minute', progress.perMinute],
      ...Object.entries(progress.outcomes).map(([name, n]): [string, number] => [`Ended as ${name}`, n]),
    ];
    if (row.state === 'running' || row.state === 'preparing') ctx.set('Refresh', String(AGAIN_SECONDS));
    const writes = session.caller.scopes.includes('Campaign.Write');
    const view = {
      line: lineOf(row),
      reason: row.reason,
      answer: ready
        ? `Nothing has been sent. A start reaches ${text(rows.waiting)} passes in about ${text(Math.ceil((expectedSeconds ?? 0) / 60))} min.`
        : `${text(progress.ended)} have ended, ${text(progress.remaining)} are left.`,
      facts: shown.flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, text(value)]])),
      progress: { done: progress.ended, of: row.started_at ? progress.ended + progress.remaining : 0 },
      buttons: writes ? (BUTTONS[row.state] ?? []).map((command): [string, string] => [command, LABELS[command]]) : [],
    };
    sendPage(ctx, deps, campaignPage(session.frame, view));
  };

  const command =
    (name: Command): Handle =>
    async (ctx: Koa.Context, session, params) => {
      demand(session);
      const id = params['campaignId']!;
      await commandCampaign(deps, session.caller, id, name);
      redirect(ctx, `/ops/${session.tenant.tenantId}/campaigns/${id}`);
    };

  return [
    inside('GET', '/campaigns', 'Campaigns', list),
    inside('POST', '/campaigns', 'Makes a campaign', make),
    inside('GET', '/campaigns/:campaignId', 'One campaign', show),
    ...COMMANDS.map((name) =>
      inside('POST', `/campaigns/:campaignId/${name}`, `${LABELS[name]}: a campaign`, command(name)),
    ),
  ];
}
