import { newId, type SimulatedAccount, type SimulatedProfile } from './account.js';
import { duplicateProfile, invalid, KlaviyoFault, notFound, type Json, type SimulatedAnswer } from './errors.js';
import type { BodyOf } from './schemas.js';

const IDENTIFIERS = ['email', 'phone_number', 'external_id'] as const;
const PLAIN = ['first_name', 'last_name', 'organization', 'locale', 'title', 'image', 'location'] as const;
export const E164 = /^\+[1-9]\d{7,14}$/;
export const EMAIL = /^[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+$/;
const filled = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Drops a bad phone next to a good identifier; the header is then the only sign of it. Alone it is a 400. */
function checkIdentifiers(attributes: Json, hasId: boolean): { attributes: Json; partialFailure: string | null } {
  if (filled(attributes['email']) && !EMAIL.test(attributes['email'])) {
    throw invalid('Invalid email address', '/data/attributes/email');
  }
  if (!filled(attributes['phone_number']) || E164.test(attributes['phone_number'])) {
    return { attributes, partialFailure: null };
  }
  if (!hasId && !filled(attributes['email']) && !filled(attributes['external_id'])) {
    throw invalid(
      'Invalid phone number format (Example of a valid format: +12345678901)',
      '/data/attributes/phone_number',
    );
  }
  const { phone_number: _, ...rest } = attributes;
  return { attributes: rest, partialFailure: 'phone_number' };
}

const same = (name: string, a: unknown, b: unknown) =>
  name === 'email' ? String(a).toLowerCase() === String(b).toLowerCase() : a === b;

const indexKey = (name: string, value: unknown): string => `${name}:${String(value).toLowerCase()}`;

/** Every change of a profile's identifiers is noted here. */
export function noteIdentifiers(account: SimulatedAccount, profile: SimulatedProfile): void {
  for (const name of IDENTIFIERS) {
    const value = profile.attributes[name];
    if (!filled(value)) continue;
    const known = account.byIdentifier.get(indexKey(name, value));
    if (known) known.add(profile);
    else account.byIdentifier.set(indexKey(name, value), new Set([profile]));
  }
}

export function owners(account: SimulatedAccount, attributes: Json): SimulatedProfile[] {
  const found = new Set<SimulatedProfile>();
  for (const name of IDENTIFIERS) {
    if (!filled(attributes[name])) continue;
    for (const profile of account.byIdentifier.get(indexKey(name, attributes[name])) ?? []) {
      const there = account.profiles.get(profile.id) === profile;
      if (there && filled(profile.attributes[name]) && same(name, profile.attributes[name], attributes[name]))
        found.add(profile);
    }
  }
  return [...found];
}

/** Null clears, an omitted field stays; `properties` are merged key by key. */
function apply(
  account: SimulatedAccount,
  profile: SimulatedProfile,
  attributes: Json,
  meta: Json | null | undefined,
  nowMs: number,
): void {
  for (const name of [...IDENTIFIERS, ...PLAIN]) {
    if (Object.hasOwn(attributes, name)) profile.attributes[name] = attributes[name];
  }
  if (filled(profile.attributes['email'])) profile.attributes['email'] = profile.attributes['email'].toLowerCase();
  const properties = profile.attributes.properties;
  Object.assign(properties, attributes['properties'] ?? {});
  const patch = (meta?.['patch_properties'] ?? {}) as { append?: Json; unappend?: Json; unset?: string | string[] };
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : value == null ? [] : [value]);
  for (const [key, value] of Object.entries(patch.append ?? {})) {
    properties[key] = [
      ...list(properties[key]),
      ...list(value).filter((item) => !list(properties[key]).includes(item)),
    ];
  }
  for (const [key, value] of Object.entries(patch.unappend ?? {})) {
    properties[key] = list(properties[key]).filter((item) => !list(value).includes(item));
  }
  for (const key of list(patch.unset)) delete properties[String(key)];
  noteIdentifiers(account, profile);
  profile.updated = new Date(nowMs).toISOString();
}

function add(account: SimulatedAccount, nowMs: number): SimulatedProfile {
  const blank = Object.fromEntries([...IDENTIFIERS, ...PLAIN].map((name) => [name, null]));
  const time = new Date(nowMs).toISOString();
  const never = {
    can_receive_email_marketing: true,
    consent: 'NEVER_SUBSCRIBED',
    suppression: [],
    list_suppressions: [],
  };
  const profile: SimulatedProfile = {
    id: newId(),
    attributes: { ...blank, properties: {} },
    subscriptions: { email: { marketing: never }, sms: { marketing: null } },
    created: time,
    updated: time,
  };
  account.profiles.set(profile.id, profile);
  return profile;
}

export function profileResource(profile: SimulatedProfile, origin: string, withSubscriptions = false): Json {
  const attributes: Json = {
    ...profile.attributes,
    anonymous_id: null,
    created: profile.created,
    updated: profile.updated,
    last_event_date: null,
    ...(withSubscriptions && { subscriptions: profile.subscriptions }),
  };
  return { type: 'profile', id: profile.id, attributes, links: { self: `${origin}/api/profiles/${profile.id}/` } };
}

