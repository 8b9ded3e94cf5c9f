/** One line on each setting of a tenant, by its path: for editors (JSON Schema) and for docs/settings.md. */
export const SETTING_DESCRIPTIONS: Readonly<Record<string, string>> = {
  defaultCountry: 'ISO 3166 country whose national phone numbers are understood',
  language: "Language of pages and passes where the customer's own is not known (BCP 47)",
  timeZone: 'IANA zone in which days begin and operators read times, such as `Europe/Berlin`; null: UTC',
  customIdentifiers: 'Identifiers of your own beside e-mail, phone and customer id, such as `loyaltyId`',
  identifierMatching:
    '`all`: every identifier of a request must lead to the pass. `known`: unknown identifiers are ignored',
  waitForPassSeconds: 'How long an update waits for a pass that is being issued',
  waitForUnknownPassSeconds: 'How long an update waits for a pass that no accepted request issues',
  pushWindowSeconds: 'At most one push for each device and pass type in this time, and one at its end',
  allowSeveralPasses: 'Whether somebody may hold several live passes of one type',
  identifyBy: 'Which of e-mail and phone identify a customer',
  mergeKeeps: 'Which pass stays when two customers are merged who hold one each',
  issueAfterExpiry: 'Issuing to the holder of an expired pass: `renew` makes it valid again, `new` issues another one',
  'listeners.pushUpdate': 'Whether flows may change passes',
  'listeners.profileSync': 'Whether flows may sync profiles',
  'listeners.issuePass': 'Whether passes may be issued',
  'listeners.sendMessage': 'Whether flows may send messages to passes',
  allowedFlowIds: 'Ids of the Klaviyo flows that may call; empty: any',
  requestsPerMinute: 'Requests a minute that the tenant may send',
  webhookEndpoints: 'Webhook endpoints that the tenant may have',
  'klaviyo.writeBack': 'Whether links, states and events are written to Klaviyo',
  'klaviyo.externalId':
    '`serialNumber`: write the serial number as external_id where it is empty or ours. `merchant`: never touch it',
  'klaviyo.dataSourceId': 'Data source of the records of passes; `passrelay klaviyo setup` finds it',
  'klaviyo.propertyMap': 'Property of a Klaviyo profile to property or identifier of the customer',
  'klaviyo.metricPrefix': 'Prefix of our metrics’ names in Klaviyo',
  'google.issuerId': 'Issuer id of the Google Wallet console; null: no Google Wallet',
  'links.expiryDays': 'How long a personal link works',
  'links.graceDays': 'How long the previous link works after a new one was made',
  'links.passType':
    'Name of the pass type that the enrolment page issues, and whose logo the pages for customers have; null: the first by name',
  'messages.cap': 'At most `most` marketing messages to one customer in `hours` hours; null: no cap',
  'messages.quietHours':
    'When no marketing messages are sent, by the customer’s clock, such as `21:00` to `08:00`; null: never',
  'messages.heldBack': '`wait`: a message that is held back goes later. `drop`: it is not sent',
  'messages.requireConsent': 'Channel of consents without which no message is sent, such as `push`; null: none',
  consentTexts:
    'Consents that the enrolment page offers: channel, version, text by language, and whether Klaviyo gets them. Offered to whom the channel reaches, or who is asked for the address',
  oauth: 'An issuer of access tokens of your own; its tokens count for this tenant alone',
  'pages.privacyUrl': 'Privacy notice, in the foot of every page for customers',
  'pages.imprintUrl': 'Imprint, in the foot of every page for customers',
  'pages.supportUrl': 'Page or `mailto:` address for help, in the foot and in every page about a mistake',
  'pages.brandUrl': "The brand's own address, behind its logo and name",
  'retention.operationDays': 'After how many days the contents of an operation are emptied',
  'retention.deviceLogDays': 'After how many days lines of device logs are removed',
};

type Schema = { properties?: Record<string, Schema>; description?: string };

/** Puts each line into the JSON Schema of the settings. */
export function describeSettings(schema: Schema, prefix = ''): void {
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const description = SETTING_DESCRIPTIONS[prefix + name];
    if (description !== undefined) property.description = description;
    else describeSettings(property, `${prefix}${name}.`);
  }
}
