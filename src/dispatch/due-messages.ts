import type { Logger } from 'pino';
import type { Database } from '../database/connect.js';
import { listDueMessages } from '../database/messages/messages.js';
import { insertOrFindOperation } from '../database/operations/operations.js';
import { startLoop, type Loop } from '../common/loop.js';

const EVERY_MS = 5_000;
const BATCH = 100;

/**
 * Asks for the end of every message whose time is over. Its due time is a row, not a timer of the engine: it survives whatever
 * happens to the engine, and an outage at that hour only delays it. One key for each message, so that any number of loops ask once.
 */
export function startDueMessages(options: {
  database: Database;
  log: Logger;
  nudge: () => void;
  everyMs?: number;
}): Loop {
  const { database, log, nudge } = options;
  return startLoop({
    name: 'the end of messages',
    everyMs: options.everyMs ?? EVERY_MS,
    log,
    async look() {
      const due = await listDueMessages(database.system, BATCH);
      for (const { tenant_id: tenantId, pass_id: passId, message_id: messageId } of due) {
        await insertOrFindOperation(database.tenant(tenantId), {
          kind: 'end-message',
          origin: 'system',
          idempotencyKey: `end-message/${messageId}`,
          bodyHash: Buffer.alloc(32),
          input: { passId, messageId },
          passId,
        });
      }
      if (due.length > 0) nudge();
      return due.length === BATCH;
    },
  });
}