const partialHeader = (field: string | null): Record<string, string> =>
  field === null ? {} : { 'x-klaviyo-partial-failure': field };

/** The profile that a request names, created where it is unknown. Used by profile-import and by events. */
export function upsertProfile(
  account: SimulatedAccount,
  data: { id?: string | null | undefined; attributes: Json; meta?: Json | null | undefined },
  nowMs: number,
): { profile: SimulatedProfile; created: boolean; partialFailure: string | null } {
  const hasId = filled(data.id);
  const { attributes, partialFailure } = checkIdentifiers(data.attributes, hasId);
  if (!hasId && !filled(attributes['_kx']) && !IDENTIFIERS.some((name) => filled(attributes[name]))) {
    throw invalid('At least one identifier is required: id, email, phone_number or external_id.', '/data/attributes');
  }
  const found = owners(account, attributes);
  if (hasId) {
    const profile = account.profiles.get(data.id as string);
    if (!profile || found.some((other) => other !== profile)) throw notFound('A profile with that id does not exist.');
    apply(account, profile, attributes, data.meta, nowMs);
    return { profile, created: false, partialFailure };
  }
  if (found.length > 1) throw duplicateProfile(found[1]!.id);
  const profile = found[0] ?? add(account, nowMs);
  apply(account, profile, attributes, data.meta, nowMs);
  return { profile, created: found.length === 0, partialFailure };
}

export function importProfile(
  account: SimulatedAccount,
  body: BodyOf<'profileImport'>,
  nowMs: number,
  origin: string,
): SimulatedAnswer {
  const { profile, created, partialFailure } = upsertProfile(account, body.data, nowMs);
  const data = profileResource(profile, origin);
  const links = { self: `${origin}/api/profile-import` };
  return { status: created ? 201 : 200, body: { data, links }, headers: partialHeader(partialFailure) };
}

export function createProfile(
  account: SimulatedAccount,
  body: BodyOf<'profileCreate'>,
  nowMs: number,
  origin: string,
): SimulatedAnswer {
  const owner = owners(account, body.data.attributes)[0];
  if (owner) throw duplicateProfile(owner.id);
  const { profile, partialFailure } = upsertProfile(account, { attributes: body.data.attributes }, nowMs);
  return { status: 201, body: { data: profileResource(profile, origin) }, headers: partialHeader(partialFailure) };
}

export function patchProfile(
  account: SimulatedAccount,
  id: string,
  body: BodyOf<'profilePatch'>,
  nowMs: number,
  origin: string,
): SimulatedAnswer {
  const profile = account.profiles.get(id);
  if (!profile) throw notFound('A profile with that id does not exist.');
  if (body.data.id !== id) throw invalid('The id of the body is not that of the path.', '/data/id');
  const { attributes, partialFailure } = checkIdentifiers(body.data.attributes, true);
  const other = owners(account, attributes).find((owner) => owner !== profile);
  if (other) throw duplicateProfile(other.id);
  apply(account, profile, attributes, body.data.meta, nowMs);
  return { status: 200, body: { data: profileResource(profile, origin) }, headers: partialHeader(partialFailure) };
}

const FILTER = /^(equals|any)\((id|email|phone_number|external_id|_kx),(.+)\)$/s;

export function listProfiles(account: SimulatedAccount, query: URLSearchParams, origin: string): SimulatedAnswer {
  const wrong = (detail: string, parameter: string) =>
    new KlaviyoFault(400, 'invalid', 'Invalid input.', detail, { parameter });
  const size = Number(query.get('page[size]') ?? 20);
  if (!Number.isInteger(size) || size < 1 || size > 100)
    throw wrong('Page size must be between 1 and 100.', 'page[size]');
  const offset = Number(query.get('page[cursor]') ?? 0);
  let found = [...account.profiles.values()];
  const filter = query.get('filter');
  if (filter !== null) {
    const parts = FILTER.exec(filter);
    let wanted: unknown;
    try {
      wanted = parts && JSON.parse(parts[3]!);
    } catch {
      wanted = null;
    }
    const values = parts?.[1] === 'any' ? wanted : [wanted];
    if (!parts || !Array.isArray(values) || values.length === 0 || !values.every(filled)) {
      throw wrong('The filter cannot be parsed.', 'filter');
    }
    const name = parts[2]!;
    const valueOf = (profile: SimulatedProfile) => (name === 'id' ? profile.id : profile.attributes[name]);
    found = found.filter((profile) =>
      values.some((value) => filled(valueOf(profile)) && same(name, valueOf(profile), value)),
    );
  }
  const subscriptions = (query.get('additional-fields[profile]') ?? '').split(',').includes('subscriptions');
  const page = found.slice(offset, offset + size).map((profile) => profileResource(profile, origin, subscriptions));
  const next =
    offset + size < found.length
      ? `${origin}/api/profiles?page%5Bcursor%5D=${offset + size}&page%5Bsize%5D=${size}`
      : null;
  return { status: 200, body: { data: page, links: { self: `${origin}/api/profiles`, next, prev: null } } };
}
