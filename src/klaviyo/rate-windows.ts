/** Published burst (per second) and steady (per minute) limits per account and endpoint class, revision 2026-07-15. */
export const ENDPOINT_CLASSES = {
  profiles: { burst: 75, steady: 750 },
  'profile-bulk': { burst: 10, steady: 150 },
  events: { burst: 350, steady: 3500 },
  'event-bulk': { burst: 10, steady: 150 },
  records: { burst: 75, steady: 750 },
  'record-bulk': { burst: 3, steady: 15 },
  'custom-objects': { burst: 3, steady: 60 },
  'ingestion-logs': { burst: 1, steady: 15 },
  subscriptions: { burst: 75, steady: 750 },
  members: { burst: 75, steady: 750 },
  accounts: { burst: 1, steady: 15 },
} as const;
export type EndpointClass = keyof typeof ENDPOINT_CLASSES;

const BURST_MS = 1_000;
const STEADY_MS = 60_000;

interface Window {
  startMs: number;
  used: number;
}
/** What all workers of one account share for one endpoint class; plain JSON, to be kept in one database row. */
export interface RateWindows {
  /** Time of the last slot given out, or the end of a pause that Klaviyo asked for; slots never go back behind it. */
  atMs: number;
  burst: Window;
  steady: Window;
}

export const emptyWindows: RateWindows = {
  atMs: 0,
  burst: { startMs: 0, used: 0 },
  steady: { startMs: 0, used: 0 },
};

/** Our share: half, since the merchant's other tools use the same account and Klaviyo's windows start elsewhere. */
export function shareOf(endpointClass: EndpointClass): { burst: number; steady: number } {
  const { burst, steady } = ENDPOINT_CLASSES[endpointClass];
  return { burst: Math.max(1, Math.floor(burst / 2)), steady: Math.max(1, Math.floor(steady / 2)) };
}

/**
 * Reserves the next free slot. The call may be made `waitMs` from now; the returned windows hold the reservation.
 * Slots are given in order, so a crowd that waits spreads out instead of coming back all at once.
 */
export function takeSlot(
  windows: RateWindows,
  endpointClass: EndpointClass,
  nowMs: number,
): { windows: RateWindows; waitMs: number } {
  const share = shareOf(endpointClass);
  const used = (window: Window, startMs: number) => (window.startMs === startMs ? window.used : 0);
  let atMs = Math.max(nowMs, windows.atMs);
  for (;;) {
    const steadyMs = Math.floor(atMs / STEADY_MS) * STEADY_MS;
    const burstMs = Math.floor(atMs / BURST_MS) * BURST_MS;
    if (used(windows.steady, steadyMs) >= share.steady) atMs = steadyMs + STEADY_MS;
    else if (used(windows.burst, burstMs) >= share.burst) atMs = burstMs + BURST_MS;
    else {
      const taken: RateWindows = {
        atMs,
        burst: { startMs: burstMs, used: used(windows.burst, burstMs) + 1 },
        steady: { startMs: steadyMs, used: used(windows.steady, steadyMs) + 1 },
      };
      return { windows: taken, waitMs: atMs - nowMs };
    }
  }
}

/** After a 429: no slot before `untilMs`, for any worker. */
export const pauseUntil = (windows: RateWindows, untilMs: number): RateWindows => ({
  ...windows,
  atMs: Math.max(windows.atMs, untilMs),
});
