import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { TypedSearchAttributes, WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/common';
import type { Database } from '../database/connect.js';
import { markDelivering, type DispatchableDelivery } from '../database/merchants/claim-deliveries.js';
import { ATTRIBUTES } from '../tracing/attributes.js';
import { inSpan } from '../tracing/spans.js';
import type { DeliverWebhook } from '../workflows/deliver-webhook.js';
import type { DeliverWebhooks } from '../workflows/deliver-webhooks.js';
import { deliveryQueue } from '../workflows/task-queues.js';
import { deliveryWorkflowId } from '../workflows/workflow-ids.js';
import { CORRELATION_ID, CORRELATION_IDS, TENANT } from '../workflows/search-attributes.js';

export interface StartsDeliveries {
  database: Database;
  client: Client;
  taskQueue: string;
}

/** From so many waiting deliveries of one endpoint on, one run makes their first attempts. */
const TOGETHER_FROM = 2;

/** The deliveries of each run: all of an endpoint for which several wait, else one alone. */
export function inRuns(claimed: readonly DispatchableDelivery[]): DispatchableDelivery[][] {
  const byEndpoint = new Map<string, DispatchableDelivery[]>();
  for (const one of claimed) byEndpoint.set(one.endpoint_id, [...(byEndpoint.get(one.endpoint_id) ?? []), one]);
  return [...byEndpoint.values()].flatMap((waiting) =>
    waiting.length >= TOGETHER_FROM ? [waiting] : waiting.map((one) => [one]),
  );
}

/** Starts the run of some deliveries. One alone is a part of the trace of its operation; a run for many links to theirs. */
export function startDeliveries(to: StartsDeliveries, deliveries: readonly DispatchableDelivery[]): Promise<void> {
  const [first] = deliveries as [DispatchableDelivery];
  const alone = deliveries.length === 1;
  const attributes = {
    [ATTRIBUTES.tenant]: first.tenant_id,
    [ATTRIBUTES.kind]: alone ? 'deliver-webhook' : 'deliver-webhooks',
    ...(alone && { [ATTRIBUTES.delivery]: first.delivery_id }),
    ...(alone && first.operation_id && { [ATTRIBUTES.correlationId]: first.operation_id }),
  };
  const traces = deliveries.flatMap(({ trace_context }) => trace_context ?? []);
  const whose = alone ? { parent: first.trace_context } : { parent: null, links: traces };
  return inSpan({ name: 'dispatch', kind: 'CONSUMER', attributes, ...whose }, () => start(to, deliveries));
}

async function start(
  { database, client, taskQueue }: StartsDeliveries,
  deliveries: readonly DispatchableDelivery[],
): Promise<void> {
  const [first] = deliveries as [DispatchableDelivery];
  const tenantId = first.tenant_id;
  const alone = deliveries.length === 1;
  const single: DeliverWebhook = { tenantId, deliveryId: first.delivery_id, run: first.run };
  const many: DeliverWebhooks = {
    tenantId,
    deliveries: deliveries.map(({ delivery_id: deliveryId, run, operation_id: operationId }) => ({
      deliveryId,
      run,
      operationId,
    })),
  };
  const operationIds = deliveries.flatMap(({ operation_id }) => (operation_id ? [operation_id] : []));
  try {
    await client.workflow.start(alone ? 'deliverWebhook' : 'deliverWebhooks', {
      workflowId: alone ? deliveryWorkflowId(single) : `deliver-webhooks/${single.deliveryId}/${single.run}`,
      taskQueue: deliveryQueue(taskQueue),
      args: [alone ? single : many],
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      typedSearchAttributes: new TypedSearchAttributes([
        { key: TENANT, value: tenantId },
        ...(alone && first.operation_id ? [{ key: CORRELATION_ID, value: first.operation_id }] : []),
        ...(alone ? [] : [{ key: CORRELATION_IDS, value: operationIds }]),
      ]),
      priority: { fairnessKey: tenantId },
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  await markDelivering(database.system, tenantId, deliveries);
}
