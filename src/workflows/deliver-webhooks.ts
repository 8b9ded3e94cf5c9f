import { ParentClosePolicy, startChild } from '@temporalio/workflow';
import { TypedSearchAttributes, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { deliverWebhook, type DeliverWebhook } from './deliver-webhook.js';
import { PAUSES_MS, withJitter } from './delivery-schedule.js';
import { runDurably } from './run-step.js';
import { CORRELATION_ID, TENANT } from './search-attributes.js';
import { deliveryWorkflowId } from './workflow-ids.js';

export interface DeliverWebhooks {
  tenantId: string;
  /** To one endpoint. */
  deliveries: { deliveryId: string; run: number; operationId: string | null }[];
}

/** Makes the first attempts of many deliveries to one endpoint. Each that fails goes on as a run of its own, on its schedule. */
export async function deliverWebhooks({ tenantId, deliveries }: DeliverWebhooks): Promise<void> {
  const attempts = deliveries.map(({ deliveryId, run }) => ({
    ...{ deliveryId, run, pauseMs: withJitter(PAUSES_MS[0]!, Math.random()) },
  }));
  const { failed, open } = await runDurably('deliver-first-attempts', { tenantId, deliveries: attempts }, 'merchant');
  const waitOf = new Map(failed.map(({ deliveryId, waitMs }) => [deliveryId, waitMs]));
  const isOpen = new Set(open);
  await Promise.all(
    deliveries.map(({ deliveryId, run, operationId }) => {
      const waitMs = waitOf.get(deliveryId);
      if (waitMs === undefined && !isOpen.has(deliveryId)) return;
      const alone: DeliverWebhook = {
        ...{ tenantId, deliveryId, run },
        ...(waitMs !== undefined && { made: { attempts: 1, waitMs } }),
      };
      return startChild(deliverWebhook, {
        workflowId: deliveryWorkflowId(alone),
        args: [alone],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        typedSearchAttributes: new TypedSearchAttributes([
          { key: TENANT, value: tenantId },
          ...(operationId === null ? [] : [{ key: CORRELATION_ID, value: operationId }]),
        ]),
      }).catch((error: unknown) => {
        // A sweep took it for lost, and has started it meanwhile.
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      });
    }),
  );
}
