import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { TypedSearchAttributes, WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/common';
import type { Logger } from 'pino';
import type { Database } from '../database/connect.js';
import { claimRecordChecks } from '../database/klaviyo/record-checks.js';
import { TENANT } from '../workflows/search-attributes.js';
import { startLoop, type Loop } from '../common/loop.js';

const EVERY_MS = 5_000;
const BATCH = 50;
/** By then the run has begun, or is started again: the same ID makes it one. */
const LEASE_MS = 120_000;

export interface RecordCheckOptions {
  database: Database;
  client: Client;
  log: Logger;
  taskQueue: string;
  /** Told of every start that failed. */
  afterRefusal: (error: unknown) => Promise<void>;
}

/** Starts a run for each tenant whose records are to be looked after in Klaviyo's ingestion logs. */
export function startRecordChecks(options: RecordCheckOptions & { everyMs?: number }): Loop {
  return startLoop({
    name: 'reading Klaviyo’s ingestion logs',
    everyMs: options.everyMs ?? EVERY_MS,
    log: options.log,
    look: () => startDueRecordChecks(options),
  });
}

/** One look; true where more may wait. */
export async function startDueRecordChecks(options: RecordCheckOptions): Promise<boolean> {
  const tenants = await claimRecordChecks(options.database.system, BATCH, LEASE_MS);
  for (const tenantId of tenants) {
    try {
      await options.client.workflow.start('readIngestionLogs', {
        workflowId: `read-ingestion-logs/${tenantId}`,
        taskQueue: options.taskQueue,
        args: [{ tenantId }],
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
        workflowExecutionTimeout: '1 day',
        typedSearchAttributes: new TypedSearchAttributes([{ key: TENANT, value: tenantId }]),
        priority: { fairnessKey: tenantId },
      });
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) continue;
      await options.afterRefusal(error);
      throw error;
    }
  }
  return tenants.length === BATCH;
}
