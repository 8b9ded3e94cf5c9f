import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Database } from '../database/connect.js';
import { claimUnderWay, startAnew, type UnderWay } from '../database/operations/reconcile.js';
import { endOperation } from '../database/operations/steps.js';
import { workflowId } from '../workflows/workflow-ids.js';
import { startLoop, type Loop } from './loop.js';

const EVERY_MS = 60_000;
const BATCH = 50;
const SETTLED_MS = 5 * 60_000;
const AGAIN_MS = 10 * 60_000;

/** Statuses from which a workflow never comes back; a new one that we do not know is left alone. */
const CLOSED: ReadonlySet<string> = new Set(['COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT']);

export interface ReconcileDeps {
  database: Database;
  client: Client;
  log: Logger;
}

/**
 * Compares one operation with its workflow. One that Temporal does not know starts anew: steps find what they did. One
 * that was ended from outside (terminated in the UI) fails with the way to retry it; any other stays as it is.
 */
export async function reconcile({ database, client, log }: ReconcileDeps, operation: UnderWay): Promise<void> {
  const { tenantId, operationId, run } = operation;
  const sql = database.tenant(tenantId);
  let status: string;
  try {
    status = (await client.workflow.getHandle(workflowId(operation)).describe()).status.name;
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    if (await startAnew(sql, operation)) {
      log.warn({ tenantId, operationId }, 'Temporal does not know the workflow of an operation: it starts anew');
    }
    return;
  }
  if (!CLOSED.has(status)) return;
  const reason = `Its workflow ended in Temporal (${status}) without recording how. Run it again with POST /api/${tenantId}/operations/${operationId}/retry.`;
  const ending =
    status === 'CANCELLED'
      ? ({ status: 'cancelled', outcome: 'cancelled', reason: 'Its workflow was cancelled in Temporal.' } as const)
      : ({ status: 'failed', outcome: 'internal-error', reason } as const);
  if (await endOperation(sql, { tenantId, operationId, run, ...ending })) {
    log.warn({ tenantId, operationId, status }, 'the workflow of an operation ended without recording how');
  }
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
