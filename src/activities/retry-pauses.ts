/** How the workflow's options retry an activity. */
export interface RetryPauses {
  initialMs: number;
  coefficient: number;
  longestMs: number;
}

const FIRST_MS = 1_000;
/** A restart or failover is over within a minute: until then nobody waits long. */
const SOON_MS = 8_000;
const SOON_FAILURES = 12;
const LATER_MS = 30_000;

/** The pause after so many failures of our own infrastructure in a row, with jitter: all that failed must not come back at once. */
export function pauseAfterOwnFailures(failures: number, random: () => number = Math.random): number {
  const longestMs = failures <= SOON_FAILURES ? SOON_MS : LATER_MS;
  const pauseMs = Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 20), longestMs);
  return Math.round(pauseMs * (0.5 + random() / 2));
}

/** The pause that Temporal would make after so many failures, had there been no failures of our own between them. */
export function pauseAfterFailures(failures: number, { initialMs, coefficient, longestMs }: RetryPauses): number {
  return Math.min(initialMs * coefficient ** Math.max(0, failures - 1), longestMs);
}
