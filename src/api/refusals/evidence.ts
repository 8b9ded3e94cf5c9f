import { cleanText } from '../../common/clean-text.js';
import type { JsonValue } from '../../common/json.js';
import { maskContacts } from '../../common/mask-personal.js';

/** What a mask leaves of a text. */
const GONE = '"…"';
/** Lengths at which messages cut a value that they quote. */
const CUTS = [20, 60, 80, 100];
/** Of a body with more, every quotation is taken out. */
const MOST_VALUES = 1_000;
/** An unrendered tag is no value of a person, and has to be corrected. */
const TAG = /^\{\{[^{}]*\}\}$/;

function valuesOf(body: JsonValue): string[] {
  const found: string[] = [];
  const waiting: JsonValue[] = [body];
  while (waiting.length > 0 && found.length <= MOST_VALUES) {
    const value = waiting.pop()!;
    if (Array.isArray(value)) waiting.push(...value);
    else if (value !== null && typeof value === 'object') waiting.push(...Object.values(value));
    else if (typeof value === 'number') found.push(String(value));
    else if (typeof value === 'string' && !TAG.test(value.trim())) found.push(value);
  }
  return found;
}

/** The forms in which a message may quote a value. */
function quotations(value: string): string[] {
  const forms = [value, value.trim(), cleanText(value), cleanText(value).trim()];
  return forms.flatMap((form) => [form, ...CUTS.map((length) => form.slice(0, length))]);
}

/**
 * A function that takes out of a message what it quotes of a body's values, and contacts. Names of keys stay: they are
 * what somebody has to correct.
 */
export function createEvidenceMask(body: JsonValue): (message: string) => string {
  const values = valuesOf(body);
  if (values.length > MOST_VALUES) return maskQuoted;
  const quoted = new Set(values.flatMap(quotations));
  const longestFirst = [...quoted].filter((form) => form !== '').sort((a, b) => b.length - a.length);
  return (message) => {
    let text = message;
    for (const form of longestFirst) if (text.includes(form)) text = text.replaceAll(`"${form}"`, GONE);
    return maskContacts(text);
  };
}

/** A message about a body that is no JSON: it is unknown what in it is a value, so only template tags stay quoted. */
export function maskQuoted(message: string): string {
  const masked = message.replaceAll(/"([^"]*)"/g, (quotation, text: string) =>
    TAG.test(text) || !/[\p{L}\d]/u.test(text) ? quotation : GONE,
  );
  return maskContacts(masked);
}
