import type { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { SystemSql } from '../database/connect.js';
import { compareAllSoon } from '../database/under-way.js';
import { ensureSearchAttributes } from './search-attribute-registration.js';

/** Longer than a step that was under way can still write: 12 s, 20 s for a delivery (`ONCE` of the workflows). */
const LATE_MS = 25_000;

/**
 * Makes the search attributes where they are missing. A server that lacks them has lost its data, so what is under way is
 * compared with it at the next look, not after the minutes for which a run is trusted; and once more when the steps that were
 * at work have written that they are. A new installation has nothing.
 * @throws Error as `ensureSearchAttributes` does.
 */
export async function recoverEngine(
  connection: NativeConnection,
  namespace: string,
  system: SystemSql,
  log: Logger,
  lateMs = LATE_MS,
): Promise<void> {
  if (!(await ensureSearchAttributes(connection, namespace, log))) return;
  setTimeout(() => {
    // The database may be away, or the process at its end: then the usual comparison finds it after minutes.
    compareAllSoon(system).catch(() => undefined);
  }, lateMs).unref();
  const { operations, deliveries } = await compareAllSoon(system);
  if (operations + deliveries === 0) return;
  log.warn({ operations, deliveries }, "Temporal's data was lost: what is under way is compared with it");
}
