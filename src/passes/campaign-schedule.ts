import { DateTime } from 'luxon';
import type { CampaignSchedule } from './campaign.js';

/** When a time on the clock comes in a zone. A time that the clocks leap over is the moment after the leap. */
export const localMoment = (text: string, zone: string): number => DateTime.fromISO(text, { zone }).toMillis();

/** Milliseconds until the hours of a campaign are open; 0 while they are. */
export function untilOpen(hours: CampaignSchedule['hours'], nowMs: number, zone: string): number {
  if (hours === undefined) return 0;
  const now = DateTime.fromMillis(nowMs, { zone });
  const at = (clock: string, days: number): number =>
    DateTime.fromISO(`${now.plus({ days }).toISODate()}T${clock}`, { zone }).toMillis();
  const overnight = hours.until < hours.from;
  for (const day of [-1, 0, 1]) {
    const [from, until] = [at(hours.from, day), at(hours.until, overnight ? day + 1 : day)];
    if (nowMs >= from && nowMs < until) return 0;
    if (nowMs < from) return from - nowMs;
  }
  // The clocks leap over the hours of a day: the next day has them.
  return at(hours.from, 2) - nowMs;
}

/** Further ahead than this no end is looked for. */
const MOST_DAYS = 1_000;

/** When a campaign is through that needs so long from a moment on and works in its hours alone. */
export function endWithin(hours: CampaignSchedule['hours'], beginMs: number, workMs: number, zone: string): number {
  let at = beginMs + untilOpen(hours, beginMs, zone);
  if (hours === undefined) return at + workMs;
  let left = workMs;
  for (let day = 0; day < MOST_DAYS; day++) {
    const here = DateTime.fromMillis(at, { zone });
    const closes = [0, 1, 2]
      .map((days) => DateTime.fromISO(`${here.plus({ days }).toISODate()}T${hours.until}`, { zone }).toMillis())
      .find((moment) => moment > at)!;
    if (left <= closes - at) break;
    left -= closes - at;
    at = closes + untilOpen(hours, closes, zone);
  }
  return at + left;
}

/** A pace is not made up for longer than this after a stop. */
const CATCH_UP_MS = 5_000;

/**
 * How many rows a pace allows now, and up to which time that uses it up. `pacedUpToMs` is what the last slice used up;
 * null: nothing was begun yet.
 */
export function allowedByPace(
  perMinute: number | undefined,
  pacedUpToMs: number | null,
  nowMs: number,
  most: number,
): { rows: number; waitMs: number; usedUpTo(rows: number): number } {
  if (perMinute === undefined) return { rows: most, waitMs: 0, usedUpTo: () => nowMs };
  const eachMs = 60_000 / perMinute;
  const from = pacedUpToMs === null ? nowMs - eachMs : Math.max(pacedUpToMs, nowMs - Math.max(CATCH_UP_MS, eachMs));
  const rows = Math.max(0, Math.min(most, Math.floor((nowMs - from) / eachMs + 1e-6)));
  return { rows, waitMs: rows > 0 ? 0 : Math.ceil(from + eachMs - nowMs), usedUpTo: (used) => from + used * eachMs };
}
