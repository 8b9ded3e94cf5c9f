import { pointer } from '../common/clean-text.js';
import type { JsonValue } from '../common/json.js';

/** Every text in a JSON value with the pointer to it. */
export function* textsIn(value: JsonValue | undefined, path = ''): Generator<[path: string, text: string]> {
  if (typeof value === 'string') yield [path, value];
  else if (Array.isArray(value))
    for (const [index, item] of value.entries()) yield* textsIn(item, path + pointer(index));
  else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) yield* textsIn(item, path + pointer(key));
  }
}

/** Every key of an object in a JSON value with the pointer to it. */
export function* keysIn(value: JsonValue | undefined, path = ''): Generator<[path: string, key: string]> {
  if (value === null || typeof value !== 'object') return;
  for (const [key, item] of Object.entries(value)) {
    if (!Array.isArray(value)) yield [path + pointer(key), key];
    yield* keysIn(item, path + pointer(key));
  }
}

const PLACEHOLDER = /\{\{\s*[A-Za-z][\w.-]*\s*\}\}/g;

/** Stands for a placeholder of ours while the rest of a text is checked. */
const FILLED = '\u0000';
/** Placeholders of other systems: Liquid, Handlebars, template literals, merge tags. Google fills `{totp_…}` itself. */
const FOREIGN =
  /\{\{[^{}]*\}\}|\{%[^%]*%\}|\{#[^#{}]*#\}|\{\{|\}\}|\$\{[^{}]*\}|\{\u0000\}|\{(?!totp_)[A-Za-z][\w.-]*\}|\*\|[A-Za-z][\w:.]*\|\*|<%[^%]*%>|<<\s*[A-Za-z]\w*\s*>>|%%[A-Za-z]\w*%%|%[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+%|\[\[[^[\]]*\]\]/;

/** Braces that are no placeholder and would be shown to customers as they are: `{{name|upper}}`, `{% if %}`, `{name}`. */
export const strayBraces = (text: string): string | undefined =>
  FOREIGN.exec(text.replace(PLACEHOLDER, FILLED))?.[0].replace(FILLED, '{{…}}');

/** What a program writes where it had no value; undefined where a text is free of it. */
export const leftOver = (text: string): string | undefined =>
  /\[object Object\]|^(?:undefined|null|NaN|None)$/.exec(text.trim())?.[0];
