import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { TypedSearchAttributes, WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/common';
import type { Logger } from 'pino';
import type { Database } from '../database/connect.js';
import { claimDeliveries, markDelivering, type DispatchableDelivery } from '../database/merchants/claim-deliveries.js';
import { deleteOldEvents, fanOutEvents } from '../database/merchants/events.js';
import { ATTRIBUTES } from '../tracing/attributes.js';
import { inSpan } from '../tracing/spans.js';
import type { DeliverWebhook } from '../workflows/deliver-webhook.js';
import type { DeliverWebhooks } from '../workflows/deliver-webhooks.js';
import { deliveryQueue } from '../workflows/task-queues.js';
import { deliveryWorkflowId } from '../workflows/workflow-ids.js';
import { CORRELATION_ID, CORRELATION_IDS, TENANT } from '../workflows/search-attributes.js';
import { startLoop, type Loop } from '../common/loop.js';

export interface FanOutOptions {
  database: Database;
  client: Client;
  log: Logger;
  taskQueue: string;
  /** Told of every start that failed: where the engine lost its data, the search attributes are made again. */
  afterRefusal: (error: unknown) => Promise<void>;
  everyMs?: number;
}

const EVERY_MS = 500;
const BATCH = 100;
const LEASE_MS = 15_000;
const CLEAN_UP_EVERY_MS = 3_600_000;

/** From so many waiting deliveries of one endpoint on, one run makes their first attempts. */
const BATCH_FROM = 2;

/**
 * Turns new events into deliveries and starts the workflow of each. It runs beside each dispatcher. The database
 * decides who takes what, so any number may run; one takes over what another leaves.
 */
export function startFanOut(options: FanOutOptions): Loop {
  const { database, client, log, taskQueue } = options;
  const { system } = database;
  let cleanUpAt = 0;

  /** One delivery is a part of the trace of its operation; a run for many links to theirs. */
  function startTraced(deliveries: readonly DispatchableDelivery[]): Promise<void> {
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
    return inSpan({ name: 'dispatch', kind: 'CONSUMER', attributes, ...whose }, () => start(deliveries));
  }

  async function start(deliveries: readonly DispatchableDelivery[]): Promise<void> {
    const [first] = deliveries as [DispatchableDelivery];
    const tenantId = first.tenant_id;
    const operationIds = deliveries.flatMap(({ operation_id }) => (operation_id ? [operation_id] : []));
    const inputs = deliveries.map(({ delivery_id, run, operation_id }) => ({
      ...{ deliveryId: delivery_id, run, operationId: operation_id },
    }));
    const batch: DeliverWebhooks = { tenantId, deliveries: inputs };
    const single: DeliverWebhook = { tenantId, deliveryId: first.delivery_id, run: first.run };
    const alone = deliveries.length === 1;
    try {
      await client.workflow.start(alone ? 'deliverWebhook' : 'deliverWebhooks', {
        workflowId: alone ? deliveryWorkflowId(single) : `deliver-webhooks/${single.deliveryId}/${single.run}`,
        taskQueue: deliveryQueue(taskQueue),
        args: [alone ? single : batch],
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
    await markDelivering(system, tenantId, deliveries);
  }

  return startLoop({
    name: 'the fan-out of events',
    everyMs: options.everyMs ?? EVERY_MS,
    log,
    async look() {
      const fannedOut = await fanOutEvents(system, BATCH);
      const claimed = await claimDeliveries(system, BATCH, LEASE_MS);
      const started = await Promise.allSettled(inBatches(claimed).map(startTraced));
      const failed = started.find((one) => one.status === 'rejected');
      if (failed) {
        await options.afterRefusal(failed.reason);
        throw failed.reason;
      }
      if (Date.now() >= cleanUpAt) {
        cleanUpAt = Date.now() + CLEAN_UP_EVERY_MS;
        while ((await deleteOldEvents(system)) > 0);
      }
      // An endpoint has room again when an attempt is over, which takes a moment only where it answers.
      return fannedOut === BATCH || claimed.length >= BATCH / 4;
    },
  });
}

/** Deliveries that one run makes: of an endpoint for which many wait, all; of the others, each alone. */
function inBatches(claimed: readonly DispatchableDelivery[]): DispatchableDelivery[][] {
  const byEndpoint = new Map<string, DispatchableDelivery[]>();
  for (const one of claimed) byEndpoint.set(one.endpoint_id, [...(byEndpoint.get(one.endpoint_id) ?? []), one]);
  return [...byEndpoint.values()].flatMap((waiting) =>
    waiting.length >= BATCH_FROM ? [waiting] : waiting.map((one) => [one]),
  );
}
