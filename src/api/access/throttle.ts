import { createNameCounter } from '../../common/name-counter.js';
import { ApiError } from '../problems.js';

export interface Throttle {
  /** Counts one request under a name; throws `rate-limited` beyond the limit of the running window. */
  take(name: string): void;
}

/** Signed calls a minute from one address: a provider calls for all tenants from a few. Forged ones cost reads, too. */
export const PROVIDER_CALLS_PER_ADDRESS = 6_000;

const MINUTE_MS = 60_000;
export const DAY_MS = 24 * 60 * MINUTE_MS;

/**
 * Counts requests that carry no key, by process. The name is one that the caller cannot choose freely: the address that
 * it calls from, or the pass whose token it has.
 */
export function createThrottle(now: () => number, limit: number, windowMs = MINUTE_MS): Throttle {
  const counter = createNameCounter({ windowMs, now });
  return {
    take(name) {
      const { count, endsInMs } = counter.add(name);
      if (count <= limit) return;
      const seconds = Math.max(1, Math.ceil(endsInMs / 1000));
      throw new ApiError('rate-limited', `Too many requests. Send it again in ${seconds} seconds.`, {
        headers: { 'Retry-After': String(seconds) },
      });
    },
  };
}
