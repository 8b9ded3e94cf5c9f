import { isBlankText, pointer } from '../common/clean-text.js';
import { normaliseIdentifier } from '../passes/identifiers.js';
import type { ProfileSyncInput } from '../passes/operation-input.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../common/json.js';
import type { TenantSettings } from '../passes/tenant-settings.js';
import { KLAVIYO_CHANNELS, readConsent, type ReadConsent } from './consent.js';

export interface ProfileValues {
  /** What the customer's row takes, by its own names (`email`, `firstName`, `properties.tier`, `consent.sms`); null clears. */
  customer: Record<string, JsonValue>;
  /** The profile by the names that a pass field's `source` uses (`first_name`, `properties.loyalty_tier`). */
  sources: Record<string, JsonValue>;
  /** Channels of Klaviyo that the webhook's list of consents left out, and of which Klaviyo said nothing else. */
  unlisted: string[];
  warnings: { pointer: string; message: string }[];
}

const ATTRIBUTES: Readonly<Record<string, string>> = {
  first_name: 'firstName',
  last_name: 'lastName',
  locale: 'language',
};
const IDENTIFIERS: Readonly<Record<string, string>> = { email: 'email', phone_number: 'phone' };

const objectOf = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});

/** Klaviyo says null, or nothing, for whatever it never knew: that changes nothing, however deep it is. */
function known(value: JsonValue): JsonValue | undefined {
  if (value === null || (typeof value === 'string' && isBlankText(value))) return undefined;
  return typeof value === 'object' && !Array.isArray(value) ? knownOf(value) : value;
}

function knownOf(value: JsonObject): JsonObject {
  const entries = Object.entries(value).map(([name, inner]) => [name, known(inner)] as const);
  return Object.fromEntries(entries.filter((entry): entry is readonly [string, JsonValue] => entry[1] !== undefined));
}

/** Klaviyo's own word wins where it has one. "Never subscribed" is none: Klaviyo says it of people of whom it knows nothing. */
function consentOf(
  given: JsonValue,
  fetched: JsonValue,
): Pick<ProfileValues, 'unlisted'> & Pick<ReadConsent, 'channels'> {
  const said = readConsent(given);
  const asked = Object.entries(readConsent(fetched).channels).filter(
    ([channel, { state }]) => state !== 'NEVER_SUBSCRIBED' || (!said.isWhole && !Object.hasOwn(said.channels, channel)),
  );
  const channels = { ...said.channels, ...Object.fromEntries(asked) };
  const unlisted = said.isWhole ? KLAVIYO_CHANNELS.filter((channel) => !Object.hasOwn(channels, channel)) : [];
  return { channels, unlisted };
}

/**
 * The webhook and the fetched profile as one: Klaviyo's own word wins where it has one, since it was asked later. A null
 * of the webhook clears; a null of the fetched profile is no change.
 */
export function profileValues(input: ProfileSyncInput, settings: TenantSettings): ProfileValues {
  const { properties: fetchedProperties, subscriptions, ...rest } = input.fetched?.attributes ?? {};
  const fetched = knownOf(rest);
  const given = Object.fromEntries(input.identifiers.map(({ kind, value }) => [kind, value]));
  const said: JsonObject = { ...input.attributes, ...fetched };
  const result: ProfileValues = { customer: {}, sources: {}, unlisted: [], warnings: [] };
  const options = { defaultCountry: settings.defaultCountry };

  for (const [theirs, ours] of Object.entries(IDENTIFIERS)) {
    const read = normaliseIdentifier(ours, fetched[theirs] ?? null, options);
    if (read.ok === false) {
      result.warnings.push({ pointer: `/${theirs}`, message: `${theirs} of the profile ${read.message}` });
    }
    const value = read.ok === true ? read.value : given[ours];
    if (value === undefined) continue;
    result.customer[ours] = value;
    result.sources[theirs] = value;
  }
  // "N/A" of an import is nobody's id: as one it would make the second customer a conflict.
  const read = normaliseIdentifier('customerId', fetched['external_id'] ?? null, options);
  const externalId = read.ok === true ? read.value : '';
  const isOurs = settings.klaviyo.externalId === 'serialNumber';
  const customerId = externalId !== '' && !isOurs ? externalId : given['customerId'];
  if (customerId !== undefined) result.customer['customerId'] = customerId;
  if (externalId !== '') result.sources['external_id'] = externalId;
  for (const kind of settings.customIdentifiers) {
    if (given[kind] !== undefined) result.customer[`identifiers.${kind}`] = given[kind];
  }
  for (const [theirs, ours] of Object.entries(IDENTIFIERS)) {
    if (!input.handedOver?.includes(ours) || ours in result.customer) continue;
    result.customer[ours] = null;
    result.sources[theirs] = null;
  }
  const profileId = input.fetched?.id ?? input.klaviyoProfileId;
  if (profileId !== null) result.customer['klaviyoProfileId'] = profileId;

  for (const [name, value] of Object.entries(said)) {
    if (name in IDENTIFIERS || name === 'external_id') continue;
    const ours = ATTRIBUTES[name];
    if (ours !== undefined && (value === null || typeof value === 'string')) result.customer[ours] = value;
    result.sources[name] = value;
    for (const [inner, part] of Object.entries(objectOf(value))) result.sources[`${name}.${inner}`] = part;
  }
  const properties: JsonObject = { ...input.properties, ...knownOf(objectOf(fetchedProperties)) };
  for (const [name, value] of Object.entries(properties)) {
    result.sources[`properties.${name}`] = value;
    const mapped = Object.hasOwn(settings.klaviyo.propertyMap, name) ? settings.klaviyo.propertyMap[name] : undefined;
    if (mapped === undefined) continue;
    result.customer[`properties.${mapped}`] = value;
    if (!settings.customIdentifiers.includes(mapped)) continue;
    const read = normaliseIdentifier(mapped, value, options);
    if (read.ok === true) result.customer[`identifiers.${mapped}`] = read.value;
    else if (value === null) result.customer[`identifiers.${mapped}`] = null;
    else if (read.ok === false) {
      result.warnings.push({
        pointer: pointer('properties') + pointer(name),
        message: `${name} of the profile ${read.message}`,
      });
    }
  }
  const { channels, unlisted } = consentOf(input.consent, subscriptions ?? null);
  for (const [channel, value] of Object.entries(channels)) result.customer[`consent.${channel}`] = { ...value };
  result.unlisted = unlisted;
  return result;
}
