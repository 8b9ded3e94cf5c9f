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

const PLACEHOLDER = /\{\{\s*[A-Za-z][\w.-]*\s*\}\}/g;

/** Braces that are no placeholder and would be shown to customers as they stand: `{{name|upper}}`, `{% if %}`. */
export function strayBraces(text: string): string | undefined {
  const rest = text.replace(PLACEHOLDER, '');
  return /\{\{[^{}]*\}\}|\{%[^%]*%\}|\{\{|\}\}|\$\{[^{}]*\}/.exec(rest)?.[0];
}
