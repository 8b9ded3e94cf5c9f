import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Database } from '../database/connect.js';
import { listCancellable, markCancelled, type Cancellable } from '../database/operations/cancellations.js';
import { endOperation } from '../database/operations/steps.js';
import { workflowId } from '../workflows/workflow-ids.js';
import { startLoop, type Loop } from '../common/loop.js';
import { isClosed } from './workflow-status.js';

const EVERY_MS = 500;
const BATCH = 100;

/** Passes requests to cancel on to Temporal; an operation whose workflow never began or has closed ends here. */
export function startCancellations(options: {
  database: Database;
  client: Client;
  log: Logger;
  everyMs?: number;
}): Loop {
  const { database, client, log } = options;

  async function passOn(operation: Cancellable): Promise<void> {
    const { kind, ...ref } = operation;
    const db = database.tenant(ref.tenantId);
    const end = (reason: string) => endOperation(db, { ...ref, status: 'cancelled', outcome: 'cancelled', reason });
    try {
      const workflow = client.workflow.getHandle(workflowId({ kind, ...ref }));
      await workflow.cancel();
      // Temporal takes a request for a closed workflow without a word.
      if (isClosed((await workflow.describe()).status.name)) await end('Its workflow had ended when it was cancelled.');
      else await markCancelled(db, ref);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      await end('It was cancelled before it began.');
    }
  }

  return startLoop({
    name: 'the passing on of cancellations',
    everyMs: options.everyMs ?? EVERY_MS,
    log,
    async look() {
      const waiting = await listCancellable(database.system, BATCH);
      for (const operation of waiting) await passOn(operation);
      return waiting.length === BATCH;
    },
  });
}
