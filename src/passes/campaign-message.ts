import { isBlank, isUnrendered } from '../common/clean-text.js';
import type { JsonValue } from '../common/json.js';
import { strayBraces, textsIn } from './check-braces.js';
import { MOST_TEXT, MOST_TITLE, type Localized, type MessageContent } from './message.js';

/** `{column:Name}` of the row, `{property:first_name}` of the profile; after `|` comes what to write where there is none. */
const PLACEHOLDER = /\{(column|property):([^{}|]{1,100})(?:\|([^{}]{0,200}))?\}/g;
/** What was meant to be one of ours. */
const MISWRITTEN = /\{\s*(?:columns?|property|properties)\b[^{}]{0,200}\}?/i;

/** A tag of the templates of others, whole or not. */
const TEMPLATE = /\{\{[^{}]{0,100}(?:\}\})?|\}\}|\{%[^{}%]{0,100}(?:%\})?|%\}/;

/** A value of each row: of its line in the file, or of the customer's profile. */
export interface RowValue {
  source: 'column' | 'property';
  name: string;
}

/** Values of each row that the texts of a message name. */
export const valuesOfTexts = (message: JsonValue): RowValue[] =>
  [...textsIn(message)]
    .flatMap(([, text]) => [...text.matchAll(PLACEHOLDER)])
    .map(([, from, name]) => ({ source: from === 'column' ? 'column' : 'property', name: name!.trim() }));

/** Placeholders that would stay unfilled, in the texts of an action: each with its pointer and text. */
export const foreignPlaceholders = (texts: JsonValue): { pointer: string; found: string }[] =>
  [...textsIn(texts)].flatMap(([pointer, text]) => {
    const rest = text.replaceAll(PLACEHOLDER, '');
    const found = (MISWRITTEN.exec(rest) ?? TEMPLATE.exec(rest))?.[0] ?? strayBraces(rest);
    return found === undefined ? [] : [{ pointer, found }];
  });

interface RowValues {
  given: Readonly<Record<string, JsonValue>>;
  properties: Readonly<Record<string, JsonValue>>;
}

/** A row whose message cannot be written: it gets none, and its result says why. */
export class UnfitRow extends Error {}

function fillText(
  text: string,
  { given, properties }: RowValues,
  most: number,
  write = (value: string) => value,
): string {
  const filled = text.replaceAll(PLACEHOLDER, (_, from: string, named: string, fallback: string | undefined) => {
    const values = from === 'column' ? given : properties;
    const name = named.trim();
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    const isText = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    const found = isText && !isBlank(String(value)) ? String(value) : fallback;
    if (found === undefined)
      throw new UnfitRow(
        `There is no ${from} "${name}" for this customer. Write {${from}:${name}|…} with a text for those without it.`,
      );
    if (isUnrendered(found)) throw new UnfitRow(`The ${from} "${name}" of this customer holds a template tag.`);
    return write(found);
  });
  if (filled.length <= most) return filled;
  throw new UnfitRow(`With the values of this customer the text has ${filled.length} characters, ${most} at most.`);
}

function fillLocalized<T extends Localized | null>(texts: T, row: RowValues, most: number): T {
  if (texts === null) return texts;
  if (typeof texts === 'string') return fillText(texts, row, most) as T;
  const filled = Object.entries(texts).map(([language, text]) => [language, fillText(text, row, most)]);
  return Object.fromEntries(filled) as T;
}

/** The message of one row, with its values. Throws `UnfitRow`. */
export const fillMessage = ({ text, title, link }: MessageContent, row: RowValues): MessageContent => ({
  text: fillLocalized(text, row, MOST_TEXT),
  title: fillLocalized(title, row, MOST_TITLE),
  link: link === null ? null : fillText(link, row, 2_000, encodeURIComponent),
});
