import type { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { Sql } from '../database/connect.js';
import { compareAllSoon } from '../database/merchants/claim-deliveries.js';
import { ensureSearchAttributes } from './search-attribute-registration.js';

/**
 * Makes the search attributes where they are missing. A server that lacks them has lost its data, so what is under way is
 * compared with it at the next look, not after the minutes for which a run is trusted. A new installation has nothing.
 * @throws Error as `ensureSearchAttributes` does.
 */
export async function recoverEngine(
  connection: NativeConnection,
  namespace: string,
  system: Sql,
  log: Logger,
): Promise<void> {
  if (!(await ensureSearchAttributes(connection, namespace, log))) return;
  const { operations, deliveries } = await compareAllSoon(system);
  if (operations + deliveries === 0) return;
  log.warn({ operations, deliveries }, "Temporal's data was lost: what is under way is compared with it");
}
