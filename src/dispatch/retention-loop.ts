import type { Logger } from 'pino';
import type { Database } from '../database/connect.js';
import { runRetention } from '../database/bulk/retention.js';

/** Often enough that a day's worth is done within the day. */
const EVERY_MS = 6 * 3_600_000;
/** Not at once: workers that start together would all begin with it. */
const FIRST_MS = 10 * 60_000;

/** Runs the retention of all tenants now and then beside a worker, until stopped. */
export function startRetention(options: { database: Database; log: Logger; firstMs?: number; everyMs?: number }): {
  stop(): Promise<void>;
} {
  const { database, log, firstMs = FIRST_MS, everyMs = EVERY_MS } = options;
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let timer = setTimeout(turn, firstMs);
  timer.unref();

  function turn(): void {
    running = runRetention(database, stopping.signal)
      .then(
        (aged) => log.info(aged, 'retention ran'),
        (err: unknown) => log.warn({ err }, 'retention failed; it runs again later'),
      )
      .then(() => {
        if (stopping.signal.aborted) return;
        timer = setTimeout(turn, everyMs);
        timer.unref();
      });
  }

  return {
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await running;
    },
  };
}
