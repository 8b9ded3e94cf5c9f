import type { JsonValue } from '../common/json.js';
import type { PassField, PassTypeDesign } from './pass-type.js';
import { firstAllowed } from './sample-values.js';

/** Somebody invented, to see a design with: a name for people, and the pass's data. */
export interface SampleCustomer {
  name: string;
  data: Record<string, JsonValue>;
  /** What the card at Google shows, where that differs. */
  atGoogle?: Record<string, JsonValue>;
}

/** More would fill a page with cards that differ in one colour. */
const MOST_CASES = 6;
const LONG_WORDS = 'Wilhelmina Featherstonehaugh-Montgomery of Llanfairpwllgwyngyll ';

const BY_SOURCE: Readonly<Record<string, string>> = {
  first_name: 'Alex',
  last_name: 'Rivera',
  email: 'alex@example.com',
  phone_number: '+15555550100',
};

function plausible(field: PassField): JsonValue {
  // A card of nothing shows little: 0 points is how a customer starts, not how the card looks.
  if (field.default !== undefined && field.default !== 0) return field.default;
  const allowed = firstAllowed(field);
  if (allowed !== undefined) return allowed;
  if (field.source !== undefined && Object.hasOwn(BY_SOURCE, field.source)) return BY_SOURCE[field.source]!;
  switch (field.type) {
    case 'number':
    case 'integer':
      return 120;
    case 'boolean':
      return true;
    case 'date':
      return '2027-06-30';
    case 'datetime':
      return '2027-06-30T18:30:00Z';
    case 'url':
      return 'https://example.com/offer';
    default:
      return (field.label ?? field.apiFieldName).slice(0, field.maxLength);
  }
}

function longest(field: PassField): JsonValue {
  if (field.type === 'number') return 1234567.89;
  if (field.type === 'integer') return 1234567;
  if (field.type !== 'text' || firstAllowed(field) !== undefined) return plausible(field);
  // A value that chooses a colour or an image is one of a few words, never long.
  const length = Math.min(field.maxLength ?? 120, 120);
  return LONG_WORDS.repeat(Math.ceil(length / LONG_WORDS.length))
    .slice(0, length)
    .trim();
}

const dataOf = (fields: readonly PassField[], value: (field: PassField) => JsonValue): Record<string, JsonValue> =>
  Object.fromEntries(fields.map((field) => [field.apiFieldName, value(field)]));

/**
 * Customers that show what a design can look like: an ordinary one, one for each case of the first visual with cases
 * (tier gold, tier silver …), one with texts as long as the fields allow, and one with nothing but what is required.
 */
export function sampleCustomers(design: Pick<PassTypeDesign, 'fields' | 'visuals'>): SampleCustomer[] {
  const { fields } = design;
  const ordinary = dataOf(fields, plausible);
  const deciding = new Set<string>();
  for (const visual of Object.values(design.visuals)) if ('from' in visual) deciding.add(visual.from);
  const cases = Object.values(design.visuals).flatMap((visual) =>
    'from' in visual ? Object.keys(visual.cases).map((value) => ({ field: visual.from, value })) : [],
  );
  const [first] = cases;
  const ofFirst = [...new Set(cases.filter(({ field }) => field === first?.field).map(({ value }) => value))];
  const long = dataOf(fields, (field) => (deciding.has(field.apiFieldName) ? plausible(field) : longest(field)));
  const bare = dataOf(
    fields.filter(({ required, default: preset }) => required && preset === undefined),
    plausible,
  );
  return [
    { name: 'ordinary', data: ordinary },
    ...ofFirst
      .slice(0, MOST_CASES)
      .map((value) => ({ name: `${first!.field} ${value}`, data: { ...ordinary, [first!.field]: value } })),
    { name: 'long texts', data: long },
    { name: 'only what is required', data: bare },
  ];
}
