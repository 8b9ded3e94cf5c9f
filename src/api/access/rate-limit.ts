import type { Logger } from 'pino';
import type { Database } from '../../database/connect.js';
import { addToWindows } from '../../database/rate-budgets.js';
import { isDatabaseUnavailable } from '../../database/unavailable.js';
import type { Caller } from './credentials.js';
import { ApiError } from '../problems.js';
import { startLoop } from '../../common/loop.js';

const WINDOW_SECONDS = 60;
const SHARE_INTERVAL_MS = 500;
/** One key may use this part of its tenant's budget, so that a runaway flow never locks out the operators. */
const KEY_SHARE = 0.9;

interface Budget {
  window: number;
  /** What all processes had used when we last asked. */
  shared: number;
  /** What we have used since. */
  unshared: number;
}

export interface RateLimiter {
  /** Counts one request; throws `rate-limited` beyond the budget of its tenant or key. Never waits for the database. */
  take(caller: Caller): { headers: Record<string, string> };
  /** Tells the database what was used and learns what others used; runs by a timer too. */
  share(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Windows of one minute per tenant and per key, shared by all processes through PostgreSQL. A request is counted in
 * memory; the sum is exchanged twice a second, so several processes together may overshoot by half a second's traffic.
 */
export function createRateLimiter(deps: { database: Database; now: () => number; log: Logger }): RateLimiter {
  const budgets = new Map<string, Budget>();

  function open(name: string, window: number): Budget {
    let budget = budgets.get(name);
    if (!budget || budget.window !== window) budgets.set(name, (budget = { window, shared: 0, unshared: 0 }));
    return budget;
  }

  async function share(): Promise<void> {
    const current = Math.floor(deps.now() / 1000 / WINDOW_SECONDS);
    const counts = [];
    for (const [budget, { window, unshared }] of budgets) {
      if (window !== current) budgets.delete(budget);
      else if (unshared > 0) counts.push({ budget, window, used: unshared });
    }
    if (counts.length === 0) return;
    const totals = await addToWindows(deps.database.system, counts);
    const told = new Map(counts.map((count) => [count.budget, count.used]));
    for (const { budget: name, window, used } of totals) {
      const budget = budgets.get(name);
      if (!budget || budget.window !== window) continue;
      budget.shared = used;
      budget.unshared -= told.get(name)!;
    }
  }

  let running: Promise<void> | null = null;
  const shareOnce = (): Promise<void> => (running ??= share().finally(() => (running = null)));
  const loop = startLoop({
    name: 'sharing the counts of requests',
    firstMs: SHARE_INTERVAL_MS,
    everyMs: SHARE_INTERVAL_MS,
    log: deps.log,
    isExpected: isDatabaseUnavailable,
    look: () => shareOnce().then(() => false),
  });

  return {
    take(caller) {
      const seconds = deps.now() / 1000;
      const window = Math.floor(seconds / WINDOW_SECONDS);
      const reset = Math.max(1, Math.ceil((window + 1) * WINDOW_SECONDS - seconds));
      const { tenantId, settings } = caller.tenant;
      const ofTenant = open(`requests:${tenantId}`, window);
      const ofKey = open(`requests:${tenantId}:${caller.id}`, window);
      const limit = settings.requestsPerMinute;
      const keyLimit = Math.max(1, Math.floor(limit * KEY_SHARE));
      const left = Math.min(limit - ofTenant.shared - ofTenant.unshared, keyLimit - ofKey.shared - ofKey.unshared);
      const headers = {
        'RateLimit-Policy': `"requests";q=${keyLimit};w=${WINDOW_SECONDS}`,
        RateLimit: `"requests";r=${Math.max(0, left - 1)};t=${reset}`,
      };
      if (left <= 0) {
        const byTenant = limit <= ofTenant.shared + ofTenant.unshared;
        const most = byTenant ? `${limit} requests a minute` : `${keyLimit} requests a minute with this key`;
        throw new ApiError('rate-limited', `More than ${most}. Send it again in ${reset} seconds.`, {
          headers: { ...headers, 'Retry-After': String(reset) },
        });
      }
      ofTenant.unshared++;
      ofKey.unshared++;
      return { headers };
    },
    share: shareOnce,
    async close() {
      await loop.stop();
      // The counts of the last moment are no reason to fail a stop.
      await shareOnce().catch(() => undefined);
    },
  };
}
