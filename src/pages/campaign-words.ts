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

/** What the controls of the form are called: the same words in what it says of faults, and on the page of a campaign. */
export const LABELS = {
  name: 'Name',
  passType: 'Pass type',
  installedOn: 'Installed on',
  updatedAfter: 'Changed since',
  updatedBefore: 'Not changed since',
  segment: 'Id of the segment',
  list: 'Id of the list',
  message: 'Message',
  title: 'Title',
  link: 'Link',
  class: 'Class',
  validFor: 'Taken off after',
  notBefore: 'Not before',
  quietHours: 'Quiet hours',
  convertTo: 'New type',
  offerType: 'Show the type',
  from: 'From',
  until: 'Until, or for',
  priority: 'Priority',
  uses: 'Uses',
  notifyAtEnd: 'Phones speak at the end, too',
  at: 'Time',
  perMinute: 'A minute at most',
  hoursFrom: 'Only from',
  hoursUntil: 'Only until',
  holdoutPercent: 'Held out, percent',
} as const;
