import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { NewCampaign } from '../../database/campaigns/campaigns.js';
import type { Sql } from '../../database/connect.js';
import { listPassTypes } from '../../database/tenants/pass-types.js';
import { isUnrendered, pointer as pointerOf } from '../../common/clean-text.js';
import type { FaultKind } from '../../common/fault-kind.js';
import { isJsonObject } from '../../common/json.js';
import { didYouMean, nearest } from '../../common/nearest-name.js';
import { foreignPlaceholders } from '../../passes/campaign-message.js';
import { localMoment } from '../../passes/campaign-schedule.js';
import type { TenantSettings } from '../../passes/tenant-settings.js';
import { campaignDefinition, columnsOf, type CampaignDefinition, type CampaignWarning } from '../../passes/campaign.js';
import type { FieldType } from '../../passes/pass-type.js';
import type { Body, Parsed } from './body-reader.js';
import { LONGEST_DAYS } from './read-moment.js';
import { checkValues, warnOfField } from './campaign-fields.js';
import { offerParser } from './offer-terms.js';
import { sendMessageParser } from './send-message.js';
import { ApiError, type ProblemItem } from '../problems.js';

export const newCampaign = campaignDefinition.extend({
  name: z
    .string()
    .min(1)
    .max(200)
    .refine((text) => text.trim() !== '' && !isUnrendered(text), {
      error: 'a campaign needs a name, and no template tag',
      params: { kind: 'tag' satisfies FaultKind },
    })
    .describe('For people'),
  test: z.boolean().default(false).describe('Send to passes that are marked as tests, and to no others'),
  confirm: z
    .boolean()
    .default(false)
    .describe('Start at once instead of waiting for POST …/start, which starts what the dry run showed'),
});
export type NewCampaignBody = z.output<typeof newCampaign>;

