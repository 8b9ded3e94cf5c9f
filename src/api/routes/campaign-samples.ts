import { z } from 'zod';
import type { CampaignRow } from '../../database/campaigns/campaigns.js';
import { nextRows, type NextRow } from '../../database/campaigns/rows.js';
import type { Sql } from '../../database/connect.js';
import { findPassBySerialNumber } from '../../database/passes/pass-lookup.js';
import { changedSince } from '../../database/devices/google-object-changes.js';
import { findLiveObject } from '../../database/devices/google-objects.js';
import { findCustomer } from '../../database/customers/customers.js';
import { findPassView, type PassViewRow } from '../../database/passes/pass-view.js';
import { findPassType, getPassTypeVersion, offerDesign } from '../../database/tenants/pass-types.js';
import { createTextMask } from '../../common/mask-personal.js';
import { fillMessage, UnfitRow } from '../../passes/campaign-message.js';
import { fieldsOfRow } from '../../passes/campaign.js';
import type { PassTypeDesign } from '../../passes/pass-type.js';
import { previewMessage } from '../../previews/message-preview.js';
import { previewUpdate } from '../../previews/pass-preview.js';
import type { Caller } from '../access/credentials.js';
import { none, tenantId } from '../parameters.js';
import { route, type ApiDeps, type Route } from '../route.js';
import { campaignId, theirCampaign } from './campaigns.js';

const SAMPLES = 3;
/** Rows count as due whatever the schedule says. */
const ALWAYS = new Date('9999-12-31T00:00:00Z');

const sample = z.object({
  serialNumber: z.string(),
  apple: z
    .object({ lockScreen: z.string().nullable(), note: z.string().nullable().describe('Why the phone says nothing') })
    .nullable()
    .describe('Null: its pass type has no design for Apple Wallet'),
  google: z.object({ notifies: z.boolean(), note: z.string() }).nullable(),
  problem: z.string().nullable().describe('Why this row would get nothing'),
});
export type CampaignSample = z.output<typeof sample>;
const samples = z.object({ samples: z.array(sample) });

/** Who reads samples, and of which tenant. */
interface Reader {
  scopes: Caller['scopes'];
  tenant: Pick<Caller['tenant'], 'tenantId' | 'settings'>;
}

interface Sampled {
  campaign: CampaignRow;
  caller: Reader;
  row: NextRow;
  view: PassViewRow;
  design: PassTypeDesign;
  now: number;
}

/** What the lock screen of one customer would say. */
async function sampleOf(db: Sql, sampled: Sampled): Promise<Omit<CampaignSample, 'serialNumber'>> {
  const { campaign, caller, row, view, design, now } = sampled;
  const { action, messageInput, offerTerms } = campaign.definition;
  const { settings } = caller.tenant;
  const values = { given: row.given ?? {}, properties: row.properties ?? {} };
  const live = await findLiveObject(db, row.pass_id);
  const notifiedAtMs = live?.notified_at.map((at) => at.getTime()) ?? [];
  if (action.type === 'message' && messageInput) {
    const pass = (await findPassBySerialNumber(db, view.serial_number))!;
    const shown = previewMessage({
      command: { ...messageInput, content: fillMessage(messageInput.content, values) },
      pass,
      design,
      language: settings.language,
      appleDevices: view.apple_devices,
      google: live ? { notifiedAtMs } : null,
      nowMs: now,
    });
    const [google] = shown.google;
    return {
      apple: shown.apple && { lockScreen: shown.apple.lockScreens[0]!.text, note: shown.apple.silentBecause },
      google: google ? { notifies: google.notifies, note: google.notifies ? google.body : google.why } : null,
      problem: shown.refused,
    };
  }
  const wanted = action.type === 'offer' ? offerTerms?.passType : action.type === 'convert' ? action.passType : null;
  const next = wanted ? await findPassType(db, wanted) : undefined;
  const nextDesign = next?.design ?? design;
  const set = 'fields' in action ? fieldsOfRow(action.fields, values) : (offerTerms?.fields ?? {});
  const shown = previewUpdate({
    pass: { ...view, serialNumber: view.serial_number, externalId: view.external_id },
    offerDesign: await offerDesign(db, view),
    design,
    nextDesign,
    converts: next !== undefined && next.passTypeId !== view.pass_type_id,
    recomputes: false,
    set,
    publicUrl: '',
    locale: settings,
    appleDevices: view.apple_devices,
    google: live
      ? {
          notifiedAtMs,
          waitingFields: await changedSince(
            db,
            { tenant_id: db.tenantId, pass_id: row.pass_id },
            live.synced_revision,
            view.revision,
          ),
        }
      : null,
    nowMs: now,
  });
  return {
    apple: shown.apple && {
      lockScreen: shown.apple.text,
      note: shown.apple.text === null ? 'No changed field has a changeMessage that was on the pass before.' : null,
    },
    google: { notifies: shown.google.notifies, note: shown.google.why },
    problem: shown.problems[0] ?? null,
  };
}

/** Lock-screen texts of the first rows that wait; without Customer.Read they name nobody. */
export async function sampleCampaign(
  deps: Pick<ApiDeps, 'database' | 'now'>,
  caller: Reader,
  campaign: CampaignRow,
): Promise<CampaignSample[]> {
  if (campaign.definition.action.type === 'void') return [];
  const db = deps.database.tenant(caller.tenant.tenantId);
  const rows = await nextRows(db, campaign.campaign_id, ALWAYS, SAMPLES);
  const found = rows.map(async (row): Promise<CampaignSample[]> => {
    const view = row.serial_number === null ? undefined : await findPassView(db, row.serial_number);
    const version = view && (await getPassTypeVersion(db, view.pass_type_id, view.pass_type_version));
    if (!view || !version) return [];
    const plain = caller.scopes.includes('Customer.Read');
    const person = plain ? undefined : await findCustomer(db, row.customer_id);
    const mask = plain
      ? (text: string) => text
      : createTextMask([person?.first_name ?? null, person?.last_name ?? null, view.serial_number]);
    const masked = (text: string | null): string | null => text && mask(text);
    const serialNumber = plain ? view.serial_number : `${view.serial_number.slice(0, 4)}•••`;
    try {
      const of = { campaign, caller, row, view, design: version.design, now: deps.now() };
      const { apple, google, problem } = await sampleOf(db, of);
      return [
        {
          serialNumber,
          apple: apple && { ...apple, lockScreen: masked(apple.lockScreen) },
          google: google && { ...google, note: mask(google.note) },
          problem: masked(problem),
        },
      ];
    } catch (error) {
      if (!(error instanceof UnfitRow)) throw error;
      return [{ serialNumber, apple: null, google: null, problem: mask(error.message) }];
    }
  });
  return (await Promise.all(found)).flat();
}

/** What three customers would see, before anything is sent. */
export const campaignSampleRoutes = (deps: ApiDeps): Route[] => [
  route({
    method: 'GET',
    path: '/api/:tenantId/campaigns/:campaignId/samples',
    scope: 'Operation.Read',
    orScope: 'Campaign.Write',
    summary: 'What the lock screens of the first three customers that wait would say',
    tag: 'Campaigns',
    operationId: 'sampleCampaign',
    params: z.object({ tenantId, campaignId }),
    query: none,
    answers: {
      200: { description: 'Personal data is masked without Customer.Read; nothing is sent', schema: samples },
    },
    problems: ['not-found'],
    async handler(ctx, { params, caller }) {
      const campaign = await theirCampaign(deps, caller, params.campaignId);
      ctx.body = { samples: await sampleCampaign(deps, caller, campaign) } satisfies z.output<typeof samples>;
    },
  }),
];
