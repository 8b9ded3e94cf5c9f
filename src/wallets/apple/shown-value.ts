import { DateTime } from 'luxon';
import type { JsonValue } from '../../common/json.js';
import { writtenLanguage } from '../../common/language-tag.js';

const STYLES = {
  PKDateStyleShort: 'short',
  PKDateStyleMedium: 'medium',
  PKDateStyleLong: 'long',
  PKDateStyleFull: 'full',
} as const;
type DateStyle = (typeof STYLES)[keyof typeof STYLES];
const styleOf = (value: JsonValue | undefined): DateStyle | undefined => STYLES[value as keyof typeof STYLES];

/** A rendered field's value as Wallet writes it in a language (BCP 47): dates, times, amounts, percentages. */
export function shownValue(field: Readonly<Record<string, JsonValue>>, wanted: string): string {
  const language = writtenLanguage(wanted);
  const value = field['value'] as string | number;
  if (typeof value === 'number') {
    const currency = field['currencyCode'];
    if (typeof currency === 'string' && /^[A-Z]{3}$/.test(currency)) {
      return new Intl.NumberFormat(language, { style: 'currency', currency }).format(value);
    }
    if (field['numberStyle'] === 'PKNumberStylePercent') {
      return new Intl.NumberFormat(language, { style: 'percent' }).format(value);
    }
    return field['numberStyle'] === undefined ? String(value) : new Intl.NumberFormat(language).format(value);
  }
  const dateStyle = styleOf(field['dateStyle']);
  const timeStyle = styleOf(field['timeStyle']);
  if (dateStyle || timeStyle) {
    const time = DateTime.fromISO(value, { setZone: true });
    const style = { ...(dateStyle && { dateStyle }), ...(timeStyle && { timeStyle }) };
    if (time.isValid) return time.setLocale(language).toLocaleString(style);
  }
  return value;
}
