import { DateTime, IANAZone } from 'luxon';
import { writtenLanguage } from './language-tag.js';

const DAY = /^\d{4}-\d{2}-\d{2}$/;
/** Seconds, fractions and the zone are optional; a blank may replace the T. */
const MOMENT = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-](?:0\d|1[0-4]):?[0-5]\d)?$/i;
const NAMES = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/;

/** Whether this is a time zone's IANA name: `Europe/Berlin`, not `CET+1` or `+01:00`. */
export const isTimeZone = (name: string): boolean =>
  (name === 'UTC' || name.includes('/')) && NAMES.test(name) && IANAZone.isValidZone(name);

/** The name of a zone in its own capitals, which phones look for: `europe/berlin` is Europe/Berlin. */
export const zoneName = (name: string): string =>
  Intl.supportedValuesOf('timeZone').find((one) => one.toLowerCase() === name.toLowerCase()) ?? name;

/** Whether this is a day of the calendar without a time: `2026-12-31`. */
export const isDay = (text: string): boolean => DAY.test(text) && DateTime.fromISO(text).isValid;

/**
 * A day or a moment as ISO 8601 with whole seconds and the offset of the zone: `2026-12-31T23:59:59-08:00`. A day
 * becomes its first or last second in the zone, also when the clocks change. A moment without an offset is read in
 * the zone. Undefined for any other text.
 */
export function momentInZone(text: string, zone: string, dayAs: 'start' | 'end' = 'start'): string | undefined {
  const given = text.trim();
  const time = readTime(given, zone);
  if (!time?.isValid) return undefined;
  const moment = !DAY.test(given) ? time : dayAs === 'end' ? time.endOf('day') : time.startOf('day');
  return moment.startOf('second').toISO({ suppressMilliseconds: true }) ?? undefined;
}

function readTime(text: string, zone: string): DateTime | undefined {
  if (DAY.test(text)) return DateTime.fromISO(text, { zone });
  return MOMENT.test(text) ? DateTime.fromISO(text.replace(' ', 'T').toUpperCase(), { zone }) : undefined;
}

/**
 * A day or a moment as people of a language (BCP 47) read it; the text itself where it is neither. Without a zone of the
 * reader's the time is UTC, and says so.
 */
export function readableTime(text: string, options: { language: string; zone: string | undefined }): string {
  const { zone } = options;
  const time = readTime(text.trim(), zone ?? 'UTC');
  if (!time?.isValid) return text;
  const at = time.setLocale(writtenLanguage(options.language));
  if (isDay(text.trim())) return at.toLocaleString(DateTime.DATE_MED);
  const written = at.toLocaleString(DateTime.DATETIME_MED);
  return zone === undefined ? `${written} UTC` : written;
}
