/** The words of the addresses that we call; anything else in one is an id. */
const WORDS = new Set([
  'walletobjects',
  'token',
  'genericObject',
  'genericClass',
  'loyaltyObject',
  'loyaltyClass',
  'offerObject',
  'offerClass',
  'addMessage',
  'api',
  'accounts',
  'profiles',
  'profile-import',
  'profile-bulk-import-jobs',
  'import-errors',
  'profile-subscription-bulk-create-jobs',
  'events',
  'event-bulk-create-jobs',
  'segments',
  'lists',
  'relationships',
  'profile-object-schemas',
  'data-sources',
  'data-source-record-create-jobs',
  'data-source-record-bulk-create-jobs',
  'object-types',
  'object-schemas',
  'object-records',
  'draft-schema',
  'source-mapping',
  'source-mappings',
  'object-ingestion-logs',
]);

/** The address without its query, each id replaced: `/api/profiles/{id}`. */
export function urlTemplate(path: string): string {
  const [address = ''] = path.split('?', 1);
  return address
    .split('/')
    .map((part) => (part === '' || WORDS.has(part) || /^v\d{1,2}$/.test(part) ? part : '{id}'))
    .join('/');
}
