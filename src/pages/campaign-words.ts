/** How a filter compares a field, in words. */
export const COMPARISONS: Readonly<Record<string, string>> = {
  equal: 'is',
  notEqual: 'is not',
  greater: 'is more than',
  less: 'is less than',
  set: 'has a value',
  unset: 'has no value',
};

export const AUDIENCES = [
  ['filter', 'Passes'],
  ['csv', 'A CSV file'],
  ['segment', 'A Klaviyo segment'],
  ['list', 'A Klaviyo list'],
] as const;

export const ACTIONS = [
  ['message', 'Send a message'],
  ['update', 'Set fields'],
  ['convert', 'Change the type'],
  ['offer', 'Lay an offer over it'],
  ['void', 'Void'],
] as const;

export const INSTALLED = [
  ['', 'anything or nothing'],
  ['any', 'any wallet'],
  ['apple', 'Apple'],
  ['google', 'Google'],
  ['none', 'no wallet'],
] as const;

/** What a campaign's state is called: one that runs and has nothing to do yet waits. */
export function stateInWords(
  { at, atLocal }: { at?: unknown; atLocal?: unknown },
  state: string,
  startedAt: unknown,
  waitsUntil: string | null = null,
): string {
  const hasTime = at !== undefined || atLocal !== undefined;
  return state === 'running' && (waitsUntil !== null || (startedAt === null && hasTime)) ? 'waiting' : state;
}

/** Rows of the form in which fields are named. */
export const MOST_FORM_FIELDS = 5;
export const MOST_FORM_COMPARISONS = 3;

/** A control of the form: what it is called, and what is to be done where it is empty or wrong. */
interface ControlWords {
  label: string;
  wants: string;
  /** The control that begins where this one ends. */
  after?: string;
}

const TIME = 'choose a date and a time';
const CHOICE = 'choose one of the list';
const NAMES = 'write the name of a field, as the page “Klaviyo” lists it';

const CONTROLS = {
  name: { label: 'Name', wants: 'write a text of up to 200 characters' },
  passType: { label: 'Pass type', wants: CHOICE },
  installedOn: { label: 'Installed on', wants: CHOICE },
  updatedAfter: { label: 'Changed since', wants: TIME },
  updatedBefore: { label: 'Not changed since', wants: TIME, after: 'updatedAfter' },
  segment: {
    label: 'Id of the segment',
    wants: 'copy the letters and digits from the address of the segment in Klaviyo',
  },
  list: { label: 'Id of the list', wants: 'copy the letters and digits from the address of the list in Klaviyo' },
  message: { label: 'Message', wants: 'write a text of up to 1,000 characters' },
  title: { label: 'Title', wants: 'write a text of up to 100 characters' },
  link: { label: 'Link', wants: 'write an address such as https://shop.example/sale' },
  class: { label: 'Class', wants: CHOICE },
  validFor: { label: 'Taken off after', wants: 'write a length such as 3 days, up to 400 days' },
  notBefore: { label: 'Not before', wants: TIME },
  quietHours: { label: 'Quiet hours', wants: CHOICE },
  convertTo: { label: 'New type', wants: CHOICE },
  offerType: { label: 'Show the type', wants: CHOICE },
  from: { label: 'From', wants: TIME },
  until: { label: 'Until, or for', wants: 'write a length such as 14 days, up to 400 days, or a time', after: 'from' },
  priority: { label: 'Priority', wants: 'write a whole number from -1000 to 1000' },
  uses: { label: 'Uses', wants: 'write a whole number from 1 to 1,000,000' },
  notifyAtEnd: { label: 'Phones speak at the end, too', wants: CHOICE },
  at: { label: 'Time', wants: TIME },
  perMinute: { label: 'A minute at most', wants: 'write a whole number from 1 to 60,000' },
  hoursFrom: { label: 'Only from', wants: 'choose a time of the day' },
  hoursUntil: { label: 'Only until', wants: 'choose a time of the day', after: 'hoursFrom' },
  holdoutPercent: { label: 'Held out, percent', wants: 'write a number from 0 to 90' },
} as const satisfies Record<string, ControlWords>;

const VALUE = 'write a value of the kind that the field has';

/** The controls of the rows, by what their names begin with. */
const ROWS: Readonly<Record<string, { most: number; label: (n: number) => string; wants: string }>> = {
  filterField: { most: MOST_FORM_COMPARISONS, label: (n) => `Only if field, ${n}`, wants: NAMES },
  filterIs: { most: MOST_FORM_COMPARISONS, label: (n) => `Comparison ${n}`, wants: CHOICE },
  filterValue: { most: MOST_FORM_COMPARISONS, label: (n) => `Compared with, ${n}`, wants: VALUE },
  field: { most: MOST_FORM_FIELDS, label: (n) => `Field ${n}`, wants: NAMES },
  from: { most: MOST_FORM_FIELDS, label: (n) => `Value from, ${n}`, wants: CHOICE },
  value: { most: MOST_FORM_FIELDS, label: (n) => `Value ${n}`, wants: VALUE },
};

/** What the form says of each of its controls, by name: its labels and its faults come from here. */
export const FORM_CONTROLS: Readonly<Record<string, ControlWords>> = {
  ...CONTROLS,
  ...Object.fromEntries(
    Object.entries(ROWS).flatMap(([name, { most, label, wants }]) =>
      Array.from({ length: most }, (_, index) => [`${name}${index + 1}`, { label: label(index + 1), wants }]),
    ),
  ),
};

/** What the controls are called: the same words on the page of a campaign. */
export const LABELS = Object.fromEntries(Object.entries(CONTROLS).map(([name, { label }]) => [name, label])) as {
  [Name in keyof typeof CONTROLS]: string;
};
