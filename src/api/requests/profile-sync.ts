import { z } from 'zod';
import { cleanJson, decodeEntities, isBlank, isBlankText, isUnrendered, pointer } from '../../common/clean-text.js';
import { tidyText } from '../../common/tidy-text.js';
import { parseIdentifiers, type Identifier } from '../../passes/identifiers.js';
import type { JsonValue } from '../../common/json.js';
import { readConsent } from '../../klaviyo/consent.js';
import { readConsentText } from './consent-text.js';
import { declareRequest, IDEMPOTENCY_KEY, VERSION } from './declare-request.js';
import { BodyReader, own, type Body, type Parsed, type RequestOptions } from './body-reader.js';

export interface ProfileSyncCommand {
  /** `email`, `phone`, `externalId` where present. */
  identifiers: Identifier[];
  /** Klaviyo's own id of the profile. */
  profileId: string | null;
  /** Standard attributes (`first_name`, `locale`, ...); null clears, absent is no change. */
  attributes: Record<string, JsonValue>;
  /** Custom properties, keys whole (dots stay); null clears. */
  properties: Record<string, JsonValue>;
  /** Klaviyo's `subscriptions`, or `consent` as the flow sent it. */
  consent: JsonValue;
  /** `merchant` where the merchant's own system made the change: it gets no event for it. */
  origin: 'klaviyo' | 'merchant';
  idempotencyKey: string | null;
  version: string | null;
}

const ATTRIBUTES = [
  'first_name',
  'last_name',
  'organization',
  'title',
  'locale',
  'image',
  'location',
  'created',
  'updated',
];
/** Each field of the request, once. They are read together: flat, or from Klaviyo's own object under `data`. */
export const PROFILE_SYNC = declareRequest(
  'The changed profile; Klaviyo’s own profile object under `data` is read too',
  {
    email: { schema: z.string().nullish(), example: 'sarah.mason@example.com' },
    phone_number: { schema: z.string().nullish(), example: '+12125550123', aliases: ['phone'] },
    external_id: {
      schema: z.union([z.string(), z.int()]).nullish().describe('Your own id of the customer'),
      aliases: ['customer_id'],
    },
    profile_id: {
      schema: z.string().nullish().describe('Klaviyo’s id of the profile; it finds a customer whose e-mail changed'),
      example: '01GDDKASAP8TKDDA2GRZDSVP4H',
      aliases: ['id', 'klaviyo_id'],
    },
    first_name: { schema: z.string().nullish() },
    last_name: { schema: z.string().nullish() },
    properties: { schema: z.record(z.string(), z.unknown()).nullish().describe('Custom properties; null clears') },
    consent: {
      schema: z.unknown().optional().describe('`{"email": "SUBSCRIBED"}` or Klaviyo’s `subscriptions`'),
      aliases: ['subscriptions'],
    },
    origin: {
      schema: z.string().nullish().describe('`merchant` where your own system made the change: it gets no event'),
    },
    idempotency_key: IDEMPOTENCY_KEY,
    version: VERSION,
    data: {},
    // Klaviyo's other standard attributes are taken as they are.
    ...Object.fromEntries(ATTRIBUTES.filter((name) => !/^(?:first|last)_name$/.test(name)).map((name) => [name, {}])),
  },
);

/** Drops blanks (no change) and unrendered tags (with a warning); texts are decoded once. */
function readData(reader: BodyReader, from: Body, base: string): Record<string, JsonValue> {
  const out: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(from)) {
    const text = typeof value === 'string' ? tidyText(decodeEntities(value)) : null;
    // Without a type here, `Null` may be a name; the pass type's field decides.
    if (text !== null && isBlankText(text)) continue;
    if (text !== null && isUnrendered(text)) {
      reader.warn(
        base + pointer(key),
        `${key} still holds a template tag and was ignored; check the spelling of the tag`,
      );
    } else out[key] = text ?? value;
  }
  return cleanJson(out) as Record<string, JsonValue>;
}

