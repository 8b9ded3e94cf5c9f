import { DateTime } from 'luxon';
import { pointer } from '../../common/clean-text.js';
import { momentInZone } from '../../common/zoned-time.js';
import type { BodyReader } from './body-reader.js';

/** Nothing is asked for further ahead: a year that was mistyped is no plan. */
export const LONGEST_DAYS = 400;

/** Zone of times that have none, and what the time is now. */
export interface Clock {
  zone: string;
  now: Date;
}

/** A day or a moment under a key as ISO 8601 in UTC; null where it is absent, no time, or too far ahead, which are problems. */
export function readMoment(
  reader: BodyReader,
  key: string,
  text: string | null,
  { zone, now, dayAs }: Clock & { dayAs: 'start' | 'end' },
): string | null {
  if (text === null) return null;
  const time = momentInZone(text, zone, dayAs);
  const at = time === undefined ? undefined : DateTime.fromISO(time).toUTC();
  if (!at?.isValid) {
    reader.problem(
      pointer(key),
      `"${text.slice(0, 60)}" is no time`,
      'write one such as "2026-12-24T18:00:00+01:00"',
      'form',
    );
    return null;
  }
  if (at.diff(DateTime.fromJSDate(now), 'days').days > LONGEST_DAYS) {
    reader.problem(pointer(key), `${key} is more than ${LONGEST_DAYS} days away`, 'check the year', 'far');
    return null;
  }
  return at.toISO();
}
