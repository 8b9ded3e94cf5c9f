import { ApiError } from '../problems.js';

export interface DeviceThrottle {
  /** Counts one request under a name; throws `rate-limited` beyond the limit of the running minute. */
  take(name: string): void;
}

const MINUTE_MS = 60_000;
/** A phone lists and fetches a few times per change; ten requests a second are not a phone. */
const REQUESTS_PER_MINUTE = 600;
const MAX_NAMES = 100_000;

/** Requests that carry no key, counted by process: by device, because a device's id is all that its list call needs. */
export function createDeviceThrottle(now: () => number, requestsPerMinute = REQUESTS_PER_MINUTE): DeviceThrottle {
  let minute = 0;
  const counts = new Map<string, number>();
  return {
    take(name) {
      const current = Math.floor(now() / MINUTE_MS);
      if (current !== minute || counts.size >= MAX_NAMES) counts.clear();
      minute = current;
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      if (count <= requestsPerMinute) return;
      const seconds = Math.max(1, Math.ceil(((current + 1) * MINUTE_MS - now()) / 1000));
      throw new ApiError('rate-limited', `Too many requests. Send it again in ${seconds} seconds.`, {
        headers: { 'Retry-After': String(seconds) },
      });
    },
  };
}
