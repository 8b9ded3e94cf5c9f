import { createHash } from 'node:crypto';
import { DateTime } from 'luxon';
import { z } from 'zod';
import { isUnrendered } from '../common/clean-text.js';
import type { FaultKind } from '../common/fault-kind.js';
import { foreignPlaceholders, UnfitRow, valuesOfTexts, type RowValue } from './campaign-message.js';
import type { OfferTerms, SendMessageInput } from './operation-input.js';
import type { JsonValue } from '../common/json.js';

export const CAMPAIGN_STATES = [
  'uploading',
  'preparing',
  'ready',
  'running',
  'paused',
  'ended',
  'cancelled',
  'failed',
] as const;
export type CampaignState = (typeof CAMPAIGN_STATES)[number];

const name = z.string().min(1).max(100);
/** Unrendered template tags would be on every card. */
const rendered = (text: string): boolean => foreignPlaceholders(text).length === 0;
const UNRENDERED = {
  error: 'still holds a template tag: write {"column": "…"} or {"property": "…"} for a value of each customer',
  params: { kind: 'tag' satisfies FaultKind },
};
const scalar = z.union([z.string().max(2000).refine(rendered, UNRENDERED), z.number(), z.boolean(), z.null()]);

/** A value for everybody, or one of each row: a column of the CSV, or a property of the customer's profile. */
const fieldValue = z.union([
  scalar,
  z.strictObject({ column: name.describe('Column of the CSV') }),
  z.strictObject({ property: name.describe('Property of the customer, as a profile sync brings it') }),
]);
export type CampaignValue = z.output<typeof fieldValue>;

const comparison = z.strictObject({
  field: name,
  is: z.enum(['equal', 'notEqual', 'greater', 'less', 'set', 'unset']),
  value: z
    .union([z.string().max(500), z.number(), z.boolean()])
    .optional()
    .describe('Not for set and unset'),
});

export const passFilter = z
  .strictObject({
    passTypes: z.array(name).min(1).max(50).optional().describe('Names or ids; absent: all'),
    states: z
      .array(z.enum(['active', 'expired', 'voided']))
      .min(1)
      .default(['active']),
    fields: z.array(comparison).max(10).default([]).describe('All of them must hold; values of one type are compared'),
    installedOn: z.enum(['apple', 'google', 'any', 'none']).optional(),
    updatedBefore: z.iso.datetime({ offset: true }).optional(),
    updatedAfter: z.iso.datetime({ offset: true }).optional(),
  })
  .refine(
    ({ updatedBefore: before, updatedAfter: after }) =>
      before === undefined || after === undefined || Date.parse(after) < Date.parse(before),
    {
      error: 'no pass can be both: updatedBefore must be later than updatedAfter',
      path: ['updatedBefore'],
      params: { kind: 'order' satisfies FaultKind },
    },
  );
export type PassFilter = z.output<typeof passFilter>;

const klaviyoId = (of: string) =>
  z.string().regex(/^[A-Za-z0-9]{1,40}$/, `the id of a ${of}: it is in its address in Klaviyo`);
export const audience = z.union(
  [
    z.strictObject({ filter: passFilter }),
    z.strictObject({ csv: z.strictObject({}).describe('The rows follow by PUT …/rows') }),
    z.strictObject({ segment: klaviyoId('segment') }),
    z.strictObject({ list: klaviyoId('list') }),
  ],
  { error: 'write {"filter": {…}}, {"csv": {}}, {"segment": "<id>"} or {"list": "<id>"}' },
);

const fields = z.record(z.string().min(1).max(100), fieldValue);
export const campaignAction = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('update'),
    fields: fields.refine((given) => Object.keys(given).length > 0, {
      error: 'no field is named: nothing would change',
      params: { kind: 'missing' satisfies FaultKind },
    }),
  }),
  z.strictObject({ type: z.literal('convert'), passType: name, fields: fields.default({}) }),
  z.strictObject({ type: z.literal('void') }),
  z.strictObject({
    type: z.literal('message'),
    message: z
      .record(z.string(), z.json())
      .describe(
        'As for POST /v1/passes/{serialNumber}/messages: message, title, link, class, validUntil and so on. Texts take `{column:Name|without}` and `{property:name|without}`: a value of each customer, and what stands there where there is none',
      ),
  }),
  z.strictObject({
    type: z.literal('offer'),
    offer: z
      .record(z.string(), z.json())
      .describe('As for POST /v1/passes/{serialNumber}/offers: fields or passType, from, until, priority and so on'),
  }),
]);
export type CampaignAction = z.output<typeof campaignAction>;

