import { momentInZone } from '../../common/zoned-time.js';
import type { PassTypeDesign } from '../../passes/pass-type.js';
import { COMPARISONS, MOST_FORM_COMPARISONS, MOST_FORM_FIELDS } from '../../pages/campaign-words.js';
import type { Form } from './inside.js';

/** What the form's texts are read with. */
interface Reading {
  /** Zone of times on the form. */
  zone: string;
  designs: readonly PassTypeDesign[];
}

type Value = string | number | boolean | null;

/** A text of the form as the type that the field has in the pass types: `points` is 50, not "50". */
function valueOf(field: string, text: string, designs: readonly PassTypeDesign[]): Value {
  if (text === '') return null;
  const types = designs.flatMap(({ fields }) => fields.filter((one) => one.apiFieldName === field));
  const has = (...wanted: string[]): boolean => types.some(({ type }) => wanted.includes(type));
  if (has('number', 'integer') && /^-?\d{1,15}(?:\.\d{1,9})?$/.test(text)) return Number(text);
  if (has('boolean') && /^(?:true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  return text;
}

const numbers = (most: number): number[] => Array.from({ length: most }, (_, index) => index + 1);

/** Only what was filled in: an empty control says nothing. */
const filled = (entries: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined && value !== ''));

/** A time of the form in the tenant's zone; what is none stays, so that the schema says so. */
const moment = (text: string | undefined, zone: string): string | undefined =>
  text ? (momentInZone(text, zone) ?? text) : undefined;

const numberOf = (text: string | undefined): number | string | undefined =>
  text && /^-?\d{1,15}(?:\.\d{1,9})?$/.test(text) ? Number(text) : text;

function audienceOf(form: Form, { zone, designs }: Reading): object {
  const { audience, segment = '', list = '' } = form;
  if (audience === 'csv') return { csv: {} };
  if (audience === 'segment') return { segment: segment.trim() };
  if (audience === 'list') return { list: list.trim() };
  const states = ['active', 'expired', 'voided'].filter((state) => form[`state-${state}`] !== undefined);
  const fields = numbers(MOST_FORM_COMPARISONS).flatMap((n) => {
    const [field = '', is = '', text = ''] = [
      form[`filterField${n}`]?.trim(),
      form[`filterIs${n}`],
      form[`filterValue${n}`],
    ];
    if (field === '') return [];
    const value = is === 'set' || is === 'unset' ? undefined : (valueOf(field, text, designs) ?? undefined);
    return [{ field, is: COMPARISONS[is] ? is : 'equal', ...(value !== undefined && { value }) }];
  });
  const { passType, installedOn, updatedAfter, updatedBefore } = form;
  return {
    filter: filled({
      passTypes: passType ? [passType] : undefined,
      states: states.length > 0 ? states : undefined,
      installedOn,
      fields: fields.length > 0 ? fields : undefined,
      updatedAfter: moment(updatedAfter, zone),
      updatedBefore: moment(updatedBefore, zone),
    }),
  };
}

/** The fields that an action sets: a value for all, a column of the file, or a property of the profile. */
function fieldsOf(form: Form, { designs }: Reading, constantsOnly: boolean): Record<string, unknown> {
  const fields = numbers(MOST_FORM_FIELDS).flatMap((n): [string, unknown][] => {
    const [field = '', from, text = ''] = [form[`field${n}`]?.trim(), form[`from${n}`], form[`value${n}`]];
    if (field === '') return [];
    if (!constantsOnly && (from === 'column' || from === 'property')) return [[field, { [from]: text.trim() }]];
    return [[field, valueOf(field, text, designs)]];
  });
  return Object.fromEntries(fields);
}

function actionOf(form: Form, reading: Reading): object {
  const { action, message, title, link, validFor, notBefore } = form;
  const fields = fieldsOf(form, reading, action === 'offer');
  switch (action) {
    case 'update':
      return { type: 'update', fields };
    case 'convert':
      return { type: 'convert', passType: form['convertTo'] ?? '', fields };
    case 'void':
      return { type: 'void' };
    case 'offer': {
      const { offerType: passType, from, until, priority, uses, notifyAtEnd } = form;
      const terms = filled({ passType, from, until, priority, uses, notifyAtEnd: notifyAtEnd && true });
      return { type: 'offer', offer: { ...terms, ...(Object.keys(fields).length > 0 && { fields }) } };
    }
    default: {
      const texts = { message, title, link, validFor, notBefore };
      return { type: 'message', message: filled({ ...texts, class: form['class'], quietHours: form['quietHours'] }) };
    }
  }
}

function scheduleOf(form: Form, { zone }: Reading): object {
  const { when, at, perMinute, hoursFrom, hoursUntil } = form;
  // Some browsers add seconds.
  const local = at?.slice(0, 16);
  return {
    ...filled({
      perMinute: numberOf(perMinute),
      hours: hoursFrom || hoursUntil ? { from: hoursFrom ?? '', until: hoursUntil ?? '' } : undefined,
    }),
    // Left empty it is a fault, and no start at once.
    ...(when === 'at' && { at: moment(at, zone) ?? '' }),
    ...(when === 'atLocal' && { atLocal: local ?? '' }),
  };
}

/** The form of a new campaign as the body of the API's call, which has the last word on it. */
export const campaignBody = (form: Form, reading: Reading): object => ({
  name: form['name']?.trim() ?? '',
  audience: audienceOf(form, reading),
  action: actionOf(form, reading),
  schedule: scheduleOf(form, reading),
  holdoutPercent: numberOf(form['holdoutPercent'] || '0'),
  ...(form['test'] !== undefined && { test: true }),
});
