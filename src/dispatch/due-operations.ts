import type { Logger } from 'pino';
import { startLoop, type Loop } from '../common/loop.js';
import type { Database, Sql } from '../database/connect.js';
import { acceptHeldBack } from '../database/bursts/held-back.js';
import { listDueMessages } from '../database/messages/messages.js';
import { listDueOffers } from '../database/offers/offers.js';
import { insertOrFindOperation, type NewOperation } from '../database/operations/operations.js';

const EVERY_MS = 5_000;
const BATCH = 100;
/** Held back until the same minute of a morning: one statement for many. */
const HELD_BATCH = 1_000;

interface Due {
  tenantId: string;
  operation: NewOperation;
}

/** One key for each, so that any number of loops ask once. */
const bySystem = (idempotencyKey: string, passId: string) =>
  ({ origin: 'system', idempotencyKey, bodyHash: Buffer.alloc(32), passId }) as const;

/** Each lists what is due at a time, at most so many. */
const SOURCES: readonly ((system: Sql, now: Date) => Promise<Due[]>)[] = [
  async (system) =>
    (await listDueMessages(system, BATCH)).map(({ tenant_id: tenantId, pass_id: passId, message_id: messageId }) => ({
      tenantId,
      operation: {
        kind: 'end-message',
        input: { passId, messageId },
        ...bySystem(`end-message/${messageId}`, passId),
      },
    })),
  async (system, now) =>
    (await listDueOffers(system, now, BATCH)).map(
      ({ tenant_id: tenantId, pass_id: passId, offer_id: offerId, kind }) => ({
        tenantId,
        operation: { kind, input: { passId, offerId }, ...bySystem(`${kind}/${offerId}`, passId) },
      }),
    ),
];

export interface DueOperationsDeps {
  database: Database;
  /** Tells the dispatcher that something was accepted. */
  nudge: () => void;
}

/** One look: accepts an operation for everything that is due at `now`, and what was held back until then; true where more may wait. */
export async function acceptDueOperations({ database, nudge }: DueOperationsDeps, now: Date): Promise<boolean> {
  let more = false;
  for (const list of SOURCES) {
    const due = await list(database.system, now);
    for (const { tenantId, operation } of due) await insertOrFindOperation(database.tenant(tenantId), operation);
    if (due.length > 0) nudge();
    more ||= due.length === BATCH;
  }
  const held = await acceptHeldBack(database.system, now, HELD_BATCH);
  if (held > 0) nudge();
  return more || held === HELD_BATCH;
}

/**
 * Asks for the end of messages and for the beginning and end of offers, and goes on with messages that bursts have held back.
 * A due time is a row, not a timer of the engine: it survives whatever happens to the engine, and an outage only delays it.
 */
export function startDueOperations(options: DueOperationsDeps & { log: Logger; everyMs?: number }): Loop {
  return startLoop({
    name: 'the beginning and end of messages and offers',
    everyMs: options.everyMs ?? EVERY_MS,
    log: options.log,
    look: () => acceptDueOperations(options, new Date()),
  });
}
