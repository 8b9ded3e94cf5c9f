import type { JsonValue } from '../common/json.js';

/** What a customer said about one channel, in Klaviyo's words for the state. */
export interface ChannelConsent {
  state: 'SUBSCRIBED' | 'UNSUBSCRIBED' | 'NEVER_SUBSCRIBED';
  /** ISO 8601 in UTC; null where Klaviyo did not say. */
  at: string | null;
  /** How it was given (`PREFERENCE_PAGE`, `API`, ...); null where Klaviyo did not say. */
  method: string | null;
}

const STATES: Readonly<Record<string, ChannelConsent['state']>> = {
  SUBSCRIBED: 'SUBSCRIBED',
  TRUE: 'SUBSCRIBED',
  UNSUBSCRIBED: 'UNSUBSCRIBED',
  FALSE: 'UNSUBSCRIBED',
  NEVER_SUBSCRIBED: 'NEVER_SUBSCRIBED',
};

type JsonObject = { [key: string]: JsonValue };
const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const word = (value: JsonValue | undefined): string | null =>
  typeof value === 'string' && /^[\w .:/-]{1,100}$/.test(value) ? value : null;

function time(value: JsonValue | undefined): string | null {
  const parsed = typeof value === 'string' ? Date.parse(value) : NaN;
  return Number.isNaN(parsed) ? null : new Date(parsed).toISOString();
}

function readChannel(value: JsonValue): ChannelConsent | null {
  const said = isObject(value) ? (value['consent'] ?? value['state'] ?? null) : value;
  if (typeof said !== 'string' && typeof said !== 'boolean') return null;
  const state = STATES[String(said).trim().toUpperCase()];
  if (state === undefined) return null;
  const about = isObject(value) ? value : {};
  const at = [about['consent_timestamp'], about['timestamp'], about['consented_at'], about['last_updated']];
  return { state, at: at.map(time).find((found) => found !== null) ?? null, method: word(about['method']) };
}

/**
 * Consent per channel from Klaviyo's `subscriptions` (`sms.marketing.consent`, transactional as `sms-transactional`), or
 * from what a flow sent (`{"email": "SUBSCRIBED"}`, `["email"]`). What cannot be read is left out: no change.
 */
export function readConsent(value: JsonValue): Record<string, ChannelConsent> {
  const found: Record<string, ChannelConsent> = {};
  const keep = (channel: string, said: JsonValue): void => {
    const consent = /^[a-z][a-z0-9_-]{0,39}$/.test(channel) ? readChannel(said) : null;
    if (consent) found[channel] = consent;
  };
  if (Array.isArray(value)) {
    for (const channel of value) if (typeof channel === 'string') keep(channel.toLowerCase(), 'SUBSCRIBED');
    return found;
  }
  if (!isObject(value)) return found;
  for (const [channel, said] of Object.entries(value)) {
    const name = channel.toLowerCase();
    if (isObject(said) && ('marketing' in said || 'transactional' in said)) {
      if (said['marketing'] !== undefined) keep(name, said['marketing']);
      if (said['transactional'] !== undefined) keep(`${name}-transactional`, said['transactional']);
    } else keep(name, said);
  }
  return found;
}
