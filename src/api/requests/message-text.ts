import {
  cleanText,
  decodeAmpersand,
  decodeEntities,
  isBlank,
  isUnrendered,
  pointer,
  withoutInvisible,
} from '../../common/clean-text.js';
import type { JsonValue } from '../../common/json.js';
import { isJsonText, withoutMarkup } from '../../common/markup.js';
import { tidyText } from '../../common/tidy-text.js';
import type { Localized } from '../../passes/message.js';
import { own, type BodyReader } from './body-reader.js';

const LANGUAGE = /^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/i;

/** What people read keeps the joiners of emoji and scripts, and loses the entities that templates write. */
const proseOf = (text: string): string => tidyText(withoutMarkup(decodeEntities(cleanText(text))));
const addressOf = (text: string): string => withoutInvisible(decodeAmpersand(cleanText(text))).trim();

function readText(reader: BodyReader, value: JsonValue, at: string, most: number, tidy = proseOf): string | null {
  if (typeof value !== 'string' && typeof value !== 'number') {
    reader.problem(at, 'this is no text', 'write a text in quotes');
    return null;
  }
  const text = tidy(String(value));
  if (tidy === proseOf && withoutMarkup(decodeEntities(String(value))) !== decodeEntities(String(value))) {
    reader.warn(at, 'the text held HTML, which phones show as it is written: its tags were taken out');
  }
  if (isJsonText(text)) {
    reader.problem(at, 'the text is JSON in quotes, and phones would show it so', 'remove the quotes around it');
  } else if (isUnrendered(text)) {
    reader.problem(
      at,
      'the text still holds a template tag',
      'check its spelling, and send from a live profile',
      'tag',
    );
  } else if (text.length > most) {
    reader.problem(at, `the text has ${text.length} characters, ${most} at most`, 'shorten it', 'length');
  } else if (!isBlank(text)) return text;
  return null;
}

/** A text, or a map of language to text; null where it is absent or blank. */
export function readLocalized(reader: BodyReader, key: string, most: number): Localized | null {
  const value = own(reader.body, key);
  if (value === undefined || value === null) return null;
  const at = pointer(key);
  if (typeof value !== 'object') return readText(reader, value, at, most);
  if (Array.isArray(value)) {
    reader.problem(at, `${key} is a list`, 'write a text, or { "en": "…", "de": "…" }');
    return null;
  }
  const texts: Record<string, string> = {};
  for (const [name, given] of Object.entries(value).slice(0, 50)) {
    // Locales of programs: "en_US".
    const language = LANGUAGE.test(name) ? name : name.replaceAll('_', '-');
    if (!LANGUAGE.test(language)) {
      reader.problem(at + pointer(name), `"${name.slice(0, 20)}" is no language`, 'name one such as "en" or "pt-BR"');
      continue;
    }
    const text = readText(reader, given, at + pointer(name), most);
    if (text !== null) texts[language] = text;
  }
  return Object.keys(texts).length === 0 ? null : texts;
}

export function readLink(reader: BodyReader): string | null {
  const text = longText(reader, 'link', 2_000);
  if (text === null) return null;
  if (URL.canParse(text) && new URL(text).protocol === 'https:' && !/[\s"'<>]/.test(text)) return text;
  reader.problem('/link', 'link is no https address', 'write one such as "https://shop.example/sale"', 'form');
  return null;
}

function longText(reader: BodyReader, key: string, most: number): string | null {
  const value = own(reader.body, key);
  return value === undefined || value === null ? null : readText(reader, value, pointer(key), most, addressOf);
}
