/** For whom a dispatcher has started something lately. Times are those of one monotonic clock, in ms. */
export interface RecentStarts {
  add(tenantId: string, now: number): void;
  /** Tenants with a start at `time` or later. */
  since(time: number): string[];
}

/** Forgets a tenant `forgetMs` after its last start. */
export function createRecentStarts(forgetMs: number): RecentStarts {
  const latest = new Map<string, number>();
  return {
    add(tenantId, now) {
      // Set again, an entry goes last: the map is in the order of its times.
      latest.delete(tenantId);
      latest.set(tenantId, now);
      for (const [tenant, at] of latest) {
        if (at >= now - forgetMs) break;
        latest.delete(tenant);
      }
    },
    since: (time) => [...latest].filter(([, at]) => at >= time).map(([tenantId]) => tenantId),
  };
}
