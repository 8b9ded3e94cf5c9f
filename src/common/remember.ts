import { createHash } from 'node:crypto';

const SHORT = 64;

/** A key of bounded size: strangers choose names that are as long as a header may be. */
const keyOf = (name: string): string =>
  name.length <= SHORT ? name : `sha256:${createHash('sha256').update(name).digest('base64url')}`;

export interface RememberOptions<T> {
  ttlMs: number;
  now: () => number;
  /** From this age on an answer is refreshed beside the call, not before it. */
  refreshMs?: number;
  /** Which results are kept; absent: all. */
  keeps?: (value: T) => boolean;
  /** The oldest entry makes room for a new one. */
  maxEntries?: number;
}

const MAX_ENTRIES = 10_000;

/** Results that may be `ttlMs` old, one read at a time for each name; failures are not kept. */
export function rememberFor<T>(
  options: RememberOptions<T>,
  read: (name: string) => Promise<T>,
): (name: string) => Promise<T> {
  const { ttlMs, now, refreshMs = Infinity, keeps = () => true, maxEntries = MAX_ENTRIES } = options;
  const entries = new Map<string, { value: T; at: number }>();
  const reading = new Map<string, Promise<T>>();

  function keep(key: string, entry: { value: T; at: number }): void {
    // Set again, an entry goes last: the first one of the map is the oldest.
    entries.delete(key);
    if (!keeps(entry.value)) return;
    if (entries.size >= maxEntries) entries.delete(entries.keys().next().value!);
    entries.set(key, entry);
  }

  function load(key: string, name: string): Promise<T> {
    const running = reading.get(key);
    if (running) return running;
    // What changes while it is being read counts as changed afterwards.
    const at = now();
    const promise = read(name)
      .then((value) => {
        keep(key, { value, at });
        return value;
      })
      .finally(() => reading.delete(key));
    reading.set(key, promise);
    return promise;
  }

  return async (name) => {
    const key = keyOf(name);
    const entry = entries.get(key);
    const age = entry ? now() - entry.at : Infinity;
    if (!entry || age >= ttlMs || age < 0) return load(key, name);
    // A caller after the end of its time gets the failure.
    if (age >= refreshMs) load(key, name).catch(() => undefined);
    return entry.value;
  };
}

/**
 * Results by name for as long as there is room, the least recently used dropped beyond `maxWeight`. One computation at a
 * time for each name; failures are not kept.
 */
export function keepRecent<T>(
  maxWeight: number,
  weigh: (value: T) => number,
): (name: string, make: () => Promise<T>) => Promise<T> {
  const kept = createRecent<T>(maxWeight, weigh);
  const making = new Map<string, Promise<T>>();
  return async (name, make) => {
    const known = kept.get(name);
    if (known) return known.value;
    const key = keyOf(name);
    let running = making.get(key);
    if (!running) {
      running = make()
        .then((value) => kept.set(name, value))
        .finally(() => making.delete(key));
      making.set(key, running);
    }
    return running;
  };
}

export interface Recent<T> {
  get(name: string): { value: T } | undefined;
  /** Keeps a value, and returns it. */
  set(name: string, value: T): T;
}

/** Values by name, bounded by their weight together: the least recently used make room. */
export function createRecent<T>(maxWeight: number, weigh: (value: T) => number): Recent<T> {
  const entries = new Map<string, { value: T; weight: number }>();
  let total = 0;
  const drop = (key: string): void => {
    total -= entries.get(key)?.weight ?? 0;
    entries.delete(key);
  };
  return {
    get(name) {
      const key = keyOf(name);
      const entry = entries.get(key);
      if (!entry) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry;
    },
    set(name, value) {
      const key = keyOf(name);
      const weight = weigh(value);
      drop(key);
      entries.set(key, { value, weight });
      total += weight;
      for (const oldest of entries.keys()) {
        if (total <= maxWeight || oldest === key) break;
        drop(oldest);
      }
      return value;
    },
  };
}
