import { decodeHTMLStrict } from 'entities';
import type { JsonValue } from './json.js';

// PostgreSQL refuses \u0000 and lone surrogates in jsonb: left in, they turn a permanent fault into a 500.

const CONTROL = /[\u0000-\u0008\u000e-\u001f\u007f-\u009f]/g;
/** Tabs and page breaks part words: without a blank in their place the words would run together. */
const GAP = /[\t\u000b\u000c]/g;
const BREAK = /\r\n?/g;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Keys that would reach an object's prototype; refused by the parser, dropped everywhere else. */
export const PROTOTYPE_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Removes control characters and lone surrogates. Line breaks stay, as `\n`; a tab becomes a blank. */
export const cleanText = (text: string): string =>
  text.replace(BREAK, '\n').replace(GAP, ' ').replace(CONTROL, '').replace(LONE_SURROGATE, '');

/** The first character of a text that no wallet and no database takes, as `U+0000`; undefined where there is none. */
export function unwritable(text: string): string | undefined {
  const found = (CONTROL.exec(text) ?? LONE_SURROGATE.exec(text))?.[0];
  CONTROL.lastIndex = LONE_SURROGATE.lastIndex = 0;
  return found && `U+${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Whether `cleanText` takes something away that the sender should hear of. */
export const holdsControls = (text: string): boolean =>
  /[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f]/.test(text);

/** `cleanText` in every key and value of a JSON value; prototype keys are dropped. Depth is bounded by the parser. */
export function cleanJson(value: JsonValue): JsonValue {
  if (typeof value === 'string') return cleanText(value);
  if (Array.isArray(value)) return value.map(cleanJson);
  if (value === null || typeof value !== 'object') return value;
  const out: Record<string, JsonValue> = {};
  for (const [key, inner] of Object.entries(value)) {
    const name = cleanText(key);
    if (!PROTOTYPE_KEYS.has(name)) out[name] = cleanJson(inner);
  }
  return out;
}

/** What templates, imports and spreadsheets write where there is nothing. */
const NOTHING = /^(?:none|null|undefined|nan|nat|n\/a|#n\/a|<na>|\(null\)|<null>|[-\u2010-\u2015\u2212]+)$/i;
/** The spellings that are words of programs and no names: people are called Null and Nan. */
const PROGRAM_WORD = /^(?:None|NaN|NaT|[^A-Z]+|[^a-z]+)$/;
/** Zero-width spaces and the like: a value of these alone identifies nobody, and no reader sees why. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;
/** Two absent values and what a template writes between them, such as `None, None`. */
const PARTS = /[\s,;]+/;
const LONGEST_NOTHING = 100;

/** Without every invisible character: for identifiers, which nobody reads as text. */
export const withoutInvisible = (text: string): string => text.replace(INVISIBLE, '');

function partsOf(text: string): string[] | null {
  const visible = text.length > LONGEST_NOTHING * 4 ? text : withoutInvisible(text);
  return visible.length > LONGEST_NOTHING
    ? visible.trim() === ''
      ? []
      : null
    : visible.split(PARTS).filter((part) => part !== '');
}

/** True for what templates leave where a profile has nothing: blanks, `None`, `null`, `undefined`, `nan`, `N/A`, `-`. */
export const isBlank = (text: string): boolean => partsOf(text)?.every((part) => NOTHING.test(part)) ?? false;

/** `isBlank` for texts and names, where `Null` and `Nan` are people. */
export const isBlankText = (text: string): boolean =>
  partsOf(text)?.every((part) => NOTHING.test(part) && PROGRAM_WORD.test(part)) ?? false;

/** True when a template tag arrived literally: `{{`, `}}`, `{%` or `%}`. */
export const isUnrendered = (text: string): boolean => /\{\{|\}\}|\{%|%\}/.test(text);

/** Decodes HTML entities once (`&amp;lt;` ends as `&lt;`): Klaviyo's templates escape by default. */
export const decodeEntities = (text: string): string => (text.includes('&') ? decodeHTMLStrict(text) : text);

/** Decodes `&amp;` only, for ids, tokens and URLs where `&copy;` may be meant. */
export const decodeAmpersand = (text: string): string => text.replaceAll('&amp;', '&');

/** One JSON pointer (RFC 6901) from its parts. */
export const pointer = (...parts: (string | number)[]): string =>
  parts.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
