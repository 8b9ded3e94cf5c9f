import type { Logger } from 'pino';
import { startLoop, type Loop } from '../common/loop.js';
import type { Database, SystemSql } from '../database/connect.js';
import { acceptHeldBack } from '../database/bursts/held-back.js';
import { listDueMessages, markEndsAsked } from '../database/messages/messages.js';
import { listDueOffers, markAsked } from '../database/offers/offers.js';
import { insertForTenants, type NewOperation } from '../database/operations/operations.js';

const EVERY_MS = 5_000;
/** The offers of a campaign begin and end at one instant, and what is held back until a morning is due at once. */
const BATCH = 1_000;

interface Due {
  tenantId: string;
  operation: NewOperation;
}

/** One key for each, so that any number of loops ask once. */
const bySystem = (idempotencyKey: string, passId: string) =>
  ({ origin: 'system', idempotencyKey, bodyHash: Buffer.alloc(32), passId }) as const;

type Accept = (due: readonly Due[]) => Promise<void>;

/**
 * Each accepts what is due at a time, at most so many, and says how many there were. It notes afterwards that they were asked
 * for: what a crash in between leaves is asked for again, under the same keys.
 */
const SOURCES: readonly ((system: SystemSql, now: Date, accept: Accept) => Promise<number>)[] = [
  async (system, _now, accept) => {
    const due = await listDueMessages(system, BATCH);
    await accept(
      due.map(({ tenant_id: tenantId, pass_id: passId, message_id: messageId }) => ({
        tenantId,
        operation: {
          kind: 'end-message',
          input: { passId, messageId },
          ...bySystem(`end-message/${messageId}`, passId),
        },
      })),
    );
    if (due.length > 0)
      await markEndsAsked(
        system,
        due.map(({ message_id: id }) => id),
      );
    return due.length;
  },
  async (system, now, accept) => {
    const due = await listDueOffers(system, now, BATCH);
    await accept(
      due.map(({ tenant_id: tenantId, pass_id: passId, offer_id: offerId, kind }) => ({
        tenantId,
        operation: { kind, input: { passId, offerId }, ...bySystem(`${kind}/${offerId}`, passId) },
      })),
    );
    if (due.length > 0) await markAsked(system, due);
    return due.length;
  },
  (system, now) => acceptHeldBack(system, now, BATCH),
];

export interface DueOperationsDeps {
  database: Database;
  /** Tells the dispatcher that something was accepted. */
  nudge: () => void;
}

/** One look: accepts an operation for everything that is due at `now`, and what was held back until then; true where more may wait. */
export async function acceptDueOperations({ database, nudge }: DueOperationsDeps, now: Date): Promise<boolean> {
  const { system } = database;
  const accept: Accept = async (due) => {
    if (due.length > 0) await insertForTenants(system, due);
  };
  let more = false;
  for (const acceptFrom of SOURCES) {
    const accepted = await acceptFrom(system, now, accept);
    if (accepted > 0) nudge();
    more ||= accepted === BATCH;
  }
  return more;
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