const clock = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'a time such as 09:30');
export const campaignSchedule = z
  .strictObject({
    at: z.iso.datetime({ offset: true }).optional().describe('Not before this time; absent: now'),
    atLocal: z
      .string()
      .regex(
        /^\d{4}-\d{2}-\d{2}T(?:[01]\d|2[0-3]):[0-5]\d$/,
        'a date and time without a zone, such as 2026-12-01T09:00',
      )
      .refine((text) => DateTime.fromISO(text).isValid, {
        error: 'no date of the calendar',
        params: { kind: 'form' satisfies FaultKind },
      })
      .optional()
      .describe("At this time on each customer's own clock"),
    perMinute: z.int().min(1).max(60_000).optional().describe('Pace; absent: what push and provider budgets allow'),
    hours: z
      .strictObject({ from: clock, until: clock })
      .refine(({ from, until }) => from !== until, {
        error: 'from and until must differ',
        params: { kind: 'same' satisfies FaultKind },
      })
      .optional()
      .describe('Nothing is begun outside these hours, by the clock of the tenant; may go over midnight'),
  })
  .refine(({ at, atLocal }) => at === undefined || atLocal === undefined, 'give "at" or "atLocal", not both');
export type CampaignSchedule = z.output<typeof campaignSchedule>;

/** What a campaign is, as kept in `campaigns.definition`. */
export const campaignDefinition = z.strictObject({
  audience,
  action: campaignAction,
  schedule: campaignSchedule.prefault({}),
  holdoutPercent: z
    .number()
    .min(0)
    .max(90)
    .default(0)
    .describe('Share of customers that are left out, to compare with'),
});
export type CampaignDefinition = z.output<typeof campaignDefinition> & {
  /** What the message of the action was read as. */
  messageInput?: Omit<SendMessageInput, 'identifiers' | 'passId'>;
  /** What the offer of the action was read as: the same times for everybody. */
  offerTerms?: OfferTerms;
  /** What was found when it was made. */
  warnings?: CampaignWarning[];
};

/** Whether what it does takes passes out of use: it is not started without a second word. */
export const isDestructive = ({ type }: Pick<CampaignAction, 'type'>): boolean => type === 'void';

/** Whether a customer is held out: the same answer for the same campaign and customer, anywhere and at any time. */
export function isHeldOut(campaignId: string, customerId: string, percent: number): boolean {
  const share = createHash('sha256').update(`${campaignId}/${customerId}`).digest().readUInt32BE(0) / 2 ** 32;
  return share * 100 < percent;
}

/**
 * The fields of one row: constants as they are, columns and properties by their names. Nothing there: no change. Throws
 * `UnfitRow` if a value is an unrendered template tag.
 */
export function fieldsOfRow(
  wanted: Readonly<Record<string, CampaignValue>>,
  row: { given: Record<string, JsonValue>; properties: Record<string, JsonValue> },
): Record<string, JsonValue> {
  const filled = Object.entries(wanted).map(([field, value]): [string, JsonValue | undefined] => {
    if (value === null || typeof value !== 'object') return [field, value];
    const [from, key] = 'column' in value ? [row.given, value.column] : [row.properties, value.property];
    const found = Object.hasOwn(from, key) ? from[key] : undefined;
    if (typeof found === 'string' && isUnrendered(found)) {
      throw new UnfitRow(`What the field "${field}" would be set to holds a template tag.`);
    }
    return [field, found];
  });
  return Object.fromEntries(filled.filter((entry): entry is [string, JsonValue] => entry[1] !== undefined));
}

function valuesNamed(action: CampaignAction): RowValue[] {
  if (action.type === 'message') return valuesOfTexts(action.message);
  if (!('fields' in action)) return [];
  return Object.values(action.fields).flatMap((value): RowValue[] => {
    if (value === null || typeof value !== 'object') return [];
    return 'column' in value
      ? [{ source: 'column', name: value.column }]
      : [{ source: 'property', name: value.property }];
  });
}

/** The values of each row that an action asks for, each once. */
export const rowValuesOf = (action: CampaignAction): RowValue[] => [
  ...new Map(valuesNamed(action).map((value) => [`${value.source}:${value.name}`, value])).values(),
];

/** The columns of the CSV that an action asks for. */
export const columnsOf = (action: CampaignAction): string[] =>
  rowValuesOf(action).flatMap(({ source, name }) => (source === 'column' ? [name] : []));

/** What is allowed and probably not meant. */
export const campaignWarning = z.object({ pointer: z.string(), message: z.string(), cure: z.string() });
export type CampaignWarning = z.output<typeof campaignWarning>;
