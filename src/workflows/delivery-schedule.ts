const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Pauses between the ten attempts of Standard Webhooks 1.0.0: 75 h 35 min 5 s in all. */
export const PAUSES_MS: readonly number[] = [
  5_000,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];

/** Up to a tenth longer, so that what failed together does not come back together; never shorter. `random` is in [0, 1). */
export const withJitter = (pauseMs: number, random: number): number => Math.round(pauseMs * (1 + random / 10));
