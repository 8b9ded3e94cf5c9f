import { WaitForTurn } from '../common/errors.js';
import { ATTRIBUTES } from '../tracing/attributes.js';
import { inSpan } from '../tracing/spans.js';
import type { AttemptedDelivery, DeliverAttempt, NotAttempted } from './deliver-attempt.js';

export interface FirstAttempts {
  tenantId: string;
  /** Each with the pause that follows, should its attempt fail. */
  deliveries: { deliveryId: string; run: number; pauseMs: number }[];
}

export interface MadeFirstAttempts {
  /** Not taken; each with the pause until its next attempt. */
  failed: { deliveryId: string; waitMs: number }[];
  /** Not attempted: the time was up, others of the tenant had their turn, or the endpoint began to fail. */
  open: string[];
}

/** Of one endpoint: as many as a merchant's server is asked to take at once. */
const AT_ONCE = 10;
/** No attempt begins later: one may last as long as its time-out. */
const LAST_BEGIN_MS = 8_000;

/** First attempts of many deliveries to one endpoint, each a message of its own with its own log; the rest go alone. */
export function deliverFirstAttemptsActivity(
  attempt: (input: DeliverAttempt) => Promise<AttemptedDelivery | NotAttempted>,
) {
  return async function deliverFirstAttempts({ tenantId, deliveries }: FirstAttempts): Promise<MadeFirstAttempts> {
    const made: MadeFirstAttempts = { failed: [], open: [] };
    const lastBeginMs = performance.now() + LAST_BEGIN_MS;
    const waiting = [...deliveries];
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const { deliveryId, pauseMs } = next;
        if (made.failed.length > 0 || performance.now() > lastBeginMs) {
          made.open.push(deliveryId);
          continue;
        }
        try {
          const order = { name: 'deliver-attempt', attributes: { [ATTRIBUTES.delivery]: deliveryId } };
          const attempted = await inSpan(order, () => attempt({ tenantId, ...next }));
          if ('later' in attempted) made.open.push(deliveryId);
          else if (!attempted.ended) made.failed.push({ deliveryId, waitMs: attempted.waitMs });
        } catch (error) {
          // What our own side could not make or record counts as an attempt: the schedule goes on.
          if (error instanceof WaitForTurn) made.open.push(deliveryId);
          else made.failed.push({ deliveryId, waitMs: pauseMs });
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return made;
  };
}
