import { Duration } from 'luxon';

const UNITS: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** Seconds of "3 days", "48h", "PT90M" or a plain number of seconds; undefined where it is none. */
export function readDuration(text: string): number | undefined {
  const given = text.trim().toLowerCase();
  const plain = /^(\d{1,9}) ?(?:s|secs?|seconds?)?$/.exec(given);
  if (plain) return Number(plain[1]);
  const worded = /^(\d{1,6}) ?(m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)$/.exec(given);
  if (worded) return Number(worded[1]) * UNITS[worded[2]![0]!]!;
  const iso = /^p[\dtymwdhs.]{2,30}$/.test(given) ? Duration.fromISO(given.toUpperCase()) : undefined;
  return iso?.isValid ? Math.round(iso.as('seconds')) : undefined;
}
