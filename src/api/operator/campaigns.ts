import { Readable } from 'node:stream';
import type Koa from 'koa';
import { maskContacts } from '../../common/mask-personal.js';
import { createCampaign, findCampaign, listCampaigns } from '../../database/campaigns/campaigns.js';
import { listHolders } from '../../database/operations/list-holders.js';
import { listPassTypes } from '../../database/tenants/pass-types.js';
import { campaignPage, campaignProgress, campaignsPage } from '../../pages/campaign-pages.js';
import { CAMPAIGN_CONTROLS } from '../../pages/campaign-form.js';
import type { RefusedForm } from '../../pages/form-faults.js';
import { streamEvents, type OpenStreams } from '../event-stream.js';
import { sendPage, redirect } from '../page-response.js';
import { ApiError } from '../problems.js';
import { checkCampaign, newCampaign } from '../requests/campaign.js';
import { checkJson } from '../requests/read-json.js';
import type { ApiDeps, Route } from '../route.js';
import { sampleCampaign } from '../routes/campaign-samples.js';
import { commandCampaign } from '../routes/campaigns.js';
import { isOver, WATCH_MS, type CampaignWatch } from '../routes/campaign-watch.js';
import { writeResults } from '../routes/campaign-files.js';
import type { TakeFile } from '../routes/campaign-uploads.js';
import { presentCampaign } from '../routes/present-campaign.js';
import { campaignBody } from './campaign-form.js';
import { faultsOfForm } from './campaign-form-faults.js';
import { askFirst } from './ask-first.js';
import { FormRefused, type Form, type Handle, type Inside } from './inside.js';
import { demand, mays } from './operator-rights.js';
import type { OperatorSession, OperatorSessions } from './operator-session.js';
import { shortName } from './person.js';
import {
  buttonsOf,
  COMMANDS,
  confirmedPasses,
  LABELS,
  presentCampaignLine,
  presentCampaignPage,
  type Command,
  type Detail,
} from './present-campaign-page.js';

const LISTED = 50;
/** The control of the file. */
const FILE = 'file';
const NEW: RefusedForm = { values: {}, faults: [] };
type Params = Record<string, string>;

/** What these pages share with the API. */
export interface CampaignParts {
  open: OpenStreams;
  watch: CampaignWatch;
  takeFile: TakeFile;
}