/** The same key leads to the same campaign: its id is made of it. */
function idOfKey(tenantId: string, key: string): string {
  const hex = createHash('sha256').update(`${tenantId}/${key}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const JSON_TYPES: Readonly<Partial<Record<FieldType, string>>> = {
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
};

/** The fields that an action sets, with their place. An offer's are read by its own parser: whatever is no object names none. */
function fieldsOf(action: CampaignDefinition['action']): [at: string, fields: object] {
  if ('fields' in action) return ['/action/fields', action.fields];
  const fields = action.type === 'offer' ? action.offer['fields'] : undefined;
  return ['/action/offer/fields', isJsonObject(fields) ? fields : {}];
}

/**
 * What a schema cannot see: names that the tenant does not have, columns without a file. Throws `invalid-request`. Returns what
 * is allowed and probably not meant.
 */
async function checkNames(db: Sql, { audience, action }: CampaignDefinition): Promise<CampaignWarning[]> {
  const types = await listPassTypes(db);
  const known = types.flatMap(({ passTypeId, design }) => [passTypeId, design.name]);
  const names = types.map(({ design }) => design.name);
  const faults: ProblemItem[] = [];
  const warnings: CampaignWarning[] = [];
  const ask = (pointer: string, name: string): void => {
    if (known.includes(name)) return;
    const message = `there is no pass type "${name}"`;
    faults.push({ pointer, message, cure: didYouMean(name, names) });
  };
  /** The types in JSON of a field's values, by every design that has it. */
  const typesOf = (field: string): string[] => {
    const found = types.flatMap(({ design }) => design.fields.filter((one) => one.apiFieldName === field));
    return [...new Set(found.map(({ type }) => JSON_TYPES[type] ?? 'string'))];
  };
  const fields = [...new Set(types.flatMap(({ design }) => design.fields.map(({ apiFieldName }) => apiFieldName)))];
  const labels = new Map(
    types.flatMap(({ design }) =>
      design.fields.flatMap(({ label, apiFieldName }) => (label ? [[label.trim().toLowerCase(), apiFieldName]] : [])),
    ) as [string, string][],
  );
  const askField = (pointer: string, name: string): void => {
    // Custom data has names of its own; one that is almost a field's would change nothing that anybody sees.
    const meant = fields.includes(name) ? null : nearest(name, fields);
    if (fields.includes(name)) return warnOfField(warnings, { pointer, name, types, audience, action });
    const labelled = labels.get(name.trim().toLowerCase());
    if (labelled !== undefined) {
      faults.push({
        pointer,
        message: `no pass type has a field "${name}"`,
        cure: `it is the label of "${labelled}": write "${labelled}"`,
      });
      return;
    }
    if (meant === null) return warnOfField(warnings, { pointer, name, types, audience, action });
    faults.push({
      pointer,
      message: `no pass type has a field "${name}"`,
      cure: `did you mean "${meant}"? Custom data needs a name that is less like a field's`,
    });
  };
  const [at, given] = fieldsOf(action);
  for (const name of Object.keys(given)) askField(at + pointerOf(name), name);
  faults.push(...checkValues([at, given], types, { audience, action }, warnings));
  if (action.type === 'convert') ask('/action/passType', action.passType);
  if (action.type === 'offer' && typeof action.offer['passType'] === 'string')
    ask('/action/offer/passType', action.offer['passType']);
  if ('filter' in audience) {
    audience.filter.passTypes?.forEach((name, index) => ask(`/audience/filter/passTypes/${index}`, name));
    audience.filter.fields.forEach(({ field, is, value }, index) => {
      askField(`/audience/filter/fields/${index}/field`, field);
      const wanted = typesOf(field);
      if (value !== undefined && wanted.length > 0 && !wanted.includes(typeof value)) {
        faults.push({
          pointer: `/audience/filter/fields/${index}/value`,
          message: `"${field}" is a ${wanted.join(' or ')}, and ${JSON.stringify(value).slice(0, 60)} is a ${typeof value}: no pass would be found`,
          cure: wanted[0] === 'string' ? 'write it between quotes' : 'write it without quotes',
          kind: 'form',
        });
      }
      if ((value === undefined) === (is === 'set' || is === 'unset')) return;
      faults.push({
        pointer: `/audience/filter/fields/${index}`,
        message: value === undefined ? `"${is}" needs a value` : `"${is}" takes no value`,
        cure: value === undefined ? 'add "value"' : 'leave "value" out',
        kind: value === undefined ? 'missing' : 'form',
      });
    });
  }
  const columns = columnsOf(action);
  if (columns.length > 0 && !('csv' in audience)) {
    faults.push({
      pointer: action.type === 'message' ? '/action/message' : '/action/fields',
      message: `columns (${columns.join(', ')}) need a CSV as audience`,
      cure:
        action.type === 'message'
          ? 'write {property:…} for a property of the customer'
          : 'write {"property": "…"} for a property of the customer',
      kind: 'column',
    });
  }
  const texts: [at: string, texts: Body][] = [];
  if (action.type === 'message') texts.push(['/action/message', action.message]);
  if (action.type === 'offer') texts.push(['/action/offer', action.offer]);
  for (const { pointer, found } of texts.flatMap(([at, body]) =>
    foreignPlaceholders(body).map((one) => ({ ...one, pointer: at + one.pointer })),
  )) {
    faults.push({
      pointer,
      message: `"${found.slice(0, 100)}" is a placeholder that nobody would fill`,
      cure:
        action.type === 'message'
          ? 'write {column:Name|…} for a value of the row, {property:name|…} for one of the profile'
          : 'an offer is the same for everybody: write its values',
    });
  }
  if (faults.length > 0) {
    throw new ApiError('invalid-request', faults.map(({ message, cure }) => `${message}: ${cure}`).join('. '), {
      errors: faults,
    });
  }
  return warnings;
}

/** The message or the offer of the action as a single one is read, with the same faults; nothing for other actions. */
function readAction(
  settings: TenantSettings,
  { action }: CampaignDefinition,
  now: Date,
  warnings: CampaignWarning[],
): Pick<CampaignDefinition, 'messageInput' | 'offerTerms'> {
  const zone = settings.timeZone ?? 'UTC';
  if (action.type === 'offer') {
    return { offerTerms: sound('/action/offer', offerParser({ zone, now })(action.offer as Body), warnings).terms };
  }
  if (action.type !== 'message') return {};
  for (const key of ['identifiers', 'idempotency_key', 'idempotencyKey']) {
    if (!Object.hasOwn(action.message, key)) continue;
    const message = `"${key}" has no place in a campaign: its audience says to whom, once each`;
    const fault = { pointer: `/action/message/${key}`, message, cure: 'remove it' };
    throw new ApiError('invalid-request', `${message}: remove it`, { errors: [fault] });
  }
  const command = sound(
    '/action/message',
    sendMessageParser({ zone, now, named: true })(action.message as Body),
    warnings,
  );
  const { content, class: kind, validUntil, validForSeconds, notBefore, respectQuietHours } = command;
  return { messageInput: { content, class: kind, validUntil, validForSeconds, notBefore, respectQuietHours } };
}

