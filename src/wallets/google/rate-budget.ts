/** A token bucket as kept in a database row; a fraction of a token counts. */
export interface Bucket {
  tokens: number;
  updatedAtMs: number;
}

export interface Rate {
  ratePerSecond: number;
  /** Tokens that a quiet time saves up; at least 1. */
  burst: number;
  /** Longest wait that is still reserved for the caller; beyond it nothing is taken. Default: no limit. */
  maxWaitMs?: number;
}

/** Google counts 20 requests per second and project. With 19 and a burst of 1, no second ever holds more than 20. */
export const GOOGLE_RATE = { ratePerSecond: 19, burst: 1, maxWaitMs: 2_000 } as const satisfies Rate;

/** An unused bucket. */
export const fullBucket = (nowMs: number, rate: Rate): Bucket => ({ tokens: rate.burst, updatedAtMs: nowMs });

/**
 * Takes one token. `taken` with `waitMs` above 0 means: reserved, send after that time (the balance may go below zero, so waiting
 * callers line up). Not `taken`: come back after `waitMs`. A clock behind the row's (another worker's) gains no tokens.
 */
export function takeToken(
  bucket: Bucket,
  nowMs: number,
  rate: Rate,
): { bucket: Bucket; waitMs: number; taken: boolean } {
  const elapsedMs = Math.max(0, nowMs - bucket.updatedAtMs);
  const filled = Math.min(rate.burst, bucket.tokens + (elapsedMs * rate.ratePerSecond) / 1000);
  const updatedAtMs = Math.max(nowMs, bucket.updatedAtMs);
  // A late clock waits for the row's clock as well, else two workers would share one slot.
  const behindMs = updatedAtMs - nowMs;
  const waitMs = Math.ceil(behindMs + Math.max(0, ((1 - filled) * 1000) / rate.ratePerSecond));
  if (waitMs > (rate.maxWaitMs ?? Infinity)) return { bucket: { tokens: filled, updatedAtMs }, waitMs, taken: false };
  return { bucket: { tokens: filled - 1, updatedAtMs }, waitMs, taken: true };
}
