import { Duration } from 'luxon';

const UNITS: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400, w: 604_800 };

const SHORTEST_WITHOUT_UNIT = 60;

/**
 * Seconds of "3 days", "48h", "PT90M" or a plain number of seconds; undefined where it is none. A plain number below a minute is
 * days or hours whose unit was forgotten: nobody means that many seconds.
 */
export function readDuration(text: string): number | undefined {
  const given = text.trim().toLowerCase();
  const plain = /^(\d{1,9}) ?(s|secs?|seconds?)?$/.exec(given);
  if (plain) {
    const seconds = Number(plain[1]);
    return plain[2] === undefined && seconds < SHORTEST_WITHOUT_UNIT ? undefined : seconds;
  }
  const worded = /^(\d{1,6}) ?(m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)$/.exec(given);
  if (worded) return Number(worded[1]) * UNITS[worded[2]![0]!]!;
  const iso = /^p[\dtymwdhs.]{2,30}$/.test(given) ? Duration.fromISO(given.toUpperCase()) : undefined;
  return iso?.isValid ? Math.round(iso.as('seconds')) : undefined;
}
