/** The groups of the API reference, in its order, each with the line above its calls. */
export const TAGS = {
  'Klaviyo flows': 'Webhooks that flows of Klaviyo post. Each is stored, answered and then carried out',
  Passes: 'Issue, read, change and end passes',
  'Messages and offers': 'What a pass says for a while: a message on the lock screen, an offer over its fields',
  Campaigns: 'One change or message for many passes, from a CSV file, with a dry run',
  Customers: 'Who holds passes, and merging two records of one person',
  Operations: 'What became of each request: read, follow, retry, cancel',
  'Merchant systems': 'Events for your own systems: endpoints, deliveries, the stream of events',
  'Links and files': 'What a message to a customer links to',
  Health: 'Whether the process answers and can accept requests',
} as const satisfies Record<string, string>;

export type Tag = keyof typeof TAGS;
