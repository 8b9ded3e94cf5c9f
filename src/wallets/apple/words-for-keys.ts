import type { JsonValue } from '../../common/json.js';
import type { AppleDesign } from '../../passes/pass-type.js';

type Localizations = Pick<AppleDesign, 'localizations'>['localizations'];
type Strings = Readonly<Record<string, string>>;

/** A name for a text, such as `tier_label` or `card.tier`, and not a text in some language. */
const PARTED = /^\p{L}[\p{L}\p{N}]*(?:[._][\p{L}\p{N}]+)+$/u;
/** The same as `tierLabel`. Names of products, such as iPhone and macOS, are texts. */
const CAMEL = /^\p{Ll}{2,}(?:\p{Lu}\p{Ll}+)+\p{N}*$/u;
const isKey = (source: string): boolean => PARTED.test(source) || CAMEL.test(source);

/** Where pass.json holds texts that Wallet looks up. */
const TEXTS = new Set([
  ...['label', 'value', 'changeMessage', 'attributedValue', 'altText', 'relevantText'],
  ...['description', 'organizationName', 'logoText'],
]);

/**
 * What localisation keys read in the tenant's language, or in the first language that has them. Wallet shows a key as it is
 * to whoever reads another language, so pass.json holds these words in its place, and the strings translate the words.
 */
export function wordsForKeys(localizations: Localizations, language: string): ReadonlyMap<string, string> {
  const all = Object.values(localizations).map(({ strings }) => strings);
  const preferred = [language, language.split('-')[0]!].flatMap((name) =>
    localizations[name] ? [localizations[name].strings] : [],
  );
  const translations = (source: string): string => JSON.stringify(all.map((strings) => strings[source] ?? null));
  const words = new Map<string, string>();
  const keyOf = new Map<string, string>();
  for (const key of new Set(all.flatMap((strings) => Object.keys(strings)).filter(isKey))) {
    const word = [...preferred, ...all].find((strings) => Object.hasOwn(strings, key))![key]!;
    const other = keyOf.get(word) ?? (all.some((strings) => Object.hasOwn(strings, word)) ? word : undefined);
    // Two texts that read the same in this language alone cannot share one line of the strings.
    if (word === '' || (other !== undefined && translations(other) !== translations(key))) continue;
    keyOf.set(word, other ?? key);
    words.set(key, word);
  }
  return words;
}

/** The strings of one language, with a line for each word that replaces a key. */
export function withWords(strings: Strings, words: ReadonlyMap<string, string>): Strings {
  const added = [...words].filter(([key, word]) => Object.hasOwn(strings, key) && !Object.hasOwn(strings, word));
  return added.length === 0
    ? strings
    : { ...strings, ...Object.fromEntries(added.map(([key, word]) => [word, strings[key]!])) };
}

/** pass.json with words in place of keys. */
export function putWords<T extends JsonValue>(json: T, words: ReadonlyMap<string, string>): T {
  if (words.size === 0) return json;
  const visit = (value: JsonValue, name: string): JsonValue => {
    if (typeof value === 'string') return TEXTS.has(name) ? (words.get(value) ?? value) : value;
    if (Array.isArray(value)) return value.map((item: JsonValue) => visit(item, name));
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, inside]) => [key, visit(inside as JsonValue, key)]));
  };
  return visit(json, '') as T;
}