const pick = (from: Body, keys: readonly string[]): Body =>
  Object.fromEntries(keys.filter((key) => Object.hasOwn(from, key)).map((key) => [key, from[key]!]));

/** Klaviyo's `subscriptions`, or `consent` as the flow sent it; what cannot be read in it is named and changes nothing. */
function readConsentOf(reader: BodyReader, from: Body, base: string): JsonValue {
  const key = own(from, 'subscriptions') == null ? 'consent' : 'subscriptions';
  const given = own(from, key) ?? null;
  const at = base + pointer(key);
  if (typeof given === 'string' && isUnrendered(given)) {
    reader.warn(at, `${key} still holds a template tag and was ignored; check the spelling of the tag`);
    return null;
  }
  const consent = typeof given === 'string' ? readConsentText(given) : given;
  for (const place of readConsent(consent).unreadable.slice(0, MOST_UNREADABLE)) {
    const cure =
      'send {"email": "SUBSCRIBED", "sms": "UNSUBSCRIBED"}, or the list of the channels agreed to, ["email"]';
    reader.warn(at + place, `${key}${place} cannot be read as a consent and changed nothing; ${cure}`);
  }
  return cleanJson(consent);
}

const MOST_UNREADABLE = 20;

const isEmpty = (value: JsonValue | undefined): boolean =>
  value === null || (typeof value === 'string' && isBlank(value));

/** The message of the problem that a body names nobody at all. */
export const NO_IDENTIFIER = 'neither email nor phone_number has a value';

/** The body of `profiles/sync`: flat, or Klaviyo's own profile object under `data.attributes`. */
export function parseProfileSync(body: Body, options: RequestOptions = {}): Parsed<ProfileSyncCommand> {
  const reader = new BodyReader(body);
  const data = Array.isArray(own(body, 'data')) ? null : reader.object('data');
  const nested = data && reader.object('attributes', '/data', data);
  const from: Body = nested ?? body;
  const base = nested ? '/data/attributes' : '';
  const profileKey = ['profile_id', 'klaviyo_id', 'id'].find((key) => Object.hasOwn(body, key)) ?? 'profile_id';
  const profileId = nested && data ? reader.text('id', '/data', data) : reader.text(profileKey);
  const named = pick(from, ['email', 'phone_number', 'phone', 'external_id', 'customer_id', ...(options.custom ?? [])]);
  const parsed = parseIdentifiers(named, options, base);
  const none = parsed.identifiers.length === 0 && parsed.problems.every(({ pointer: at }) => at === base);
  // The two keys of the flow's template, both empty: the template is wrong, or the profile has neither.
  const bothEmpty =
    !nested &&
    ['email', 'phone_number'].every((key) => Object.hasOwn(body, key) && isEmpty(own(body, key))) &&
    !parsed.identifiers.some(({ kind }) => kind === 'phone');
  if (bothEmpty || (none && profileId === null)) {
    reader.problem(
      `${base}/email`,
      NO_IDENTIFIER,
      'write "email": "{{ person.email }}" and "phone_number": "{{ person.phone_number }}", and check that the profile has one; leave both keys out to name a profile by profile_id or external_id alone',
    );
  }
  const identifiers = none ? [] : reader.take(parsed);
  const properties = readData(reader, reader.object('properties', base, from) ?? {}, `${base}/properties`);
  const attributes = readData(reader, pick(from, ATTRIBUTES), base);
  const consent = readConsentOf(reader, from, base);
  const origin = reader.text('origin')?.toLowerCase() === 'merchant' ? 'merchant' : 'klaviyo';
  const idempotencyKey = reader.idempotencyKey();
  const version = reader.version();
  if (!nested) reader.unknownKeys([...PROFILE_SYNC.keys, ...(options.custom ?? [])]);
  return reader.finish(() => ({
    identifiers,
    profileId,
    attributes,
    properties,
    consent,
    origin,
    idempotencyKey,
    version,
  }));
}
