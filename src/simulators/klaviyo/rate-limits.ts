import { KlaviyoFault } from './errors.js';

/** Two fixed windows per account and limit, as published: [calls per second, calls per minute]. */
export type Limit = readonly [burst: number, steady: number];
export interface RateUse {
  second: number;
  inSecond: number;
  minute: number;
  inMinute: number;
}

/** Counts one call; the headers of a good answer, or a 429 as Klaviyo was seen to give it. */
export function countCall(
  uses: Map<string, RateUse>,
  key: string,
  [burst, steady]: Limit,
  nowMs: number,
): Record<string, string> {
  const second = Math.floor(nowMs / 1000);
  const minute = Math.floor(nowMs / 60_000);
  const last = uses.get(key);
  const use: RateUse = {
    second,
    minute,
    inSecond: last?.second === second ? last.inSecond : 0,
    inMinute: last?.minute === minute ? last.inMinute : 0,
  };
  uses.set(key, use);
  if (use.inMinute >= steady || use.inSecond >= burst) {
    const endMs = use.inMinute >= steady ? (minute + 1) * 60_000 : (second + 1) * 1000;
    const seconds = Math.max(1, Math.ceil((endMs - nowMs) / 1000));
    const detail = `Request was throttled. Expected available in ${seconds} second${seconds === 1 ? '' : 's'}.`;
    const retry = { 'retry-after': String(seconds) };
    throw new KlaviyoFault(429, 'throttled', 'Too many requests.', detail, { pointer: '/data/' }, {}, retry);
  }
  use.inSecond++;
  use.inMinute++;
  return {
    'ratelimit-limit': `${burst}, ${burst};w=1, ${steady};w=60`,
    'ratelimit-remaining': String(burst - use.inSecond),
    'ratelimit-reset': '0',
  };
}
