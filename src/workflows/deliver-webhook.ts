import { patched, sleep } from '@temporalio/workflow';
import type { AttemptedDelivery } from '../activities/deliver-attempt.js';
import { PAUSES_MS, withJitter } from './delivery-schedule.js';
import { runDurably, runOnce } from './run-step.js';

export interface DeliverWebhook {
  tenantId: string;
  deliveryId: string;
  /** Counts from 1; a redelivery is the next run. */
  run: number;
  /** Attempts that a batch has made before, and the pause that is due after them. */
  made?: { attempts: number; waitMs: number };
}

/** Attempts one delivery on the schedule of Standard Webhooks, until the endpoint takes it, it is pointless, or the schedule ends. */
export async function deliverWebhook({ made, ...delivery }: DeliverWebhook): Promise<void> {
  if (made && made.waitMs > 0) await sleep(made.waitMs);
  for (let attempt = made?.attempts ?? 0; attempt <= PAUSES_MS.length; attempt++) {
    const pause = PAUSES_MS[attempt];
    const pauseMs = pause === undefined ? null : withJitter(pause, Math.random());
    const isFirst = attempt === 0 && !made;
    const attempted = await attemptOnce(delivery, pauseMs, isFirst && patched('first-attempt-locally'));
    if (attempted.ended || pauseMs === null) return;
    await sleep(attempted.waitMs);
  }
}

/** An attempt that failed on our own side counts as one: the schedule goes on. */
async function attemptOnce(
  delivery: Omit<DeliverWebhook, 'made'>,
  pauseMs: number | null,
  locally: boolean,
): Promise<AttemptedDelivery> {
  try {
    const tried = locally ? await runOnce('deliver-attempt', { ...delivery, pauseMs, local: true }, 'delivery') : null;
    if (tried && !('later' in tried)) return tried;
    const attempted = await runDurably('deliver-attempt', { ...delivery, pauseMs }, 'merchant');
    return 'later' in attempted ? { ended: false, waitMs: 0 } : attempted;
  } catch (error) {
    if (pauseMs === null) throw error;
    return { ended: false, waitMs: pauseMs };
  }
}
