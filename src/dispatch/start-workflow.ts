import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy, TypedSearchAttributes } from '@temporalio/common';
import type { Dispatchable } from '../database/operations/dispatch.js';
import { ATTRIBUTES } from '../tracing/attributes.js';
import { inSpan } from '../tracing/spans.js';
import { CORRELATION_ID, KIND, PASS, TENANT } from '../workflows/search-attributes.js';
import { workflowId } from '../workflows/workflow-ids.js';
import { KINDS_OF_OPERATION } from './operation-kinds.js';
import { isClosed } from './workflow-status.js';

export interface StartOptions {
  taskQueue: string;
  /** Asks the server to hand the first task back at once; only where the client shares its connection with a worker. */
  eager: boolean;
}

/** Starts the workflow of one operation, or leaves the one that runs; `ran-before` where it has ended already. */
export function startWorkflow(
  client: Client,
  operation: Dispatchable,
  options: StartOptions,
): Promise<'started' | 'ran-before'> {
  const attributes = {
    [ATTRIBUTES.tenant]: operation.tenant_id,
    [ATTRIBUTES.correlationId]: operation.operation_id,
    [ATTRIBUTES.kind]: operation.kind,
    [ATTRIBUTES.run]: operation.run,
  };
  const order = { name: 'dispatch', kind: 'CONSUMER', attributes, parent: operation.trace_context } as const;
  return inSpan(order, () => start(client, operation, options));
}

async function start(
  client: Client,
  operation: Dispatchable,
  options: StartOptions,
): Promise<'started' | 'ran-before'> {
  if (operation.run > 1) await endFormerRun(client, operation);
  try {
    await client.workflow.start(KINDS_OF_OPERATION[operation.kind].workflow, {
      workflowId: workflowId({ kind: operation.kind, operationId: operation.operation_id, run: operation.run }),
      taskQueue: options.taskQueue,
      args: [
        {
          tenantId: operation.tenant_id,
          operationId: operation.operation_id,
          ...(operation.test && { test: true as const }),
        },
      ],
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      // A dead worker's first task is handed out again after this long; less makes an overloaded worker lose tasks.
      workflowTaskTimeout: '10s',
      typedSearchAttributes: new TypedSearchAttributes([
        { key: TENANT, value: operation.tenant_id },
        { key: CORRELATION_ID, value: operation.operation_id },
        { key: KIND, value: operation.kind },
        // Known at the start, it costs nothing; the workflow puts a wrong or missing one right.
        ...(operation.pass_hint ? [{ key: PASS, value: operation.pass_hint }] : []),
      ]),
      priority: { fairnessKey: operation.tenant_id },
      ...(options.eager && { requestEagerStart: true }),
    });
    return 'started';
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'ran-before';
    throw error;
  }
}

/**
 * Ends the previous run, whose work no longer counts: terminated, not cancelled, so that it records no ending. A run that was
 * cancelled or retried before it began has no workflow: then an earlier one may still be at work.
 */
async function endFormerRun(client: Client, operation: Dispatchable): Promise<void> {
  for (let run = operation.run - 1; run >= 1; run--) {
    const id = workflowId({ kind: operation.kind, operationId: operation.operation_id, run });
    const former = client.workflow.getHandle(id);
    try {
      if (!isClosed((await former.describe()).status.name)) await former.terminate('a later run has taken over');
      // It ended those before it when it started.
      return;
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }
}