/** A client may send a campaign again that has begun: what was due a day ago is no plan. */
const PAST_MS = 86_400_000;

/** A mistyped year would start a campaign at once, or never. */
function checkTime({ schedule }: CampaignDefinition, { timeZone }: TenantSettings, now: Date): void {
  const key = schedule.at === undefined ? 'atLocal' : 'at';
  const text = schedule[key];
  if (text === undefined) return;
  const at = key === 'at' ? Date.parse(text) : localMoment(text, timeZone ?? 'UTC');
  const isPast = at < now.getTime() - PAST_MS;
  if (!isPast && at < now.getTime() + LONGEST_DAYS * 86_400_000) return;
  const message = isPast ? `${key} has passed` : `${key} is more than ${LONGEST_DAYS} days away`;
  const cure = isPast ? 'send a time to come, or leave it out to start now' : 'check the year';
  throw new ApiError('invalid-request', `${message}: ${cure}`, {
    errors: [{ pointer: `/schedule/${key}`, message, cure, kind: isPast ? 'passed' : 'far' }],
  });
}

/** The customers farthest ahead of UTC. */
const FIRST_ZONE_MS = 14 * 3_600_000;

/** What is over before the campaign begins would reach nobody. */
function checkOver({ schedule, action }: CampaignDefinition, read: ReturnType<typeof readAction>): void {
  const { at, atLocal } = schedule;
  const key = at === undefined ? 'atLocal' : 'at';
  const begins = at === undefined ? atLocal && localMoment(atLocal, 'UTC') - FIRST_ZONE_MS : Date.parse(at);
  const until = read.messageInput?.validUntil ?? read.offerTerms?.until;
  if (!begins || until == null || Date.parse(until) > begins) return;
  const message = `the ${action.type} would be over, ${until}, before the campaign begins`;
  const cure = 'let it begin earlier, or let it end later';
  throw new ApiError('invalid-request', `${message}: ${cure}`, {
    errors: [{ pointer: `/schedule/${key}`, message, cure }],
  });
}

/** The command of a part of the body, whose warnings are those of the whole; throws `invalid-request` with the pointers of the whole. */
function sound<Command>(at: string, parsed: Parsed<Command>, warnings: CampaignWarning[]): Command {
  const cure = 'change it, unless it is meant so';
  warnings.push(...parsed.warnings.map(({ pointer, message }) => ({ pointer: at + pointer, message, cure })));
  if (parsed.ok) return parsed.command;
  const errors = parsed.problems.map((one) => ({ ...one, pointer: at + one.pointer }));
  const said = errors.map(({ message, cure }) => `${message}: ${cure}`).join('. ');
  throw new ApiError('invalid-request', said, { errors });
}

/** Who makes a campaign. */
export interface CampaignMaker {
  settings: TenantSettings;
  /** A test key makes test campaigns only. */
  test: boolean;
  key: string | null;
}

/** A checked campaign, ready to be stored. */
export async function checkCampaign(
  db: Sql,
  { settings, test: testOnly, key }: CampaignMaker,
  { name, test, confirm, ...definition }: NewCampaignBody,
  now: Date,
): Promise<NewCampaign> {
  checkTime(definition, settings, now);
  const warnings = await checkNames(db, definition);
  const read = readAction(settings, definition, now, warnings);
  checkOver(definition, read);
  const campaignId = key === null ? randomUUID() : idOfKey(db.tenantId, key);
  return {
    campaignId,
    name,
    definition: { ...definition, ...read, ...(warnings.length > 0 && { warnings }) },
    test: test || testOnly,
    confirmed: confirm,
  };
}
