import type { PassField, PassTypeDesign } from '../passes/pass-type.js';

export interface WebhookSnippet {
  url: string;
  headers: Record<string, string>;
  /** JSON with Klaviyo's template tags, ready to paste. */
  body: string;
  /** Parts of the body that stand for something of the marketer's own: names of properties, words. */
  yours: string[];
  /** What the marketer should know before pasting it. */
  notes: string[];
}

/** Attributes that Klaviyo's templates reach by a dot; everything else goes through `lookup`. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  email: 'person.email',
  phone_number: 'person.phone_number',
  first_name: 'person.first_name',
  last_name: 'person.last_name',
  organization: 'person.organization',
  title: 'person.title',
  external_id: 'person.external_id',
};

const tagOf = (expression: string): string => `{{ ${expression} }}`;
/** For texts: null would arrive as `None`, which beside another name would be part of it. */
const textTagOf = (expression: string): string => `{{ ${expression}|default:'' }}`;

const lookup = (property: string): string => `person|lookup:'${property.replaceAll("'", '')}'`;

/**
 * The tag of a field: from its source in the profile, else from a property of the same name. Never with a default: Klaviyo
 * takes 0 and False for missing, and a default of the tag would overwrite what a pass has already. The design's own
 * default fills a new pass.
 */
function fieldTag(field: PassField): string {
  const source = field.source ?? `properties.${field.apiFieldName}`;
  return Object.hasOwn(ATTRIBUTES, source)
    ? textTagOf(ATTRIBUTES[source]!)
    : tagOf(lookup(source.replace(/^properties\./, '')));
}

const fieldTags = (fields: readonly PassField[]): Record<string, string> =>
  Object.fromEntries(fields.map((field) => [field.apiFieldName, fieldTag(field)]));

const FLOW_KEY = '<your key for flows>';

