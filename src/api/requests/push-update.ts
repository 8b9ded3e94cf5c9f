import { z } from 'zod';
import { cleanJson, isBlank } from '../../common/clean-text.js';
import { parseIdentifiers, placeOfIdentifier, type Identifier } from '../../passes/identifiers.js';
import type { JsonValue } from '../../common/json.js';
import { BodyReader, own, type Body, type Parsed, type RequestOptions } from './body-reader.js';
import { OFFER_TIMES, readTerms } from './offer-terms.js';
import type { Clock } from './read-moment.js';
import type { OfferTerms } from '../../passes/operation-input.js';
import { declareRequest, IDEMPOTENCY_KEY, VERSION } from './declare-request.js';

export interface PushUpdateCommand {
  identifiers: Identifier[];
  passType: string | null;
  /** Fields and custom data to set, as they came; coerced by the pass type's fields when it is known. */
  data: Record<string, JsonValue>;
  updateMetadata: boolean;
  idempotencyKey: string | null;
  version: string | null;
  /** With `until`: the change is an offer and goes by itself. */
  offer: OfferTerms | null;
}

const isAbsent = (value: JsonValue | undefined): boolean =>
  value == null || (typeof value === 'string' && isBlank(value));

function readIdentifiers(reader: BodyReader, options: RequestOptions): Identifier[] {
  const given = reader.object('identifiers');
  if (given) return reader.take(parseIdentifiers(given, options));
  if (isAbsent(own(reader.body, 'identifiers'))) {
    reader.problem('/identifiers', 'identifiers is missing', 'write "identifiers": { "email": "{{ person.email }}" }');
  }
  return [];
}

/** Each field of the request, once: a new one is added here, and used below. */
export const PUSH_UPDATE = declareRequest('The change to one pass', {
  identifiers: {
    schema: z
      .looseObject({
        email: z.string().nullish(),
        phone: z.string().nullish(),
        customerId: z.union([z.string(), z.int()]).nullish(),
        serialNumber: z.union([z.string(), z.int()]).nullish(),
      })
      .describe(
        'At least one; all that are given must lead to the same pass. Custom identifiers of the tenant count too.',
      ),
    example: { email: 'sarah.mason@example.com' },
    read: readIdentifiers,
  },
  additionalData: {
    schema: z
      .record(z.string(), z.unknown())
      .nullish()
      .describe('Fields and custom data to set; null clears a field, a blank text changes nothing'),
    example: { points: 1200 },
    read: (reader: BodyReader) => cleanJson({ ...reader.object('additionalData') }) as Record<string, JsonValue>,
  },
  passType: {
    schema: z.string().nullish().describe('Name or id of the pass type that the pass is converted to'),
    example: 'premium',
    read: (reader: BodyReader) => reader.text('passType'),
  },
  updateMetadata: {
    schema: z
      .boolean()
      .nullish()
      .describe('Move the pass to the newest version of its design and recompute all visuals; default false'),
    example: false,
    read: (reader: BodyReader) => reader.boolean('updateMetadata'),
  },
  ...OFFER_TIMES,
  idempotency_key: IDEMPOTENCY_KEY,
  version: {
    ...VERSION,
    schema: z.union([z.string(), z.int().nonnegative()]).nullish().describe('A guard that only moves forward'),
  },
});

/** The body of `passes/pushUpdate`. All problems at once, each with pointer and cure. */
export function parsePushUpdate(
  body: Body,
  options: RequestOptions = {},
  clock: Clock = { zone: 'UTC', now: new Date() },
): Parsed<PushUpdateCommand> {
  const reader = new BodyReader(body);
  const read = PUSH_UPDATE.read(reader, options);
  const {
    idempotency_key: idempotencyKey,
    additionalData: data,
    identifiers,
    passType,
    updateMetadata,
    version,
  } = read;
  reader.unknownKeys(PUSH_UPDATE.keys, {
    place: (key) => placeOfIdentifier(key, options.custom) ?? 'a field belongs into "additionalData"',
  });
  const offer = readTerms(reader, read, { passType, fields: data, at: '/additionalData' }, clock);
  const rest = { identifiers, passType, updateMetadata, version };
  return reader.finish(() => ({ ...rest, data, idempotencyKey, offer }));
}
