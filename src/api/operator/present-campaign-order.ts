import type { JsonValue } from '../../common/json.js';
import { momentInZone } from '../../common/zoned-time.js';
import { ACTIONS, AUDIENCES, COMPARISONS, INSTALLED, LABELS } from '../../pages/campaign-words.js';
import type { CampaignDefinition, CampaignValue, PassFilter } from '../../passes/campaign.js';

type Fact = [name: string, value: string | Date];
type Ordered = Pick<CampaignDefinition, 'audience' | 'action' | 'schedule' | 'holdoutPercent'> & { test: boolean };

const wordOf = (choices: readonly (readonly [string, string])[], choice: string): string =>
  choices.find(([value]) => value === choice)?.[1] ?? choice;

/** A value as somebody who filled in a form wrote it; texts of several languages by their language. */
function written(value: JsonValue | CampaignValue): string {
  if (value === null || value === '') return 'emptied';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return value.map(written).join(', ');
  if ('column' in value) return `column ${String(value['column'])} of the file`;
  if ('property' in value) return `property ${String(value['property'])} of the profile`;
  return Object.entries(value)
    .map(([key, one]) => `${key}: ${written(one)}`)
    .join('; ');
}

const setFields = (fields: Readonly<Record<string, JsonValue | CampaignValue>>): Fact[] =>
  Object.entries(fields).map(([field, value]) => [`Field ${field}`, written(value)]);

function filterFacts(filter: PassFilter): Fact[] {
  const { passTypes, states, installedOn, fields, updatedAfter, updatedBefore } = filter;
  const compared = fields.map(({ field, is, value }) =>
    [field, COMPARISONS[is] ?? is, ...(value === undefined ? [] : [written(value)])].join(' '),
  );
  return [
    [LABELS.passType, passTypes?.join(', ') ?? 'all'],
    ['State of the pass', states.join(', ')],
    [LABELS.installedOn, wordOf(INSTALLED, installedOn ?? '')],
    ...(updatedAfter ? [[LABELS.updatedAfter, new Date(updatedAfter)] satisfies Fact] : []),
    ...(updatedBefore ? [[LABELS.updatedBefore, new Date(updatedBefore)] satisfies Fact] : []),
    ...(compared.length > 0 ? [['Only if', compared.join(', and ')] satisfies Fact] : []),
  ];
}

function audienceFacts(audience: Ordered['audience']): Fact[] {
  const [kind, value] = Object.entries(audience)[0]!;
  const named = typeof value === 'string' ? ` ${value}` : '';
  return [['Who', wordOf(AUDIENCES, kind) + named], ...('filter' in audience ? filterFacts(audience.filter) : [])];
}

const TIMES: ReadonlySet<string> = new Set(['from', 'until', 'notBefore', 'validUntil']);

/** A time as the moment that it is; a length such as "14 days" as it was written. */
function momentOr(value: JsonValue, zone: string, dayAs: 'start' | 'end'): string | Date {
  const moment = typeof value === 'string' ? momentInZone(value, zone, dayAs) : undefined;
  return moment === undefined ? written(value) : new Date(moment);
}

/** The parts of a message or an offer in the order of the form, each with its word there. */
function partsOf(
  body: Readonly<Record<string, JsonValue>>,
  words: Readonly<Record<string, string>>,
  zone: string,
): Fact[] {
  const place = (key: string): number => (key in words ? Object.keys(words).indexOf(key) : Infinity);
  const parts = Object.entries(body).sort(([one], [other]) => (place(one) < place(other) ? -1 : 1));
  return parts.flatMap(([key, value]): Fact[] =>
    key === 'fields' && value !== null && typeof value === 'object' && !Array.isArray(value)
      ? setFields(value)
      : [
          [
            words[key] ?? key,
            TIMES.has(key) ? momentOr(value, zone, key.endsWith('ntil') ? 'end' : 'start') : written(value),
          ],
        ],
  );
}

function actionFacts(action: Ordered['action'], zone: string): Fact[] {
  const what: Fact = ['What', wordOf(ACTIONS, action.type)];
  switch (action.type) {
    case 'message':
      return [what, ...partsOf(action.message, LABELS, zone)];
    case 'offer':
      return [what, ...partsOf(action.offer, { ...LABELS, passType: LABELS.offerType }, zone)];
    case 'convert':
      return [what, [LABELS.convertTo, action.passType], ...setFields(action.fields)];
    case 'update':
      return [what, ...setFields(action.fields)];
    default:
      return [what];
  }
}

function scheduleFacts({ at, atLocal, perMinute, hours }: Ordered['schedule']): Fact[] {
  const local = atLocal && `${atLocal.replace('T', ' ')} on each customer's clock`;
  return [
    ['When', local ?? (at === undefined ? 'as soon as it is started' : new Date(at))],
    ...(perMinute === undefined ? [] : [[LABELS.perMinute, perMinute.toLocaleString('en')] satisfies Fact]),
    ...(hours ? [['Hours', `from ${hours.from} until ${hours.until}`] satisfies Fact] : []),
  ];
}

/** What a campaign was made to do, for whom and when, in the words of its form; `zone` is that of times without one. */
export const presentCampaignOrder = (
  { audience, action, schedule, holdoutPercent, test }: Ordered,
  zone: string,
): Fact[] => [
  ...actionFacts(action, zone),
  ...audienceFacts(audience),
  ...scheduleFacts(schedule),
  ...(holdoutPercent > 0 ? [[LABELS.holdoutPercent, String(holdoutPercent)] satisfies Fact] : []),
  ...(test ? [['Reaches', 'only passes that are marked as tests'] satisfies Fact] : []),
];

/** Why a filter has found nobody, and what to change; null where it has found somebody, or is not through. */
export function explainEmptyAudience({
  audience,
  state,
  rows,
  test,
}: Pick<Ordered, 'audience' | 'test'> & { state: string; rows: { all: number } }): string | null {
  if (!('filter' in audience) || rows.all > 0 || ['uploading', 'preparing', 'failed'].includes(state)) return null;
  const { passTypes, states, installedOn, fields, updatedAfter, updatedBefore } = audience.filter;
  const tries = [
    ...(installedOn && installedOn !== 'none'
      ? [
          `Only passes that a phone holds count, and of a pass in Google Wallet this is known from its callbacks alone: with “${LABELS.installedOn}” at “${wordOf(INSTALLED, '')}” passes on no phone are reached, too`,
        ]
      : []),
    ...(installedOn === 'none' ? [`Only passes on no phone count: change “${LABELS.installedOn}”`] : []),
    ...(test ? ['Only passes that are marked as tests count'] : ['Passes that are marked as tests do not count']),
    ...(fields.length > 0 ? ['Every comparison of “Only if field” must hold: leave some out'] : []),
    ...(passTypes ? [`The type must be ${passTypes.join(' or ')}`] : []),
    ...(updatedAfter || updatedBefore ? ['The last change must lie between the times: make them wider'] : []),
    `The state must be ${states.join(' or ')}`,
  ];
  return `No pass fits all that was asked for. ${tries.join('. ')}. Cancel this one and make another.`;
}
