import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { checkCampaign, newCampaign } from '../api/requests/campaign.js';
import { checkJson } from '../api/requests/read-json.js';
import { readFile as readRows, type NamedFault } from '../api/routes/campaign-files.js';
import type { JsonValue } from '../common/json.js';
import { createCampaign } from '../database/campaigns/campaigns.js';
import { uploadRows } from '../database/campaigns/upload.js';
import type { TenantSql } from '../database/connect.js';
import { getTenant } from '../database/tenants/tenants.js';
import type { CampaignDefinition } from '../passes/campaign.js';
import type { IdentifierOptions } from '../passes/identifiers.js';
import type { TenantSettings } from '../passes/tenant-settings.js';
import { readAssignments, readLocalized } from './assignments.js';

export interface MakeOptions {
  file?: string;
  name?: string;
  segment?: string;
  list?: string;
  csv?: string;
  passType?: string[];
  installedOn?: string;
  message?: string;
  title?: string;
  link?: string;
  set?: string[];
  convert?: string;
  offerUntil?: string;
  void?: boolean;
  at?: string;
  atLocal?: string;
  perMinute?: string;
  hours?: string;
  holdout?: string;
  test?: boolean;
  confirm?: boolean;
}

const present = (values: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

function actionOf(options: MakeOptions): object {
  const { message, title, link, convert, offerUntil: until } = options;
  const fields = readAssignments(options.set ?? []);
  const wanted = [message, convert, until, options.void].filter((one) => one !== undefined && one !== false);
  if (wanted.length > 1) throw new Error('One action, please: --message, --convert, --offer-until, --void or --set.');
  if (message !== undefined)
    return {
      type: 'message',
      message: present({
        message: readLocalized(message, 'message'),
        title: title && readLocalized(title, 'title'),
        link,
      }),
    };
  if (convert !== undefined) return { type: 'convert', passType: convert, fields };
  if (until !== undefined) return { type: 'offer', offer: { fields, until } };
  if (options.void) return { type: 'void' };
  if (Object.keys(fields).length > 0) return { type: 'update', fields };
  throw new Error('Name what it does: --message, --set, --convert, --offer-until or --void; or --file with the whole.');
}

function audienceOf({ segment, list, csv, passType, installedOn }: MakeOptions): object {
  if (csv !== undefined) return { csv: {} };
  if (segment !== undefined) return { segment };
  if (list !== undefined) return { list };
  return { filter: present({ passTypes: passType, installedOn }) };
}

/** A number; what is none stays, so that the schema says so. */
const numberOf = (text: string | undefined): number | string | undefined => (text?.trim() ? Number(text) : text);

/** The options as the body of the API's call. */
function bodyOf(options: MakeOptions): Record<string, unknown> {
  const [from, until] = options.hours?.split('-') ?? [];
  const { at, atLocal, perMinute, holdout } = options;
  return {
    name: options.name ?? 'Campaign of the command line',
    audience: audienceOf(options),
    action: actionOf(options),
    schedule: present({
      at,
      atLocal,
      perMinute: numberOf(perMinute),
      hours: options.hours === undefined ? undefined : { from, until },
    }),
    holdoutPercent: numberOf(holdout) ?? 0,
  };
}

async function readBody(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8');
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw new Error(`${path} is no JSON: ${(error as Error).message}`, { cause: error });
  }
  if (body === null || typeof body !== 'object' || Array.isArray(body))
    throw new Error(`${path} holds no JSON object.`);
  return body as Record<string, JsonValue>;
}

async function settingsOf(db: TenantSql): Promise<TenantSettings> {
  const tenant = await getTenant(db);
  if (!tenant) throw new Error(`There is no tenant ${db.tenantId}.`);
  return tenant.settings;
}

/** Makes a campaign as POST …/campaigns does, and uploads its file where the options name one. Returns its id. */
export async function makeCampaign(db: TenantSql, options: MakeOptions, out: (line: string) => void): Promise<string> {
  const settings = await settingsOf(db);
  const body = options.file === undefined ? bodyOf(options) : await readBody(options.file);
  const given = { ...body, ...present({ name: options.name, test: options.test, confirm: options.confirm }) };
  const parsed = checkJson(given, newCampaign);
  const campaign = await checkCampaign(db, { settings, test: false, key: null }, parsed, new Date());
  // A file that cannot be meant leaves no campaign behind.
  if (options.csv !== undefined) await checkFile(settings, campaign.definition, options.csv);
  await createCampaign(db, campaign);
  out(`Campaign ${campaign.campaignId} is made.`);
  for (const { pointer, message, cure } of campaign.definition.warnings ?? [])
    out(`Warning, ${pointer}: ${message}: ${cure}.`);
  if (options.csv !== undefined) await uploadFile(db, campaign.campaignId, options.csv, out);
  return campaign.campaignId;
}

const identifierOptions = ({ defaultCountry, customIdentifiers: custom }: TenantSettings): IdentifierOptions => ({
  defaultCountry,
  custom,
});

async function checkFile(settings: TenantSettings, definition: CampaignDefinition, path: string): Promise<void> {
  const rows = readRows(createReadStream(path), identifierOptions(settings), [])(definition);
  while (!(await rows.next()).done);
}

/** Uploads a file as PUT …/rows does. */
export async function uploadFile(
  db: TenantSql,
  campaignId: string,
  path: string,
  out: (line: string) => void,
): Promise<void> {
  const settings = await settingsOf(db);
  const errors: NamedFault[] = [];
  const source = createReadStream(path);
  const taken = await uploadRows(db, campaignId, readRows(source, identifierOptions(settings), errors));
  if (taken === undefined) throw new Error(`There is no campaign ${campaignId}.`);
  if (typeof taken === 'string') throw new Error(`The campaign is ${taken}; it takes no file now.`);
  out(`${taken.rows} rows, ${taken.faulty} of them faulty and left out.`);
  for (const { line, message } of errors) out(`  line ${line}: ${message}`);
}
