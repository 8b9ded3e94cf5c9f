import type { Logger } from 'pino';
import { startLoop, type Loop } from '../common/loop.js';
import { claimDeliveries } from '../database/merchants/claim-deliveries.js';
import { deleteOldEvents, fanOutEvents } from '../database/merchants/events.js';
import { inRuns, startDeliveries, type StartsDeliveries } from './start-deliveries.js';

export interface FanOutOptions extends StartsDeliveries {
  log: Logger;
  /** Told of every start that failed: where the engine lost its data, the search attributes are made again. */
  afterRefusal: (error: unknown) => Promise<void>;
  everyMs?: number;
}

const EVERY_MS = 500;
const BATCH = 100;
const LEASE_MS = 15_000;
const CLEAN_UP_EVERY_MS = 3_600_000;

/**
 * Turns new events into deliveries and starts the workflow of each. It runs beside each dispatcher. The database
 * decides who takes what, so any number may run; one takes over what another leaves.
 */
export function startFanOut(options: FanOutOptions): Loop {
  const { log } = options;
  const { system } = options.database;
  let cleanUpAt = 0;

  return startLoop({
    name: 'the fan-out of events',
    everyMs: options.everyMs ?? EVERY_MS,
    log,
    async look() {
      const fannedOut = await fanOutEvents(system, BATCH);
      const claimed = await claimDeliveries(system, BATCH, LEASE_MS);
      const started = await Promise.allSettled(
        inRuns(claimed).map((deliveries) => startDeliveries(options, deliveries)),
      );
      const failed = started.find((one) => one.status === 'rejected');
      if (failed) {
        await options.afterRefusal(failed.reason);
        throw failed.reason;
      }
      if (Date.now() >= cleanUpAt) {
        cleanUpAt = Date.now() + CLEAN_UP_EVERY_MS;
        while ((await deleteOldEvents(system)) > 0);
      }
      // An endpoint has room again when an attempt is over, which takes a moment only where it answers.
      return fannedOut === BATCH || claimed.length >= BATCH / 4;
    },
  });
}
