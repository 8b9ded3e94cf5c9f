import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { TypedSearchAttributes, WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/common';
import type { Logger } from 'pino';
import type { Database } from '../database/connect.js';
import { claimDeliveries, markDelivering, type DispatchableDelivery } from '../database/merchants/claim-deliveries.js';
import { deleteOldEvents, fanOutEvents } from '../database/merchants/events.js';
import type { DeliverWebhook } from '../workflows/deliver-webhook.js';
import { deliveryQueue } from '../workflows/task-queues.js';
import { CORRELATION_ID, TENANT } from '../workflows/search-attributes.js';
import { startLoop, type Loop } from './loop.js';

export interface FanOutOptions {
  database: Database;
  client: Client;
  log: Logger;
  taskQueue: string;
  /** Told of a start that failed. */
  afterRefusal?: (error: unknown) => Promise<void>;
  everyMs?: number;
}

const EVERY_MS = 500;
const BATCH = 100;
const LEASE_MS = 15_000;
const CLEAN_UP_EVERY_MS = 3_600_000;

/** `deliver-webhook/<delivery id>/<run>`: a redelivery is a run of its own. */
export const deliveryWorkflowId = (delivery: { delivery_id: string; run: number }): string =>
  `deliver-webhook/${delivery.delivery_id}/${delivery.run}`;

/**
 * Turns new events into deliveries and starts the workflow of each. It runs beside each dispatcher; the database decides
 * who takes what, so any number may run, and what one leaves over the next one finds.
 */
export function startFanOut(options: FanOutOptions): Loop {
  const { database, client, log, taskQueue } = options;
  const { system } = database;
  let cleanUpAt = 0;

  async function start(delivery: DispatchableDelivery): Promise<void> {
    const input: DeliverWebhook = {
      tenantId: delivery.tenant_id,
      deliveryId: delivery.delivery_id,
      run: delivery.run,
    };
    try {
      await client.workflow.start('deliverWebhook', {
        workflowId: deliveryWorkflowId(delivery),
        taskQueue: deliveryQueue(taskQueue),
        args: [input],
        workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
        typedSearchAttributes: new TypedSearchAttributes([
          { key: TENANT, value: delivery.tenant_id },
          ...(delivery.operation_id ? [{ key: CORRELATION_ID, value: delivery.operation_id }] : []),
        ]),
        priority: { fairnessKey: delivery.tenant_id },
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    await markDelivering(system, delivery);
  }

  return startLoop({
    name: 'the fan-out of events',
    everyMs: options.everyMs ?? EVERY_MS,
    log,
    async look() {
      const fannedOut = await fanOutEvents(system, BATCH);
      const claimed = await claimDeliveries(system, BATCH, LEASE_MS);
      const started = await Promise.allSettled(claimed.map(start));
      const failed = started.find((one) => one.status === 'rejected');
      if (failed) {
        await options.afterRefusal?.(failed.reason);
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
