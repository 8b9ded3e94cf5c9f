import {
  forgetToken,
  type DeviceToNotify,
  type NotificationResult,
  type PushClaim,
} from '../database/devices/notifications.js';
import type { Sql } from '../database/connect.js';
import { PermanentError, TransientError } from '../common/errors.js';
import type { PushResult } from '../wallets/apple/apns-answers.js';

/** Others rely on an owed push no longer than the longest pause between two of our own attempts. */
export const OWED_MS = 15 * 60_000;
/**
 * Reasons that speak of one token: the others are told all the same. The registration stays, since a wrong host or
 * certificate gives the same answers for every device.
 */
const TOKEN_REASONS = new Set(['BadDeviceToken', 'DeviceTokenNotForTopic']);

export interface Told {
  result: NotificationResult;
  /** When the push window opens for a device that has to wait. */
  opensAt?: Date;
  /** What has to be tried again, or is wrong with all devices. */
  trouble?: PushResult;
}

/** Tells one device what its claim allows. */
export async function tellDevice(
  sql: Sql,
  claim: PushClaim,
  devices: readonly DeviceToNotify[],
  push: (pushToken: string) => Promise<PushResult>,
): Promise<Told> {
  const base = { target: claim.deviceId, deviceId: claim.deviceId, platform: 'apple' as const };
  if (claim.claim === 'covered') return { result: { ...base, state: 'covered', coveredBy: claim.coveredBy } };
  if (claim.claim === 'scheduled') {
    const reason = `push window opens at ${claim.dueAt.toISOString()}`;
    return { result: { ...base, state: 'scheduled', reason }, opensAt: claim.dueAt };
  }
  const { pushToken } = devices.find(({ deviceId }) => deviceId === claim.deviceId)!;
  const answer = await push(pushToken);
  if (answer.kind === 'delivered') return { result: { ...base, state: 'delivered', providerId: answer.apnsId } };
  const { reason } = answer;
  if (answer.kind === 'gone') {
    // Without Apple's timestamp nobody knows whether the device has come back since.
    const goneAt = answer.timestampMs;
    if (goneAt !== undefined) await forgetToken(sql, pushToken, new Date(goneAt));
    return { result: { ...base, state: 'gone', reason } };
  }
  if (answer.kind === 'permanent' && TOKEN_REASONS.has(reason)) {
    return { result: { ...base, state: 'refused', reason } };
  }
  return { result: { ...base, state: answer.kind === 'permanent' ? 'refused' : 'failed', reason }, trouble: answer };
}

/** What troubled pushes make of their step: retried, unless Apple refuses all of them for good. */
export function pushFailure(results: readonly PushResult[]): PermanentError | TransientError {
  const transient = results.filter((r) => r.kind === 'transient' || r.kind === 'throttled');
  const reasons = [...new Set(results.map((r) => ('reason' in r ? r.reason : r.kind)))].join(', ');
  if (transient.length === 0) {
    return new PermanentError(
      'apns-refused',
      `Apple refused the push for good: ${reasons}. Check the pass type's certificate and topic.`,
    );
  }
  const delays = transient.flatMap((r) =>
    r.kind === 'throttled' && r.retryAfterMs !== undefined ? [r.retryAfterMs] : [],
  );
  return new TransientError(
    'apns-unavailable',
    `Apple did not take the push: ${reasons}.`,
    delays.length ? Math.max(...delays) : undefined,
  );
}
