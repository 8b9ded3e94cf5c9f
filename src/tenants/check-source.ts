import { nearest } from '../common/nearest-name.js';

/** Attributes of a Klaviyo profile that have a value of their own; everything else is a custom property. */
const ATTRIBUTES = [
  ...['email', 'phone_number', 'external_id', 'first_name', 'last_name', 'organization', 'title', 'image', 'locale'],
  ...['created', 'updated', 'last_event_date', 'anonymous_id'],
];
const LOCATION = [
  'address1',
  'address2',
  'city',
  'country',
  'latitude',
  'longitude',
  'region',
  'zip',
  'timezone',
  'ip',
];
const KNOWN = [...ATTRIBUTES, ...LOCATION.map((name) => `location.${name}`)];
const OPEN = ['properties', 'predictive_analytics', 'subscriptions'];

/** Why no profile ever fills a field with this source; undefined where one can. */
export function sourceProblem(source: string): { message: string; cure: string } | undefined {
  const [owner = '', ...rest] = source.split('.');
  if (KNOWN.includes(source) || (OPEN.includes(owner) && rest.join('.').trim() !== '')) return undefined;
  const near = nearest(source, KNOWN) ?? (nearest(owner, OPEN) && `properties.${rest.join('.') || '…'}`);
  const custom = `properties.${source}`;
  const cure = /^[\w $-]+$/.test(source) && near === null ? `write "${custom}" for a custom property.` : undefined;
  return {
    message: `a Klaviyo profile has no "${source}", so this field is never filled from it.`,
    cure:
      cure ??
      `write ${near ? `"${near}"` : `one of ${KNOWN.join(', ')}`}, or "properties.<name>" for a custom property.`,
  };
}
