import {
  beginNotification,
  claimPushes,
  forgetToken,
  owePush,
  recordNotifications,
  type NotificationResult,
} from '../database/devices/notifications.js';
import { PermanentError, TransientError } from '../common/errors.js';
import { endRun, runEnded } from '../database/operations/steps.js';
import type { Outcome, RecordedOutcome } from '../passes/operation.js';
import type { PushResult } from '../wallets/apple/apns-answers.js';
import type { ActivityDeps, StepInput } from './deps.js';

export interface NotifyDevices extends StepInput {
  passId: string;
  /** The merchant's event that this change makes, if any. */
  eventType: string | null;
  /** Where nothing follows, the step ends the operation with this outcome. */
  endsWith: Outcome | null;
}

export interface NotifiedDevices {
  delivered: number;
  covered: number;
  /** When the push window opens for the devices still waiting; null where nobody waits. */
  lookAgainAfterMs: number | null;
  /** The ending that stands in the database; null where more follows. */
  ended: RecordedOutcome | null;
}

/** Others rely on an owed push no longer than the longest pause between two of our own attempts. */
const OWED_MS = 15 * 60_000;
/**
 * Reasons that speak of one token: the others are told all the same. The registration stays, since a wrong host or
 * certificate gives the same answers for every device.
 */
const TOKEN_REASONS = new Set(['BadDeviceToken', 'DeviceTokenNotForTopic']);

/**
 * Tells the devices of a pass that something changed, within the push budget: each device once per operation, whatever
 * is retried. The push carries nothing; the phone fetches what is true then.
 */
export function notifyDevicesActivity(deps: ActivityDeps) {
  return async function notifyDevices(input: NotifyDevices): Promise<NotifiedDevices> {
    const { tenantId, operationId, run, passId } = input;
    const ref = { tenantId, operationId, run };
    const sql = deps.database.tenant(tenantId);
    const ending = input.endsWith && ({ status: 'succeeded', outcome: input.endsWith, reason: null } as const);
    /** The result of the last attempt; its ending may have been recorded by one whose answer was lost. */
    const finished = async (counts: { delivered: number; covered: number }, ended: RecordedOutcome | null) => ({
      ...counts,
      lookAgainAfterMs: null,
      ended: ending && (ended ?? (await endRun(sql, { ...ref, ...ending }))),
    });
    const started = await beginNotification(sql, { ...ref, passId }, input.eventType, ending);
    if (!started) throw new PermanentError('pass-vanished', 'The pass of this operation no longer exists.');
    if (started === 'run-ended') {
      if (!ending) throw runEnded();
      return finished({ delivered: 0, covered: 0 }, null);
    }
    if (started.devices.length === 0) return finished({ delivered: 0, covered: 0 }, started.ended);
    const open = started.devices.filter(({ told }) => !['delivered', 'covered', 'gone'].includes(told ?? ''));
    const passTypeIdentifier = started.applePassTypeIdentifier;
    const step = { ...ref, step: 'notify-devices' as const };
    if (open.length === 0 || passTypeIdentifier === null) {
      const detail = { devices: started.devices.length };
      const ended = await recordNotifications(sql, { ...step, state: 'succeeded', detail }, passId, [], ending);
      return finished({ delivered: 0, covered: 0 }, ended);
    }

    const settings = await deps.tenantSettings(tenantId);
    const now = deps.now();
    const claims = await claimPushes(sql, {
      tenantId,
      operationId,
      passTypeIdentifier,
      deviceIds: open.map(({ deviceId }) => deviceId),
      now: new Date(now),
      windowMs: settings.pushWindowSeconds * 1000,
    });

    const tokenOf = new Map(open.map(({ deviceId, pushToken }) => [deviceId, pushToken]));
    const pushes = new Map<string, Promise<PushResult>>();
    const topic = { tenantId, passTypeIdentifier, ...(input.test && { test: input.test }) };
    const pushOnce = (pushToken: string): Promise<PushResult> => {
      // One token may sit under several device ids: one push serves them all.
      let push = pushes.get(pushToken);
      if (!push) pushes.set(pushToken, (push = deps.apple.push({ ...topic, pushToken })));
      return push;
    };
    const troubled: { deviceId: string; result: PushResult }[] = [];
    let opensInMs: number | null = null;
    const results = await Promise.all(
      claims.map(async (claim): Promise<NotificationResult> => {
        const base = { target: claim.deviceId, deviceId: claim.deviceId, platform: 'apple' as const };
        if (claim.claim === 'covered') return { ...base, state: 'covered', coveredBy: claim.coveredBy };
        if (claim.claim === 'scheduled') {
          opensInMs = Math.max(opensInMs ?? 0, claim.dueAt.getTime() - now, 1);
          return { ...base, state: 'scheduled', reason: `push window opens at ${claim.dueAt.toISOString()}` };
        }
        const pushToken = tokenOf.get(claim.deviceId)!;
        const result = await pushOnce(pushToken);
        if (result.kind === 'delivered') return { ...base, state: 'delivered', providerId: result.apnsId };
        if (result.kind === 'gone') {
          // Without Apple's timestamp nobody knows whether the device has come back since.
          if (result.timestampMs !== undefined)
            await forgetToken(sql, tenantId, pushToken, new Date(result.timestampMs));
          return { ...base, state: 'gone', reason: result.reason };
        }
        if (result.kind === 'permanent' && TOKEN_REASONS.has(result.reason)) {
          return { ...base, state: 'refused', reason: result.reason };
        }
        troubled.push({ deviceId: claim.deviceId, result });
        return { ...base, state: result.kind === 'permanent' ? 'refused' : 'failed', reason: result.reason };
      }),
    );
    const count = (state: string): number => results.filter((result) => result.state === state).length;
    const detail = {
      devices: started.devices.length,
      delivered: count('delivered'),
      covered: count('covered'),
      scheduled: count('scheduled'),
    };
    const done = troubled.length === 0 && opensInMs === null;
    if (done) {
      const ended = await recordNotifications(sql, { ...step, state: 'succeeded', detail }, passId, results, ending);
      return finished({ delivered: detail.delivered, covered: detail.covered }, ended);
    }
    if (troubled.length > 0) {
      const deviceIds = troubled.map(({ deviceId }) => deviceId);
      await owePush(sql, { tenantId, operationId, passTypeIdentifier, deviceIds, dueAt: new Date(now + OWED_MS) });
    }
    await recordNotifications(sql, { ...step, state: 'waiting', detail }, passId, results, null);
    if (troubled.length > 0) throw failure(troubled.map(({ result }) => result));
    return { delivered: detail.delivered, covered: detail.covered, lookAgainAfterMs: opensInMs, ended: null };
  };
}

function failure(results: PushResult[]): Error {
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
