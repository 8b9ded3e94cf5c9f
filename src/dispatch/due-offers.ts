import type { Logger } from 'pino';
import type { Database } from '../database/connect.js';
import { listDueOffers } from '../database/offers/offers.js';
import { insertOrFindOperation } from '../database/operations/operations.js';
import { startLoop, type Loop } from '../common/loop.js';

const EVERY_MS = 5_000;
const BATCH = 100;

/**
 * Asks for the beginning and the end of every offer whose time has come. Due times are rows: an outage of weeks, or lost histories,
 * only delay them. One key for each offer and end, so that any number of loops ask once.
 */
export function startDueOffers(options: {
  database: Database;
  log: Logger;
  nudge: () => void;
  everyMs?: number;
}): Loop {
  return startLoop({
    name: 'the beginning and end of offers',
    everyMs: options.everyMs ?? EVERY_MS,
    log: options.log,
    look: () => askForDueOffers(options, new Date()),
  });
}

/** One look: accepts an operation for each offer that is due at `now`; true where more may wait. */
export async function askForDueOffers(
  { database, nudge }: { database: Database; nudge: () => void },
  now: Date,
): Promise<boolean> {
  const due = await listDueOffers(database.system, now, BATCH);
  for (const { tenant_id: tenantId, pass_id: passId, offer_id: offerId, kind } of due) {
    await insertOrFindOperation(database.tenant(tenantId), {
      kind,
      origin: 'system',
      idempotencyKey: `${kind}/${offerId}`,
      bodyHash: Buffer.alloc(32),
      input: { passId, offerId },
      passId,
    });
  }
  if (due.length > 0) nudge();
  return due.length === BATCH;
}
