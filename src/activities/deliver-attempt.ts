import { loadDelivery, recordAttempt, type DeliveryEnd } from '../database/deliveries.js';
import { presentEvent } from '../merchants/events.js';
import { webhookHeaders } from '../merchants/sign.js';
import type { ActivityDeps } from './deps.js';

export interface DeliverAttempt {
  tenantId: string;
  deliveryId: string;
  run: number;
  /** Until the next attempt, should this one fail; null on the last one. */
  pauseMs: number | null;
}

export type AttemptedDelivery = { ended: true } | { ended: false; waitMs: number };

const GONE = 410;

/** One signed POST to the merchant, written into the delivery log with its answer, whatever it was. */
export function deliverAttemptActivity(deps: ActivityDeps) {
  return async function deliverAttempt(input: DeliverAttempt): Promise<AttemptedDelivery> {
    const { tenantId, deliveryId, run, pauseMs } = input;
    const sql = deps.database.tenant(tenantId);
    const delivery = await loadDelivery(sql, tenantId, deliveryId);
    // Redelivered meanwhile, cancelled, or its endpoint was deleted: another run owns it, or nobody.
    if (!delivery || delivery.run !== run || !['accepted', 'delivering', 'retrying'].includes(delivery.status)) {
      return { ended: true };
    }
    const now = new Date(deps.now());
    if (delivery.endpoint_state === 'disabled') {
      await recordAttempt(sql, {
        tenantId,
        deliveryId,
        run,
        status: 'cancelled',
        answer: null,
        nextAttemptAt: null,
        now,
      });
      return { ended: true };
    }
    const body = JSON.stringify(presentEvent(delivery));
    const secrets = deps.webhookSecrets(tenantId, delivery.endpoint_id, delivery.secrets);
    const answer = await deps.merchants.post({
      url: delivery.url,
      headers: webhookHeaders(secrets, { id: delivery.event_id, body, now }),
      body,
      reach: delivery.environment === 'development' ? 'development' : 'public',
    });
    const taken = answer.status !== null && answer.status >= 200 && answer.status < 300;
    const gone = answer.status === GONE;
    const waitMs = Math.max(pauseMs ?? 0, answer.retryAfterMs ?? 0);
    const status: DeliveryEnd = taken ? 'delivered' : gone ? 'cancelled' : pauseMs === null ? 'exhausted' : 'retrying';
    const after = new Date(deps.now());
    await recordAttempt(sql, {
      tenantId,
      deliveryId,
      run,
      status,
      answer,
      nextAttemptAt: status === 'retrying' ? new Date(after.getTime() + waitMs) : null,
      now: after,
      ...(gone && { disable: 'The endpoint answered 410 Gone.' }),
    });
    return status === 'retrying' ? { ended: false, waitMs } : { ended: true };
  };
}
