import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Logger } from 'pino';
import { dissolveBurst } from '../database/bursts/dispatch.js';
import type { Database } from '../database/connect.js';
import { claimUnderWay, startAnew, startNextRun, type UnderWay } from '../database/operations/reconcile.js';
import { endOperation } from '../database/operations/steps.js';
import { workflowIdOf } from '../workflows/workflow-ids.js';
import { startLoop, type Loop } from '../common/loop.js';
import { isClosed } from './workflow-status.js';

const EVERY_MS = 60_000;
const BATCH = 50;
const SETTLED_MS = 5 * 60_000;
const AGAIN_MS = 10 * 60_000;

export interface ReconcileDeps {
  database: Database;
  client: Client;
  log: Logger;
}

/** Status of an operation's workflow, by Temporal's names; undefined where Temporal does not know it. */
async function statusOf(client: Client, operation: UnderWay): Promise<string | undefined> {
  try {
    return (await client.workflow.getHandle(workflowIdOf(operation)).describe()).status.name;
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    return undefined;
  }
}

/**
 * Compares an unfinished operation with its workflow. If Temporal does not know the workflow, it is started again;
 * the steps find what they did. If it is closed, the row comes from a backup: the next run repeats what the backup
 * lacks. Only what a person terminated or cancelled in Temporal ends here, with a hint how to retry it. Operations of
 * a burst that is gone continue one by one.
 */
export async function reconcile({ database, client, log }: ReconcileDeps, operation: UnderWay): Promise<void> {
  const { tenantId, operationId, run, burstId } = operation;
  const db = database.tenant(tenantId);
  const status = await statusOf(client, operation);
  if (burstId !== null) {
    if (status !== undefined && !isClosed(status)) return;
    const operations = await dissolveBurst(db, { tenantId, burstId });
    log.warn({ tenantId, burstId, operations }, 'a burst is gone; its operations go on without it');
    return;
  }
  if (status === undefined) {
    if (await startAnew(db, operation)) {
      log.warn({ tenantId, operationId }, 'Temporal does not know the workflow of an operation: it is started again');
    }
    return;
  }
  if (!isClosed(status)) return;
  const byHand = status === 'CANCELLED' || status === 'TERMINATED';
  // A later run in Temporal shows that the row is older than what Temporal knows.
  if (!byHand || (await statusOf(client, { ...operation, run: run + 1 })) !== undefined) {
    if (await startNextRun(db, operation)) {
      log.warn(
        { tenantId, operationId, status },
        'an unfinished operation is older than its workflow: its next run starts',
      );
    }
    return;
  }
  const ending =
    status === 'CANCELLED'
      ? ({ status: 'cancelled', outcome: 'cancelled', reason: 'Its workflow was cancelled in Temporal.' } as const)
      : ({
          status: 'failed',
          outcome: 'internal-error',
          reason: `Its workflow was ended by hand in Temporal (TERMINATED). Run it again with POST /api/${tenantId}/operations/${operationId}/retry.`,
        } as const);
  const ended = await endOperation(db, { tenantId, operationId, run, ...ending });
  if (ended?.byThisCall) log.warn({ tenantId, operationId, status }, 'the workflow of an operation was ended by hand');
}

/** Finds operations whose workflow is gone, slowly and beside the dispatcher: none hangs for ever. */
export function startReconciler(
  options: ReconcileDeps & { everyMs?: number; settledMs?: number; againMs?: number },
): Loop {
  const { everyMs = EVERY_MS, settledMs = SETTLED_MS, againMs = AGAIN_MS } = options;
  return startLoop({
    name: 'the comparison of operations with Temporal',
    everyMs,
    log: options.log,
    async look() {
      const underWay = await claimUnderWay(options.database.system, BATCH, { settledMs, againMs });
      for (const operation of underWay) await reconcile(options, operation);
      return underWay.length === BATCH;
    },
  });
}
