import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import {
  claimBurst,
  claimStaleBursts,
  dissolveBurst,
  releaseBurst,
  type BurstShares,
  type DispatchableBurst,
} from '../database/bursts/dispatch.js';
import { claimGathered } from '../database/bursts/gather.js';
import type { Database } from '../database/connect.js';
import type { Flood } from '../passes/burst-kind.js';
import { startBurst } from './start-burst.js';
import type { StartOptions } from './start-workflow.js';

export interface BurstOptions extends StartOptions {
  database: Database;
  client: Client;
  log: Logger;
  leaseMs: number;
  dispatcherId: string;
  /** Told of every start that failed: where the engine lost its data, the search attributes are made again. */
  afterRefusal: (error: unknown) => Promise<void>;
  /** Instead of those that ship, for tests. */
  shares?: Partial<BurstShares>;
}

/** Fewer do as well one by one; more would hold the worker's thread for too long at a time. */
export const BURST_SHARES = { atLeast: 50, most: 500, atOnce: 2, aimMs: 1_000 };
const RETRY_MS = 1_000;
const SWEEP_BATCH = 10;
const SWEEP_EVERY_MS = 1_000;

export interface Bursts {
  /** Starts what others left unstarted, and gathered write-back that is due; once a second at most. */
  sweep(): Promise<void>;
  /** Starts a burst where one is due; returns what must not be started one by one now. */
  look(): Promise<Flood[]>;
}

/** Forms and starts bursts for one dispatcher. */
export function createBursts(options: BurstOptions): Bursts {
  const { database, client, log, leaseMs, dispatcherId } = options;
  const shares: BurstShares = { ...BURST_SHARES, ...options.shares, dispatcherId };
  let sweepAtMs = 0;

  async function start(burst: DispatchableBurst): Promise<void> {
    const { tenantId, burstId } = burst;
    try {
      // Ended without having ended them (terminated in the UI): they go on without it.
      if ((await startBurst(client, burst, options)) === 'ran-before') {
        const operations = await dissolveBurst(database.tenant(tenantId), burst);
        log.warn({ tenantId, burstId, operations }, 'a burst ended before its operations; they go on without it');
      }
    } catch (error) {
      log.warn({ err: error, tenantId, burstId }, 'a burst could not be started; it will be tried again');
      await options.afterRefusal(error);
      // The lease ends by itself where the database is away as well.
      await releaseBurst(database.tenant(tenantId), burst, RETRY_MS).catch(() => undefined);
    }
  }

  return {
    async sweep() {
      if (performance.now() < sweepAtMs) return;
      sweepAtMs = performance.now() + SWEEP_EVERY_MS;
      for (const stale of await claimStaleBursts(database.system, SWEEP_BATCH, leaseMs)) await start(stale);
      for (const due of await claimGathered(database.system, SWEEP_BATCH, leaseMs)) await start(due);
    },
    async look() {
      const { burst, flooded } = await claimBurst(database.system, leaseMs, shares);
      if (burst) await start(burst);
      return flooded;
    },
  };
}
