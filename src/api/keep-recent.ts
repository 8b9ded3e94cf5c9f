/**
 * Results by key, the least recently used dropped beyond `maxWeight`. One computation at a time for each key; failures
 * are not kept.
 */
export function keepRecent<T>(
  maxWeight: number,
  weigh: (value: T) => number,
): (key: string, make: () => Promise<T>) => Promise<T> {
  const kept = new Map<string, { value: T; weight: number }>();
  const making = new Map<string, Promise<T>>();
  let total = 0;

  function keep(key: string, value: T): void {
    const weight = weigh(value);
    kept.set(key, { value, weight });
    total += weight;
    for (const [oldest, entry] of kept) {
      if (total <= maxWeight || oldest === key) break;
      kept.delete(oldest);
      total -= entry.weight;
    }
  }

  return async (key, make) => {
    const entry = kept.get(key);
    if (entry) {
      kept.delete(key);
      kept.set(key, entry);
      return entry.value;
    }
    let running = making.get(key);
    if (!running) {
      running = make()
        .then((value) => {
          keep(key, value);
          return value;
        })
        .finally(() => making.delete(key));
      making.set(key, running);
    }
    return running;
  };
}

const MAX_ENTRIES = 10_000;

/** Results that may be `ttlMs` old, one read at a time for each key; failures are not kept. */
export function rememberFor<T>(
  ttlMs: number,
  now: () => number,
  read: (key: string) => Promise<T>,
): (key: string) => Promise<T> {
  const entries = new Map<string, { value: Promise<T>; until: number }>();
  return (key) => {
    const known = entries.get(key);
    if (known && now() < known.until) return known.value;
    if (entries.size >= MAX_ENTRIES) entries.clear();
    const entry = { value: read(key), until: now() + ttlMs };
    entries.set(key, entry);
    entry.value.catch(() => {
      if (entries.get(key) === entry) entries.delete(key);
    });
    return entry.value;
  };
}
