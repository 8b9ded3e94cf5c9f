import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Database } from '../database/connect.js';
import { listCancellable } from '../database/operations/cancellations.js';
import { endOperation } from '../database/operations/steps.js';
import type { OperationKind } from '../passes/operation.js';
import { workflowId } from '../workflows/workflow-ids.js';
import { startLoop, type Loop } from './loop.js';

const EVERY_MS = 500;
const BATCH = 100;
const REMEMBERED = 10_000;

/** Passes requests to cancel on to Temporal; an operation whose workflow never began or is gone ends here. */
export function startCancellations(options: {
  database: Database;
  client: Client;
  log: Logger;
  everyMs?: number;
}): Loop {
  const { database, client, log } = options;
  // An operation past the point of no return stays on the list until it ends: one request is enough.
  const asked = new Set<string>();
  return startLoop({
    name: 'the passing on of cancellations',
    everyMs: options.everyMs ?? EVERY_MS,
    log,
    async look() {
      for (const { tenantId, operationId, kind, run } of await listCancellable(database.system, BATCH)) {
        const id = workflowId({ kind: kind as OperationKind, operationId, run });
        if (asked.has(id)) continue;
        try {
          await client.workflow.getHandle(id).cancel();
          if (asked.size >= REMEMBERED) asked.clear();
          asked.add(id);
        } catch (error) {
          if (!(error instanceof WorkflowNotFoundError)) throw error;
          const ending = {
            status: 'cancelled',
            outcome: 'cancelled',
            reason: 'It was cancelled before it began.',
          } as const;
          await endOperation(database.tenant(tenantId), { tenantId, operationId, ...ending });
        }
      }
      return false;
    },
  });
}