/** The pages of campaigns: list, new one with its dry run, progress, pause. */
export function campaignPages(
  deps: ApiDeps,
  inside: Inside,
  { sessions, parts }: { sessions: OperatorSessions; parts: CampaignParts },
): Route[] {
  /** The list with the form, filled in as it was sent where it was not taken. */
  const sendList = async (ctx: Koa.Context, session: OperatorSession, { values, faults }: RefusedForm = NEW) => {
    const db = deps.database.tenant(session.tenant.tenantId);
    const [rows, types] = await Promise.all([listCampaigns(db, LISTED), listPassTypes(db)]);
    const passTypes = types.map(({ design }) => design.name);
    const view = {
      lines: rows.map((row) => presentCampaignLine(presentCampaign(row))),
      form: mays(session, 'Campaign.Write') ? { passTypes, values, faults, testOnly: session.caller.test } : null,
    };
    sendPage(ctx, deps, campaignsPage(session.frame, view));
  };
  const list: Handle = (ctx, session) => sendList(ctx, session);

  const make: Handle = async (ctx, session) => {
    demand(session, 'Campaign.Write');
    const { tenantId, settings } = session.tenant;
    const form = ctx.state['form'] as Form;
    const db = deps.database.tenant(tenantId);
    const designs = (await listPassTypes(db)).map(({ design }) => design);
    const now = new Date(deps.now());
    try {
      const body = checkJson(campaignBody(form, { zone: settings.timeZone ?? 'UTC', designs }), newCampaign);
      const campaign = await checkCampaign(db, { settings, test: session.caller.test, key: null }, body, now);
      await createCampaign(db, campaign);
      deps.notifyAccepted();
      redirect(ctx, `/ops/${tenantId}/campaigns/${campaign.campaignId}`);
    } catch (error) {
      if (!(error instanceof ApiError) || !error.options.errors) throw error;
      throw new FormRefused(faultsOfForm(error.options.errors, form));
    }
  };

  const rights = (session: OperatorSession) => ({
    writes: mays(session, 'Campaign.Write'),
    reads: mays(session, 'Customer.Read'),
    clock: session.frame.clock,
  });

  const look = async (tenantId: string, params: Params, fresh: boolean): Promise<Detail> => {
    const found = await parts.watch(tenantId, params['campaignId']!, fresh);
    if (!found) throw new ApiError('not-found', 'No such campaign.');
    return found;
  };

  const sendOne = async (
    ctx: Koa.Context,
    session: OperatorSession,
    params: Params,
    { faults }: Pick<RefusedForm, 'faults'> = NEW,
  ) => {
    const { tenantId } = session.tenant;
    const detail = await look(tenantId, params, true);
    const row = detail.state === 'ready' && (await findCampaign(deps.database.tenant(tenantId), detail.campaignId));
    const samples = row ? await sampleCampaign(deps, session.caller, row) : [];
    const view = presentCampaignPage(detail, rights(session), { samples, faults });
    sendPage(ctx, deps, campaignPage(session.frame, view));
  };
  const show: Handle = (ctx, session, params) => sendOne(ctx, session, params);

  const upload: Handle = async (ctx, session, params) => {
    demand(session, 'Campaign.Write');
    const { tenantId } = session.tenant;
    await look(tenantId, params, true);
    try {
      await parts.takeFile(session.tenant, params['campaignId']!, ctx.state['file'] as Readable);
    } catch (error) {
      if (!(error instanceof ApiError) || !['invalid-request', 'body-too-large'].includes(error.code)) throw error;
      throw new FormRefused([{ control: FILE, text: error.message }]);
    }
    redirect(ctx, `/ops/${tenantId}/campaigns/${params['campaignId']!}`);
  };

  const results: Handle = async (ctx, session, params) => {
    if (!mays(session, 'Campaign.Write')) demand(session, 'Operation.Read');
    const { tenantId } = session.tenant;
    const { campaignId } = await look(tenantId, params, true);
    const mask = mays(session, 'Customer.Read') ? {} : { mask: maskContacts };
    ctx.status = 200;
    ctx.set('Content-Type', 'text/csv; charset=utf-8');
    ctx.set('Content-Disposition', `attachment; filename="campaign-${campaignId}.csv"`);
    const db = deps.database.tenant(tenantId);
    const whom = async (serialNumbers: readonly string[]) =>
      new Map(
        (await listHolders(db, { serialNumbers })).map((one) => [one.serial_number, shortName(session, one) ?? '']),
      );
    ctx.body = Readable.from(writeResults(db, campaignId, { faulty: false, csv: true, whom, ...mask }));
  };

  const follow: Handle = async (ctx, session, params) => {
    const { tenantId } = session.tenant;
    const part = async (fresh = false) => {
      const detail = await look(tenantId, params, fresh);
      const view = presentCampaignPage(detail, {
        ...rights(session),
        clock: { ...session.frame.clock, now: deps.now() },
      });
      return { state: view.line.state, html: campaignProgress(view), over: isOver(detail) };
    };
    const check = async (): Promise<void> => {
      if (await sessions.current(ctx, tenantId)) return;
      throw new ApiError('unauthenticated', 'The session has ended.');
    };
    const first = await part(true);
    streamEvents(ctx, {
      tenantId,
      open: parts.open,
      event: 'campaign',
      first,
      look: () => part(),
      check,
      isOver: ({ over }) => over,
      lookMs: WATCH_MS,
    });
  };

  const askToCancel = async (session: OperatorSession, params: Params) => {
    demand(session, 'Campaign.Write');
    const { campaignId, name, state, progress, rows } = await look(session.tenant.tenantId, params, true);
    if (!buttonsOf(state).includes('cancel')) throw new ApiError('conflict', `The campaign is ${state} already.`);
    const count = (n: number): string => (n === 1 ? 'one row' : `${n.toLocaleString('en')} rows`);
    return {
      title: `Cancel “${name}” for good?`,
      says: [
        progress.accepted === 0
          ? `Nothing of it has begun: ${count(rows.all)} get nothing.`
          : `${count(progress.accepted)} of ${rows.all.toLocaleString('en')} have begun or ended, and keep what they get. All others get nothing.`,
        'It cannot be undone. “Pause” holds a campaign that can go on later.',
      ],
      does: 'Cancel it for good',
      back: `/campaigns/${campaignId}`,
      here: '/campaigns',
    };
  };

  const command =
    (name: Command): Handle =>
    async (ctx: Koa.Context, session, params) => {
      demand(session, 'Campaign.Write');
      const id = params['campaignId']!;
      if (name === 'start') {
        const wanted = confirmedPasses(await look(session.tenant.tenantId, params, true));
        const given = (ctx.state['form'] as Form)['passes'];
        if (wanted !== null && given !== String(wanted)) {
          const text = 'Nothing was started. Tick the box that names how many passes are taken out of use.';
          throw new FormRefused([{ control: 'passes', text }]);
        }
      }
      await commandCampaign(deps, session.caller, id, name);
      redirect(ctx, `/ops/${session.tenant.tenantId}/campaigns/${id}`);
    };

  return [
    inside('GET', '/campaigns', 'Campaigns', list),
    inside('POST', '/campaigns', 'Makes a campaign', make, {
      fields: CAMPAIGN_CONTROLS,
      again: (ctx, session, _params, refused) => sendList(ctx, session, refused),
    }),
    inside('GET', '/campaigns/:campaignId', 'One campaign', show),
    inside('POST', '/campaigns/:campaignId/rows', 'Takes its file', upload, { file: FILE, again: sendOne }),
    inside('GET', '/campaigns/:campaignId/rows', 'What became of each row', results),
    inside('GET', '/campaigns/:campaignId/events', 'Its progress, as server-sent events', follow),
    ...COMMANDS.flatMap((name) => {
      const [path, summary] = [`/campaigns/:campaignId/${name}`, `${LABELS[name]}: a campaign`];
      return name === 'cancel'
        ? askFirst(deps, inside, { path, summary, ask: askToCancel, act: command(name) })
        : inside('POST', path, summary, command(name), {
            again: sendOne,
            ...(name === 'start' && { fields: ['passes'] }),
          });
    }),
  ];
}
