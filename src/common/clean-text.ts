import { decodeHTMLStrict } from 'entities';
import type { JsonValue } from './json.js';

// PostgreSQL refuses \u0000 and lone surrogates in jsonb: left in, they turn a permanent fault into a 500.

const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Keys that would reach an object's prototype; refused by the parser, dropped everywhere else. */
export const PROTOTYPE_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Removes NUL, control characters (line breaks and tabs stay) and lone surrogates. */
export const cleanText = (text: string): string => text.replace(CONTROL, '').replace(LONE_SURROGATE, '');

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

const BLANK = /^(?:none|null|undefined|nan|n\/a)(?:\s+(?:none|null|undefined|nan|n\/a))*$/i;

/** Zero-width spaces and the like: a value of these alone names nobody, and no reader sees why. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;

/** True for what templates leave where a profile has nothing: blanks, `None`, `null`, `undefined`, `nan`, `N/A`. */
export function isBlank(text: string): boolean {
  const visible = text.replace(INVISIBLE, '').trim();
  return visible === '' || BLANK.test(visible);
}

/** True when a template tag arrived literally: `{{`, `}}`, `{%` or `%}`. */
export const isUnrendered = (text: string): boolean => /\{\{|\}\}|\{%|%\}/.test(text);

/** Decodes HTML entities once (`&amp;lt;` ends as `&lt;`): Klaviyo's templates escape by default. */
export const decodeEntities = (text: string): string => (text.includes('&') ? decodeHTMLStrict(text) : text);

/** Decodes `&amp;` only, for ids, tokens and URLs where `&copy;` may be meant. */
export const decodeAmpersand = (text: string): string => text.replaceAll('&amp;', '&');

/** One JSON pointer (RFC 6901) from its parts. */
export const pointer = (...parts: (string | number)[]): string =>
  parts.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
