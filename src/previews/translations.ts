import type { JsonValue } from '../common/json.js';
import { textsOfForm } from '../passes/enrolment.js';
import type { AppleDesign, GoogleDesign, PassTypeDesign } from '../passes/pass-type.js';
import { fieldsInDesignOrder } from '../wallets/apple/pass-fields.js';

const isWords = (value: JsonValue | undefined): value is string =>
  typeof value === 'string' && /\p{L}{2}/u.test(value.replace(/\{\{[^{}]*\}\}/g, ''));

/** Texts of the design that a person reads and a language could translate; texts with placeholders cannot be. */
function translatable(design: PassTypeDesign, apple: AppleDesign): string[] {
  const fields = fieldsInDesignOrder(apple);
  const places = [...(apple.locations ?? []), ...(apple.beacons ?? [])];
  const texts: (JsonValue | undefined)[] = [
    design.description,
    ...textsOfForm(design),
    ...apple.barcodes.map(({ altText }) => altText),
    ...places.map(({ relevantText }) => relevantText),
    ...fields.flatMap(({ label, changeMessage, value }) => [label, changeMessage, value]),
  ];
  return [...new Set(texts.filter(isWords))].filter((text) => !/\{\{|^https?:/.test(text) && text !== '%@');
}

/** Texts that stay in the design's own language; none where the design has no strings for the language at all. */
export function untranslatedTexts(design: PassTypeDesign, language: string): string[] {
  const { apple } = design;
  if (!apple || !Object.hasOwn(apple.localizations, language)) return [];
  const { strings } = apple.localizations[language]!;
  if (Object.keys(strings).length === 0) return [];
  return translatable(design, apple).filter((text) => !Object.hasOwn(strings, text));
}

/** Texts of Google's that have a localised twin beside them: `label` and `localizedLabel`. */
const TWINS = ['accountNameLabel', 'accountIdLabel', 'rewardsTierLabel', 'label', 'header', 'body', 'description'];

/** The same for Google's class and object; none where they speak the language nowhere. */
export function untranslatedAtGoogle({ class: klass, object }: GoogleDesign, language: string): string[] {
  const missing = new Set<string>();
  let isSpoken = false;
  const [base] = language.split('-');
  const visit = (value: JsonValue): void => {
    if (value === null || typeof value !== 'object') return;
    if (Array.isArray(value)) return value.forEach(visit);
    const { defaultValue, translatedValues } = value as Record<string, JsonValue | undefined>;
    const said = textOf(defaultValue);
    if (said) {
      const tags = [
        said,
        ...(Array.isArray(translatedValues) ? translatedValues : []).flatMap((one) => textOf(one) ?? []),
      ];
      const isHere = tags.some((one) => one.language === language || one.language.split('-')[0] === base);
      isSpoken ||= isHere;
      if (!isHere && isWords(said.value)) missing.add(said.value);
      return;
    }
    for (const [field, inner] of Object.entries(value)) {
      const twin = `localized${field[0]!.toUpperCase()}${field.slice(1)}`;
      if (TWINS.includes(field) && !Object.hasOwn(value, twin) && isWords(inner) && !inner.includes('{{'))
        missing.add(inner);
      visit(inner);
    }
  };
  visit({ ...klass, object });
  return isSpoken ? [...missing].filter((text) => !text.includes('{{')) : [];
}

function textOf(value: JsonValue | undefined): { language: string; value: string } | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const { language, value: text } = value as Record<string, JsonValue | undefined>;
  return typeof language === 'string' && typeof text === 'string' ? { language, value: text } : undefined;
}
