/** Beyond so many names, those that have rested are forgotten. */
const MOST_NAMES = 2_000;

export interface FirstTries {
  /** Null where the next try is better made as an activity of its own. Call the answer when the try has ended. */
  take(name: string): ((went: 'well' | 'badly') => void) | null;
}

/**
 * Limits local tries of calls to others: each holds a slot for workflow tasks, which everybody shares. Few are under way at a
 * time, and a provider that failed or took long is not tried so for a while.
 */
export function createFirstTries(
  now: () => number,
  { atOnce, slowMs, restMs }: { atOnce: number; slowMs: number; restMs: number },
): FirstTries {
  const restsUntil = new Map<string, number>();
  let underWay = 0;
  const rest = (name: string): void => {
    if (restsUntil.size >= MOST_NAMES) {
      for (const [known, until] of restsUntil) if (until <= now()) restsUntil.delete(known);
    }
    restsUntil.set(name, now() + restMs);
  };
  return {
    take(name) {
      if (underWay >= atOnce || now() < (restsUntil.get(name) ?? 0)) return null;
      underWay += 1;
      const begunMs = now();
      return (went) => {
        underWay -= 1;
        if (went === 'badly' || now() - begunMs > slowMs) rest(name);
        else restsUntil.delete(name);
      };
    },
  };
}
