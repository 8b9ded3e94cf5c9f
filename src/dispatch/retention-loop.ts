import type { Logger } from 'pino';
import { startLoop, type Loop } from '../common/loop.js';
import { runRetention } from '../database/bulk/retention.js';
import type { Database } from '../database/connect.js';

/** Often enough that a day's worth is done within the day. */
const EVERY_MS = 6 * 3_600_000;
/** Not at once: workers that start together would all begin with it. */
const FIRST_MS = 10 * 60_000;

/** Runs the retention of all tenants now and then beside a worker, until stopped. */
export function startRetention(options: { database: Database; log: Logger; firstMs?: number; everyMs?: number }): Loop {
  const { database, log, firstMs = FIRST_MS, everyMs = EVERY_MS } = options;
  return startLoop({
    name: 'retention',
    firstMs,
    everyMs,
    log,
    async look(signal) {
      log.info(await runRetention(database, signal), 'retention ran');
      return false;
    },
  });
}
