import { decodeEntities, isBlank } from '../../common/clean-text.js';
import type { JsonValue } from '../../common/json.js';
import { channelName, KLAVIYO_CHANNELS } from '../../klaviyo/consent.js';
import { parseDelivery } from './tolerant-json.js';

const QUOTES = /["'\u2018-\u201f]/g;
/** Far longer than all channels together: what is longer is no consent, and is not read. */
const MOST_CHARACTERS = 2_000;
/** Lists, tuples and sets of Python, and what is left of them where a template joins them. */
const BRACKETS = /^[[({]([^[\](){}]*)[\])}]$/;

/**
 * A consent that came as one text, as templates write lists and objects between quotes: `['email', 'sms']`,
 * `{'email': 'SUBSCRIBED'}`, `email, sms`. What is none of these is given back as it came.
 */
export function readConsentText(given: string): JsonValue {
  if (given.length > MOST_CHARACTERS) return given;
  const text = decodeEntities(given).trim();
  if (isBlank(text)) return null;
  if (text.startsWith('{') || text.startsWith('[')) {
    const parsed = parseDelivery(Buffer.from(`{"consent": ${text}}`));
    if (parsed.ok) return parsed.value['consent'] ?? null;
  }
  const inner = BRACKETS.exec(text)?.[1];
  const parts = (inner ?? text)
    .split(/[,;|]/)
    .map((part) => part.trim().replace(QUOTES, '').trim())
    .filter((part) => !isBlank(part));
  const names = parts.map(channelName);
  // Without brackets a word may be anything: only channels that Klaviyo has make a list of it.
  const isList = names.every((name) => name !== null && (inner !== undefined || KLAVIYO_CHANNELS.includes(name)));
  return isList ? (names as string[]) : given;
}
