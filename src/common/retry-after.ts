const LONGEST_MS = 24 * 3_600_000;

/**
 * Milliseconds that a Retry-After header asks to wait, at most a day: seconds or an HTTP date (RFC 9110), decimals as
 * Klaviyo sends them. 0 for a date in the past; undefined where there is nothing to read.
 */
export function retryAfterMs(header: string | null | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  if (text === '') return undefined;
  const ms = /^\d+(\.\d+)?$/.test(text) ? Math.ceil(Number(text) * 1000) : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), LONGEST_MS);
}
