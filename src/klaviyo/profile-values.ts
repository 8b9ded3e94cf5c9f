import { pointer } from '../common/clean-text.js';
import { normaliseIdentifier } from '../passes/identifiers.js';
import type { ProfileSyncInput } from '../passes/operation-input.js';
import type { JsonValue } from '../common/json.js';
import type { TenantSettings } from '../passes/tenant-settings.js';
import { readConsent } from './consent.js';

export interface ProfileValues {
  /** What the customer's row takes, by its own names (`email`, `firstName`, `properties.tier`, `consent.sms`); null clears. */
  customer: Record<string, JsonValue>;
  /** The profile by the names that a pass field's `source` uses (`first_name`, `properties.loyalty_tier`). */
  sources: Record<string, JsonValue>;
  warnings: { pointer: string; message: string }[];
}

const ATTRIBUTES: Readonly<Record<string, string>> = {
  first_name: 'firstName',
  last_name: 'lastName',
  locale: 'language',
};
const IDENTIFIERS: Readonly<Record<string, string>> = { email: 'email', phone_number: 'phone' };

type JsonObject = Record<string, JsonValue>;
const objectOf = (value: JsonValue | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};

/**
 * The webhook and the fetched profile as one: Klaviyo's own word wins where it has one, since it was asked later. A null
 * of the webhook clears; a null of the fetched profile is no change, as Klaviyo says null for whatever it never knew.
 */
export function profileValues(input: ProfileSyncInput, settings: TenantSettings): ProfileValues {
  const { properties: fetchedProperties, subscriptions, ...rest } = input.fetched?.attributes ?? {};
  const fetched = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null));
  const given = Object.fromEntries(input.identifiers.map(({ kind, value }) => [kind, value]));
  const said: JsonObject = { ...input.attributes, ...fetched };
  const result: ProfileValues = { customer: {}, sources: {}, warnings: [] };
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
  const properties: JsonObject = { ...input.properties, ...objectOf(fetchedProperties) };
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
  const consent = { ...readConsent(input.consent), ...readConsent(subscriptions ?? null) };
  for (const [channel, value] of Object.entries(consent)) result.customer[`consent.${channel}`] = { ...value };
  return result;
}
