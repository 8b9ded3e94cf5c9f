import type { JsonValue } from '../../common/json.js';
import { isExpressible } from '../../passes/symbology.js';
import { isDay, momentInZone } from '../../common/zoned-time.js';

/**
 * A colour as Wallet reads it, `rgb(r, g, b)`, from `#rgb`, `#rrggbb` or `rgb(…)`; undefined for anything else,
 * because a colour that Wallet cannot parse keeps the whole pass from installing.
 */
export function appleColour(text: string): string | undefined {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text.trim())?.[1];
  if (hex) {
    const digits = hex.length === 3 ? [...hex].map((digit) => digit + digit).join('') : hex;
    return `rgb(${[0, 2, 4].map((at) => parseInt(digits.slice(at, at + 2), 16)).join(', ')})`;
  }
  const parts = /^rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)$/i.exec(text.trim())?.slice(1).map(Number);
  return parts?.every((part) => part <= 255) ? `rgb(${parts.join(', ')})` : undefined;
}

export const isDateOnly = (value: JsonValue | undefined): boolean => typeof value === 'string' && isDay(value);

/**
 * A date as Wallet reads it: ISO 8601 with a zone, without fractions. A day becomes its first second in the given
 * zone, or its last one for an end. A time without an offset is read in that zone; the default is UTC. Undefined if
 * the value is not a date.
 */
export function appleDate(
  value: JsonValue | undefined,
  dayAs: 'start' | 'end' = 'start',
  zone: string | undefined = undefined,
): string | undefined {
  return typeof value === 'string' ? momentInZone(value, zone ?? 'UTC', dayAs) : undefined;
}

/** The encoding itself where the message can be written in it, utf-8 where it cannot. */
export const barcodeEncoding = (message: string, encoding: string): string =>
  isExpressible(message, encoding) ? encoding : 'utf-8';

/** The same value with the keys of every object in order, so that equal values have equal JSON texts. */
export function inKeyOrder<T extends JsonValue>(value: T): T;
export function inKeyOrder(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map((item) => inKeyOrder(item));
  if (value === null || typeof value !== 'object') return value;
  const out: Record<string, JsonValue> = {};
  for (const key of Object.keys(value).sort()) out[key] = inKeyOrder(value[key]!);
  return out;
}
