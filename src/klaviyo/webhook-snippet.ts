import type { PassField, PassTypeDesign } from '../passes/pass-type.js';

export interface WebhookSnippet {
  url: string;
  headers: Record<string, string>;
  /** JSON with Klaviyo's template tags, ready to paste. */
  body: string;
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

const tagOf = (expression: string, fallback = ''): string =>
  `{{ ${expression}|default:'${fallback.replaceAll(/['\\]/g, '')}' }}`;

const propertyTag = (property: string, fallback = ''): string =>
  tagOf(`person|lookup:'${property.replaceAll("'", '')}'`, fallback);

/** The tag of a field: from its source in the profile, else from a property of the same name. */
function fieldTag(field: PassField): string {
  const source = field.source ?? `properties.${field.apiFieldName}`;
  const attribute = Object.hasOwn(ATTRIBUTES, source) ? ATTRIBUTES[source]! : null;
  const fallback = field.default === undefined ? '' : String(field.default);
  return attribute ? tagOf(attribute, fallback) : propertyTag(source.replace(/^properties\./, ''), fallback);
}

function notesOn({ fields }: Pick<PassTypeDesign, 'fields'>): string[] {
  const needed = fields.filter((field) => field.required && field.default === undefined).map((f) => f.apiFieldName);
  return [
    ...(needed.length > 0
      ? [`A profile without a value for ${needed.join(', ')} is refused: where that may be, give the tag a default.`]
      : []),
    'In a flow that starts from an event, add "idempotency_key": "{{ event|lookup:\'$event_id\' }}" where the preview shows an id for it.',
    'A recipient who holds such a pass has it updated: a repeated delivery makes no second one.',
  ];
}

/** The webhook action of a flow that issues this pass: every value quoted, which the receiver reads by the field's type. */
export function webhookSnippet(
  design: Pick<PassTypeDesign, 'id' | 'fields'>,
  /** `own`: identifiers of the tenant's own, each with the profile property that holds it. */
  place: { publicUrl: string; accountId: string; own?: Readonly<Record<string, string>> },
): WebhookSnippet {
  const body = {
    passTemplate: design.id,
    pass: Object.fromEntries(design.fields.map((field) => [field.apiFieldName, fieldTag(field)])),
    recipient: {
      email: tagOf('person.email'),
      name: `${tagOf('person.first_name')} ${tagOf('person.last_name')}`,
      phone: tagOf('person.phone_number'),
      ...Object.fromEntries(Object.entries(place.own ?? {}).map(([kind, property]) => [kind, propertyTag(property)])),
    },
  };
  return {
    url: `${place.publicUrl}/v1/passes`,
    headers: {
      'Content-Type': 'application/json',
      'X-API-KEY': '<an API key with the scope Pass.Write>',
      'X-ACCOUNT-ID': place.accountId,
    },
    body: JSON.stringify(body, null, 2),
    notes: notesOn(design),
  };
}
