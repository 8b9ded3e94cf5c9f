import { recordNotifications, type NotificationResult } from '../database/devices/notifications.js';
import type { ActivityDeps, StepInput } from './deps.js';

/** What became of a pass's object at Google, as the status shows it. */
export const googleResult = (objectId: string, state: NotificationResult['state']): NotificationResult => ({
  target: `google:${objectId}`,
  deviceId: null,
  platform: 'google',
  state,
});

/** Writes down what became of it, with the step. */
export async function recordGoogleResult(
  deps: ActivityDeps,
  ref: StepInput & { passId: string },
  told: NotificationResult,
  detail: Record<string, unknown>,
  state: 'succeeded' | 'waiting' = 'succeeded',
): Promise<void> {
  const { tenantId, operationId, run, passId } = ref;
  const step = { tenantId, operationId, run, step: 'update-google-object' as const, state, detail };
  await recordNotifications(deps.database.tenant(tenantId), step, passId, [told], null);
}
