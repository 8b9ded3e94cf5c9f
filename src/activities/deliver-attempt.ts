import {
  loadDelivery,
  recordAttempt,
  type DeliveryEnd,
  type LoadedDelivery,
} from '../database/merchants/deliveries.js';
import { isSecretTrouble } from '../database/secret-box.js';
import { presentEvent } from '../merchants/events.js';
import { TEST_EVENT } from '../passes/event-type.js';
import type { WebhookAnswer } from '../merchants/send.js';
import { webhookReach } from '../merchants/safe-url.js';
import { webhookHeaders } from '../merchants/sign.js';
import { ATTRIBUTES } from '../tracing/attributes.js';
import { describeSpan } from '../tracing/spans.js';
import { PermanentError, WaitForTurn, type TransientError } from '../common/errors.js';
import { createDeliverySlots } from './delivery-slots.js';
import type { ActivityDeps } from './deps.js';
import { createFirstTries } from './first-tries.js';

export interface DeliverAttempt {
  tenantId: string;
  deliveryId: string;
  run: number;
  /** Until the next attempt, should this one fail; null on the last one. */
  pauseMs: number | null;
  /** A local try: made only where it holds a workflow task for a moment. */
  local?: true;
}

export type AttemptedDelivery = { ended: true } | { ended: false; waitMs: number };
/** Answer of a local try that is better made as an activity of its own; nothing was sent. */
export interface NotAttempted {
  later: true;
}

const GONE = 410;
/** Share by which turns are spread, so that they do not come in step. */
const JITTER = 0.2;
/** Of 16 slots for workflow tasks these hold six at most; an endpoint that is slow or fails gets none for a minute. */
const LOCAL_TRIES = { atOnce: 6, slowMs: 1_000, restMs: 60_000 };

/** One POST; secrets that cannot be opened are a failed attempt, so that the log shows what an operator must fix. */
async function attempt(
  deps: ActivityDeps,
  tenantId: string,
  delivery: LoadedDelivery,
  now: Date,
): Promise<WebhookAnswer> {
  const { operationId } = delivery.payload;
  if (typeof operationId === 'string') describeSpan({ [ATTRIBUTES.correlationId]: operationId });
  const body = JSON.stringify(presentEvent(delivery));
  let secrets: string[];
  try {
    secrets = deps.webhookSecrets(tenantId, delivery.endpoint_id, delivery.secrets);
  } catch (error) {
    if (!(error instanceof PermanentError) && !isSecretTrouble(error)) throw error;
    return {
      status: null,
      error: (error as PermanentError | TransientError).code,
      durationMs: 0,
      excerpt: null,
      retryAfterMs: null,
    };
  }
  return deps.merchants.post({
    url: delivery.url,
    headers: webhookHeaders(secrets, { id: delivery.event_id, body, now }),
    body,
    reach: webhookReach(delivery.environment, deps.installation),
  });
}

/** One signed POST to the merchant, written into the delivery log with its answer, whatever it was. */
export function deliverAttemptActivity(deps: ActivityDeps) {
  const slots = createDeliverySlots(deps.now);
  const localTries = createFirstTries(deps.now, LOCAL_TRIES);
  return async function deliverAttempt(input: DeliverAttempt): Promise<AttemptedDelivery | NotAttempted> {
    const { tenantId, deliveryId, run, pauseMs } = input;
    const sql = deps.database.tenant(tenantId);
    const delivery = await loadDelivery(sql, deliveryId);
    // Redelivered meanwhile, cancelled, or its endpoint was deleted: another run owns it, or none.
    if (!delivery || delivery.run !== run || !['accepted', 'delivering', 'retrying'].includes(delivery.status)) {
      return { ended: true };
    }
    const now = new Date(deps.now());
    // A test was asked for by hand: it shows whether the endpoint can be switched on again.
    if (delivery.endpoint_state === 'disabled' && delivery.type !== TEST_EVENT) {
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
    const localTry = input.local && (delivery.failing ? null : localTries.take(delivery.endpoint_id));
    if (localTry === null) return { later: true };
    const slot = slots.take({ tenantId, endpointId: delivery.endpoint_id, failing: delivery.failing });
    if ('waitMs' in slot) {
      localTry?.('well');
      throw new WaitForTurn(
        'delivery-waits',
        'Other deliveries of this tenant are being attempted; this one waits for its turn.',
        Math.round(slot.waitMs * (1 + Math.random() * JITTER)),
      );
    }
    const answer = await attempt(deps, tenantId, delivery, now)
      .catch((error: unknown) => {
        localTry?.('badly');
        throw error;
      })
      .finally(slot.release);
    localTry?.(answer.status === null ? 'badly' : 'well');
    const taken = answer.status !== null && answer.status >= 200 && answer.status < 300;
    const gone = answer.status === GONE;
    const waitMs = Math.max(pauseMs ?? 0, answer.retryAfterMs ?? 0);
    const untaken: DeliveryEnd = pauseMs === null ? 'exhausted' : 'retrying';
    const status: DeliveryEnd = taken ? 'delivered' : gone ? 'cancelled' : untaken;
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
