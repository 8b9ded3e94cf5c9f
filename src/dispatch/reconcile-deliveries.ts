import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import {
  claimDeliveriesUnderWay,
  deliverAnew,
  type DeliveryUnderWay,
} from '../database/merchants/deliveries-under-way.js';
import { deliveryWorkflowId } from '../workflows/workflow-ids.js';
import { startLoop, type Loop } from '../common/loop.js';
import type { ReconcileDeps } from './reconcile.js';
import { isClosed } from './workflow-status.js';

const EVERY_MS = 60_000;
const BATCH = 50;
const SETTLED_MS = 5 * 60_000;
const AGAIN_MS = 10 * 60_000;

async function isAtWork(client: Client, delivery: DeliveryUnderWay): Promise<boolean> {
  try {
    return !isClosed(
      (
        await client.workflow
          .getHandle(deliveryWorkflowId({ deliveryId: delivery.delivery_id, run: delivery.run }))
          .describe()
      ).status.name,
    );
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    return false;
  }
}

/** Finds deliveries whose workflow is gone, and delivers them again: the receiver knows an event by its id. */
export function startDeliveryReconciler({
  database,
  client,
  log,
  everyMs = EVERY_MS,
}: ReconcileDeps & { everyMs?: number }): Loop {
  return startLoop({
    name: 'the comparison of deliveries with Temporal',
    everyMs,
    log,
    async look() {
      const underWay = await claimDeliveriesUnderWay(database.system, BATCH, {
        settledMs: SETTLED_MS,
        againMs: AGAIN_MS,
      });
      for (const delivery of underWay) {
        if (await isAtWork(client, delivery)) continue;
        if (await deliverAnew(database.system, delivery)) {
          log.warn({ deliveryId: delivery.delivery_id }, 'the workflow of a delivery is gone: it is delivered again');
        }
      }
      return underWay.length === BATCH;
    },
  });
}
