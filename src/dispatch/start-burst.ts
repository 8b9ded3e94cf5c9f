import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { TypedSearchAttributes, WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/common';
import type { DispatchableBurst } from '../database/bursts/dispatch.js';
import type { BurstKind } from '../passes/burst-kind.js';
import { ATTRIBUTES } from '../tracing/attributes.js';
import { inSpan } from '../tracing/spans.js';
import { CORRELATION_IDS, KIND, TENANT } from '../workflows/search-attributes.js';
import type * as workflows from '../workflows/index.js';
import { burstWorkflowId } from '../workflows/workflow-ids.js';
import type { StartOptions } from './start-workflow.js';

/** 2 KiB is the most that a search attribute holds; more ids than this do not fit. */
const LISTED = 50;

const WORKFLOWS: Readonly<Record<BurstKind, keyof typeof workflows>> = {
  'push-update': 'pushUpdateBurst',
  'change-state': 'changeStateBurst',
  'send-message': 'sendMessageBurst',
  'end-message': 'endMessageBurst',
  'start-offer': 'startOfferBurst',
  'end-offer': 'endOfferBurst',
  'write-back': 'writeBackBurst',
};

/**
 * Starts the run of a burst, or leaves the one that runs; `ran-before` where it has ended already. It begins a trace that
 * links to those of its operations.
 */
export function startBurst(
  client: Client,
  burst: DispatchableBurst,
  options: StartOptions,
): Promise<'started' | 'ran-before'> {
  const attributes = {
    [ATTRIBUTES.tenant]: burst.tenantId,
    [ATTRIBUTES.burst]: burst.burstId,
    [ATTRIBUTES.kind]: `${burst.kind}-burst`,
  };
  const links = burst.traceContexts ?? [];
  return inSpan({ name: 'dispatch', kind: 'CONSUMER', attributes, parent: null, links }, () =>
    start(client, burst, options),
  );
}

async function start(
  client: Client,
  burst: DispatchableBurst,
  options: StartOptions,
): Promise<'started' | 'ran-before'> {
  const { kind, tenantId, burstId, operationIds } = burst;
  const gathered = kind === 'write-back';
  try {
    await client.workflow.start(WORKFLOWS[kind], {
      workflowId: burstWorkflowId(burstId),
      taskQueue: options.taskQueue,
      // Ten thousand ids would be half of what an input may hold: the steps read them from the database.
      args: [gathered ? { tenantId, burstId } : { tenantId, burstId, operationIds }],
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      workflowTaskTimeout: '10s',
      typedSearchAttributes: new TypedSearchAttributes([
        { key: TENANT, value: tenantId },
        { key: KIND, value: `${kind}-burst` },
        ...(operationIds.length <= LISTED ? [{ key: CORRELATION_IDS, value: operationIds }] : []),
      ]),
      priority: { fairnessKey: tenantId },
      ...(options.eager && { requestEagerStart: true }),
    });
    return 'started';
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'ran-before';
    throw error;
  }
}