/** Names of the profile's properties that a body looks up, as they stand in it. */
const propertiesIn = (body: string): string[] => [
  ...new Set([...body.matchAll(/person\|lookup:'([^']+)'/g)].map(([, name]) => `'${name}'`)),
];
const examplesNote = (body: string): string[] => {
  const names = propertiesIn(body);
  return names.length === 0
    ? []
    : [
        `${names.join(', ')}: the properties of a profile that this design reads. Where yours have other names, write those.`,
      ];
};

const EVENT_KEY =
  'In a flow that starts from an event, add "idempotency_key": "{{ event|lookup:\'$event_id\' }}" where the preview shows an id for it.';
const NO_DEFAULTS =
  "Write no value as a tag's default (such as default:'0'): a profile without a value leaves the pass as it is, and the design has its own defaults for a new one. The blank default:'' changes nothing.";

function notesOn({ fields }: Pick<PassTypeDesign, 'fields'>): string[] {
  const needed = fields.filter((field) => field.required && field.default === undefined).map((f) => f.apiFieldName);
  return [
    ...(needed.length > 0
      ? [
          `A profile without a value for ${needed.join(', ')} is refused: filter the flow, or let the design give the field a default.`,
        ]
      : []),
    NO_DEFAULTS,
    EVENT_KEY,
    'A recipient who holds such a pass has it updated: a repeated delivery makes no second one.',
  ];
}

interface Place {
  publicUrl: string;
  accountId: string;
  /** Identifiers of the tenant's own, each with the profile property that holds it. */
  own?: Readonly<Record<string, string>>;
}

const ownTags = ({ own = {} }: Place): Record<string, string> =>
  Object.fromEntries(Object.entries(own).map(([kind, property]) => [kind, textTagOf(lookup(property))]));

/** The webhook action of a flow that issues this pass: every value quoted, which the receiver reads by the field's type. */
export function webhookSnippet(design: Pick<PassTypeDesign, 'id' | 'fields'>, place: Place): WebhookSnippet {
  const body = {
    passTemplate: design.id,
    pass: fieldTags(design.fields),
    recipient: {
      email: textTagOf('person.email'),
      name: `${textTagOf('person.first_name')} ${textTagOf('person.last_name')}`,
      phone: textTagOf('person.phone_number'),
      ...ownTags(place),
    },
  };
  const text = JSON.stringify(body, null, 2);
  return {
    url: `${place.publicUrl}/v1/passes`,
    headers: {
      'Content-Type': 'application/json',
      'X-API-KEY': FLOW_KEY,
      'X-ACCOUNT-ID': place.accountId,
    },
    body: text,
    yours: propertiesIn(text),
    notes: [...examplesNote(text), 'The key for flows needs the scope Pass.Write here.', ...notesOn(design)],
  };
}

/** The webhook action of a flow that updates this pass from the profile. */
export function updateSnippet(
  design: Pick<PassTypeDesign, 'fields'>,
  place: Omit<Place, 'accountId'> & { tenantId: string },
): WebhookSnippet {
  // One identifier that everybody has: all that are sent must lead to the pass.
  const body = { identifiers: { email: textTagOf('person.email') }, additionalData: fieldTags(design.fields) };
  const text = JSON.stringify(body, null, 2);
  return {
    url: `${place.publicUrl}/api/${place.tenantId}/webhooks/listeners/klaviyo/passes/pushUpdate`,
    headers: {
      'Content-Type': 'application/json',
      'X-API-KEY': FLOW_KEY,
    },
    body: text,
    yours: propertiesIn(text),
    notes: [
      ...examplesNote(text),
      'Keep the fields that this flow is about, and delete the other lines.',
      NO_DEFAULTS,
      EVENT_KEY,
      'An empty 200 means that the change is stored. The page /ops of your tenant shows what became of it.',
    ],
  };
}

/** The webhook action of a flow that lays a time-boxed offer over the person's pass. */
export function offerSnippet(
  design: Pick<PassTypeDesign, 'fields'>,
  place: { publicUrl: string; tenantId: string },
): WebhookSnippet {
  const update = updateSnippet(design, place);
  const body = { ...(JSON.parse(update.body) as object), until: '14 days' };
  return {
    ...update,
    body: JSON.stringify(body, null, 2),
    yours: [...update.yours, '14 days'],
    notes: [
      'Keep the fields that the offer covers, write its values in place of the tags, and delete the other lines.',
      '"until" is a length, a day or a time. Add "from" for a later beginning, and "priority" where offers overlap.',
      'Nothing has to be restored: what the pass holds itself shows again at the end.',
      EVENT_KEY,
      'An empty 200 means that the offer is stored. The page /ops of your tenant shows what became of it.',
    ],
  };
}

/** The webhook action of a flow that sends a message to the person's pass. */
export function messageSnippet(place: { publicUrl: string; tenantId: string }): WebhookSnippet {
  const body = {
    identifiers: { email: textTagOf('person.email') },
    message: 'Your table is ready',
    link: 'https://shop.example/tonight',
    class: 'marketing',
    validFor: '3 days',
  };
  return {
    url: `${place.publicUrl}/api/${place.tenantId}/webhooks/listeners/klaviyo/passes/notify`,
    headers: {
      'Content-Type': 'application/json',
      'X-API-KEY': FLOW_KEY,
    },
    body: JSON.stringify(body, null, 2),
    yours: [body.message, body.link, body.validFor],
    notes: [
      'Write your own message, or one for each language: { "en": "…", "de": "…" }. Lock screens show about 150 characters.',
      'Delete "link" and "validFor" if the message has none. "class": "service" passes the cap and the quiet hours.',
      'People read it on a locked phone: no personal data.',
      EVENT_KEY,
      'An empty 200 means that the message is stored. The page /ops of your tenant shows what became of it.',
    ],
  };
}

/** The webhook action of a flow that carries a changed profile over to the person's passes. */
export function syncSnippet(place: { publicUrl: string; tenantId: string }): WebhookSnippet {
  const body = {
    email: textTagOf('person.email'),
    phone_number: textTagOf('person.phone_number'),
    external_id: textTagOf('person.external_id'),
  };
  return {
    url: `${place.publicUrl}/api/${place.tenantId}/webhooks/listeners/klaviyo/profiles/sync`,
    headers: { 'Content-Type': 'application/json', 'X-API-KEY': FLOW_KEY },
    body: JSON.stringify(body, null, 2),
    yours: [],
    notes: [
      'It says only who: Passrelay reads the profile from Klaviyo then, with the key that your engineer has set, and changes the fields that the design takes from it.',
      'It makes no customer and no card: for somebody without a card it does nothing. Issue one first.',
      'An empty 202 means that it is stored. The page /ops of your tenant shows what became of it.',
    ],
  };
}
