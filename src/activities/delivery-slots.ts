/** Attempts that one process makes at the same time for one tenant, and of these for one endpoint that fails. */
const OF_TENANT = 20;
const OF_FAILING_ENDPOINT = 4;

const LEAST_WAIT_MS = 2_000;
const MOST_WAIT_MS = 60_000;
/** What an attempt is expected to last before one was seen. */
const FIRST_GUESS_MS = 1_000;
/** Share of the newest attempt in the time that the next ones are expected to last. */
const NEWEST = 0.2;
/** Beyond so many tenants and endpoints, those without an attempt under way are forgotten. */
const MOST_LINES = 2_000;

/** A slot, or how long to wait before asking again. */
export type DeliverySlot = { readonly release: () => void } | { readonly waitMs: number };

/** The slots that deliveries hold in this process. */
export interface DeliverySlots {
  take(delivery: { tenantId: string; endpointId: string; failing: boolean }): DeliverySlot;
}

interface Line {
  held: number;
  /** How long its attempts last. */
  lastsMs: number;
  /** When the last one that was turned away is to ask again. */
  lastTurnMs: number;
}

/**
 * Keeps the endpoints of one tenant from holding all slots of a worker: each attempt may last as long as its time-out. Who
 * is turned away gets a turn behind the others, at the pace at which slots come free: hundreds that ask again every few
 * seconds cost everybody more than the attempts do.
 */
export function createDeliverySlots(now: () => number): DeliverySlots {
  const lines = new Map<string, Line>();
  const lineOf = (name: string): Line => {
    let line = lines.get(name);
    if (!line) lines.set(name, (line = { held: 0, lastsMs: FIRST_GUESS_MS, lastTurnMs: 0 }));
    return line;
  };
  const turnIn = (line: Line, slots: number): number => {
    const at = now();
    line.lastTurnMs = Math.min(Math.max(at, line.lastTurnMs) + line.lastsMs / slots, at + MOST_WAIT_MS);
    return Math.max(LEAST_WAIT_MS, line.lastTurnMs - at);
  };
  const forgetIdle = (): void => {
    for (const [name, line] of lines) if (line.held === 0 && line.lastTurnMs <= now()) lines.delete(name);
  };
  return {
    take({ tenantId, endpointId, failing }) {
      const [ofEndpoint, ofTenant] = [`endpoint/${endpointId}`, `tenant/${tenantId}`];
      const limits = [
        [ofEndpoint, failing ? OF_FAILING_ENDPOINT : OF_TENANT],
        [ofTenant, OF_TENANT],
      ] as const;
      for (const [name, limit] of limits) {
        const line = lines.get(name);
        if (line && line.held >= limit) return { waitMs: turnIn(line, limit) };
      }
      const names = [ofEndpoint, ofTenant];
      const begunMs = now();
      for (const name of names) lineOf(name).held += 1;
      return {
        release() {
          for (const name of names) {
            const line = lineOf(name);
            line.held -= 1;
            line.lastsMs += (now() - begunMs - line.lastsMs) * NEWEST;
          }
          if (lines.size > MOST_LINES) forgetIdle();
        },
      };
    },
  };
}
