import { isBlank, pointer } from '../common/clean-text.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../common/json.js';

/** What a customer said about one channel, in Klaviyo's words for the state. */
export interface ChannelConsent {
  state: 'SUBSCRIBED' | 'UNSUBSCRIBED' | 'NEVER_SUBSCRIBED';
  /** ISO 8601 in UTC; null where Klaviyo did not say. */
  at: string | null;
  /** How it was given (`PREFERENCE_PAGE`, `API`, ...); null where Klaviyo did not say. */
  method: string | null;
}

/** Said in Klaviyo's words and in those of people, tag filters and other tools; without blanks, hyphens and underscores. */
const STATES: readonly (readonly [ChannelConsent['state'], string])[] = [
  ['SUBSCRIBED', 'subscribed subscribe true yes y on 1 optedin optin granted given agreed accepted consented allowed'],
  [
    'UNSUBSCRIBED',
    'unsubscribed unsubscribe false no n off 0 optedout optout denied declined refused rejected revoked withdrawn',
  ],
  ['NEVER_SUBSCRIBED', 'neversubscribed never'],
];
const STATE_OF: ReadonlyMap<string, ChannelConsent['state']> = new Map(
  STATES.flatMap(([state, words]) => words.split(' ').map((word) => [word, state] as const)),
);

/** The channels that Klaviyo's own list of consents may name. */
export const KLAVIYO_CHANNELS = ['email', 'sms', 'whatsapp', 'push', 'mobile_push', 'mobile', 'web', 'directmail'];
const CHANNEL_WORDS: Readonly<Record<string, string>> = {
  'e-mail': 'email',
  e_mail: 'email',
  mail: 'email',
  text: 'sms',
};

/** More than any account has; a list that is longer is not one of channels. */
const MOST_CHANNELS = 50;

const word = (value: JsonValue | undefined): string | null =>
  typeof value === 'string' && /^[\w .:/-]{1,100}$/.test(value) ? value : null;

function time(value: JsonValue | undefined): string | null {
  const parsed = typeof value === 'string' ? Date.parse(value) : NaN;
  return Number.isNaN(parsed) ? null : new Date(parsed).toISOString();
}

function readState(said: JsonValue): ChannelConsent['state'] | undefined {
  if (Array.isArray(said)) {
    // Klaviyo's subscription calls name the purposes agreed to: {"sms": ["MARKETING", "TRANSACTIONAL"]}.
    const purposes = said.map((purpose) => String(purpose).toLowerCase());
    if (purposes.includes('marketing')) return 'SUBSCRIBED';
    return purposes.length === 0 || purposes.includes('transactional') ? 'UNSUBSCRIBED' : undefined;
  }
  return typeof said === 'object'
    ? undefined
    : STATE_OF.get(
        String(said)
          .toLowerCase()
          .replace(/[\s_-]/g, ''),
      );
}

const STATE_KEYS = ['consent', 'state', 'status'] as const;

function readChannel(value: JsonValue): ChannelConsent | null {
  const said = isJsonObject(value) ? (STATE_KEYS.map((key) => value[key]).find((one) => one != null) ?? null) : value;
  const state = readState(said);
  if (state === undefined) return null;
  const about = isJsonObject(value) ? value : {};
  const at = [about['consent_timestamp'], about['timestamp'], about['consented_at'], about['last_updated']];
  return { state, at: at.map(time).find((found) => found !== null) ?? null, method: word(about['method']) };
}

/** The name of a channel as it is stored, or null. */
export function channelName(said: JsonValue | undefined): string | null {
  if (typeof said !== 'string') return null;
  const name = said.trim().toLowerCase().replace(/\s+/g, '_');
  if (!/^[a-z][a-z0-9_-]{0,39}$/.test(name) || isBlank(name)) return null;
  return CHANNEL_WORDS[name] ?? name;
}

export interface ReadConsent {
  channels: Record<string, ChannelConsent>;
  /** A list of the channels agreed to now: Klaviyo's channels that it leaves out are not agreed to. */
  isWhole: boolean;
  /** Where something is that could not be read; it changes nothing. */
  unreadable: string[];
}

const saysNothing = (value: JsonValue): boolean => value === null || (typeof value === 'string' && isBlank(value));

/**
 * Consent per channel from Klaviyo's `subscriptions` (`sms.marketing.consent`, transactional as `sms-transactional`), or
 * from what a flow sent: `{"email": "SUBSCRIBED"}`, the list `["email"]`, or entries with `channel` and `consent`.
 */
export function readConsent(value: JsonValue): ReadConsent {
  const read: ReadConsent = { channels: {}, isWhole: false, unreadable: [] };
  const keep = (channel: string | null, said: JsonValue, at: string): void => {
    if (saysNothing(said)) return;
    const consent = channel === null ? null : readChannel(said);
    if (channel !== null && consent) read.channels[channel] = consent;
    else read.unreadable.push(at);
  };
  const size = value !== null && typeof value === 'object' ? Object.keys(value).length : 0;
  if (size > MOST_CHANNELS) read.unreadable.push('');
  else if (Array.isArray(value)) {
    const entries = value.filter((entry) => !saysNothing(entry));
    // A list of blanks alone is what a template leaves for nothing; one without entries was meant so.
    read.isWhole = entries.length > 0 ? entries.every((entry) => channelName(entry) !== null) : value.length === 0;
    for (const [index, entry] of value.entries()) {
      const channel = channelName(isJsonObject(entry) ? (entry['channel'] ?? entry['type'] ?? entry['name']) : entry);
      keep(channel, isJsonObject(entry) ? entry : channel === null ? entry : 'SUBSCRIBED', pointer(index));
    }
  } else if (isJsonObject(value)) {
    for (const [key, said] of Object.entries(value)) {
      const name = channelName(key);
      const purposes = isJsonObject(said) ? ['marketing', 'transactional'].filter((purpose) => purpose in said) : [];
      if (purposes.length === 0) keep(name, said, pointer(key));
      for (const purpose of purposes) {
        const channel = name !== null && purpose === 'transactional' ? `${name}-transactional` : name;
        keep(channel, (said as JsonObject)[purpose]!, pointer(key, purpose));
      }
    }
  } else if (!saysNothing(value)) read.unreadable.push('');
  return read;
}
