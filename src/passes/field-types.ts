import { decodeAmpersand, decodeEntities, withoutInvisible } from '../common/clean-text.js';
import { nearest } from '../common/nearest-name.js';
import { tidyText } from '../common/tidy-text.js';
import type { JsonValue } from '../common/json.js';
import type { FieldType, PassField } from './pass-type.js';

/** A value of the field's type, or why it does not fit: `message` follows the field's name, and begins with a blank or a colon. */
export type Read = { value: string | number | boolean } | { message: string; cure: string };

const wrong = (message: string, cure: string): Read => ({ message, cure });

const TRUE: ReadonlySet<string> = new Set(['true', '1', 'yes']);
const FALSE: ReadonlySet<string> = new Set(['false', '0', 'no']);
const URL_SCHEMES: ReadonlySet<string> = new Set(['https:', 'http:', 'mailto:', 'tel:', 'sms:']);
const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?$/;
const DATETIME =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2}(?:\.\d{1,9})?)?\s?(Z|[+-]\d{2}:\d{2}(?::\d{2})?|[+-]\d{4})$/i;

const excerpt = (text: string) => `"${text.length > 40 ? `${text.slice(0, 40)}…` : text}"`;

function realDate(text: string): string | null {
  const parts = DATE.exec(text);
  if (!parts) return null;
  const iso = `${parts[1]}-${parts[2]}-${parts[3]}`;
  const date = new Date(`${iso}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === iso ? iso : null;
}

function readNumber(text: string): number | null {
  const number = NUMBER.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(number)) return null;
  // -0 and 0 are one value in PostgreSQL's jsonb: two spellings would look like a change.
  return number === 0 ? 0 : number;
}

/** A link with what no link may hold: wallets leave it out, or open only its beginning. Numbers are written without blanks. */
const encoded = (address: string): string =>
  address
    .replace(/^(?:tel|sms):[^?]*/i, (number) => number.replaceAll(' ', ''))
    .replaceAll(/[\s"<>]/g, encodeURIComponent);

type Reader = (text: string, given: string | number | boolean, escaped: boolean) => Read;

const READERS: Record<FieldType, Reader> = {
  text: (_, given, escaped) => ({
    value: typeof given === 'string' ? tidyText(escaped ? decodeEntities(given) : given) : String(given),
  }),
  number: (text) => {
    const value = readNumber(text);
    return value === null
      ? wrong(`: ${excerpt(text)} is not a number`, 'send digits with a point, such as 12.50, without blanks')
      : { value };
  },
  integer: (text) => {
    const value = readNumber(text);
    return value === null || !Number.isSafeInteger(value)
      ? wrong(`: ${excerpt(text)} is not a whole number`, 'send digits only, such as 120')
      : { value };
  },
  boolean: (text) => {
    const word = text.toLowerCase();
    if (TRUE.has(word)) return { value: true };
    if (FALSE.has(word)) return { value: false };
    return wrong(`: ${excerpt(text)} is neither true nor false`, 'send true or false');
  },
  date: (text) => {
    const value = realDate(text);
    return value === null
      ? wrong(`: ${excerpt(text)} is not a date`, 'send it as 2026-01-31: {{ …|date:"Y-m-d" }}')
      : { value };
  },
  datetime: (text) => {
    const parts = DATETIME.exec(text);
    const zone = parts?.[4]?.replace(/^([+-]\d{2})(\d{2})$/, '$1:$2').slice(0, 6);
    const time = parts
      ? new Date(`${parts[1]}T${parts[2]}${parts[3]?.slice(0, 7) ?? ':00'}${zone?.toUpperCase()}`)
      : null;
    return !parts || !realDate(parts[1]!) || !time || Number.isNaN(time.getTime())
      ? wrong(`: ${excerpt(text)} is not a time with a zone`, 'send it as 2026-01-31T09:30:00Z: {{ …|date:"c" }}')
      : { value: time.toISOString() };
  },
  url: (text, _, escaped) => {
    const address = (escaped ? decodeAmpersand(text) : text).replaceAll('\n', '');
    const scheme = URL.canParse(address) ? new URL(address).protocol : null;
    return scheme !== null && URL_SCHEMES.has(scheme)
      ? { value: encoded(address) }
      : wrong(`: ${excerpt(text)} is not a link`, 'send a full address that starts with https://');
  },
};

/** The listed value that a text means, whatever its case; where it is none of them, the nearest one is named. */
function choose(choices: NonNullable<PassField['oneOf']>, read: string): Read {
  const wanted = read.toLowerCase();
  const found = choices.find((choice) => choice === read) ?? choices.find((choice) => choice.toLowerCase() === wanted);
  if (found !== undefined) return { value: found };
  const near = nearest(read, choices);
  return wrong(
    `: ${excerpt(read)} is none of the values that the pass type lists`,
    `${near ? `did you mean "${near}"? ` : ''}Send one of ${choices.slice(0, 20).join(', ')}`,
  );
}

/**
 * Reads one value by the field's type; no guesses: "12,50" may be twelve and a half or twelve hundred. `escaped`: it
 * comes from a template, which writes HTML entities.
 */
export function coerceValue(field: PassField, raw: Exclude<JsonValue, null>, escaped: boolean): Read {
  if (typeof raw === 'object') {
    return wrong(
      ` is ${Array.isArray(raw) ? 'a list' : 'an object'} where one value belongs`,
      'insert one property of it',
    );
  }
  if (typeof raw === 'boolean' && (field.type === 'number' || field.type === 'integer')) {
    return wrong(' is true or false where a number belongs', 'send digits');
  }
  const read = READERS[field.type](withoutInvisible(tidyText(String(raw))).trim(), raw, escaped);
  if (!('value' in read) || typeof read.value !== 'string') return read;
  const limit = field.maxLength;
  if (limit !== undefined && [...read.value].length > limit) {
    return wrong(` is longer than ${limit} characters`, 'shorten it: {{ …|truncatechars:' + limit + ' }}');
  }
  return field.oneOf ? choose(field.oneOf, read.value) : read;
}
