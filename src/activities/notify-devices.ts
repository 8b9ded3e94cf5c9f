import type { EventType } from '../passes/event-type.js';
import {
  beginNotification,
  claimPushes,
  owePushes,
  recordNotifications,
  type DeviceToNotify,
  type NotificationResult,
} from '../database/devices/notifications.js';
import { PermanentError } from '../common/errors.js';
import { endRun, runEnded } from '../database/operations/steps.js';
import type { Outcome, RecordedOutcome } from '../passes/operation.js';
import type { PushResult } from '../wallets/apple/apns-answers.js';
import type { ActivityDeps, StepInput } from './deps.js';
import { OWED_MS, pushFailure, tellDevice } from './tell-device.js';

export interface NotifyDevices extends StepInput {
  passId: string;
  /** The merchant's event that this change makes, if any. */
  eventType: EventType | null;
  /** Where nothing follows, the step ends the operation with this outcome. */
  endsWith: Outcome | null;
}

export interface NotifiedDevices {
  delivered: number;
  covered: number;
  /** When the push window opens for the devices still waiting; null where nobody waits. */
  lookAgainAfterMs: number | null;
  /** The stored ending; null where more follows. */
  ended: RecordedOutcome | null;
}

/** Devices whose results are recorded together: a retry repeats no more than these. */
const SLICE = 20;
/** A push takes 10 s at most, and the first try of a step 12 s: no slice begins that might not end in time. */
const NO_NEW_SLICE_MS = 1_500;
/**
 * Notifies the devices of a pass within the push budget, each device once per operation, however often the step is
 * retried. The push carries nothing; the phone fetches the current pass.
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
    const windowMs = settings.pushWindowSeconds * 1000;
    const topic = { tenantId, passTypeIdentifier, ...(input.test && { test: input.test }) };
    const pushes = new Map<string, Promise<PushResult>>();
    const push = (pushToken: string): Promise<PushResult> => {
      // One token may sit under several device ids: one push serves them all.
      let known = pushes.get(pushToken);
      if (!known) pushes.set(pushToken, (known = deps.apple.push({ ...topic, pushToken })));
      return known;
    };

    const slices = sliced(open);
    const startedMs = performance.now();
    const before = (state: string): number => started.devices.filter(({ told }) => told === state).length;
    // With those of earlier attempts: the step says what became of the whole operation.
    const counts = { delivered: before('delivered'), covered: before('covered'), scheduled: 0 };
    const detail = { devices: started.devices.length, ...counts };
    const troubled: PushResult[] = [];
    let opensInMs: number | null = null;
    for (const [index, devices] of slices.entries()) {
      if (index > 0 && performance.now() - startedMs > NO_NEW_SLICE_MS) {
        // The workflow comes back at once, for the rest.
        opensInMs = 1;
        break;
      }
      const now = deps.now();
      const budget = { passTypeIdentifier, windowMs, now: new Date(now) };
      const asked = devices.map(({ deviceId }) => ({ operationId, deviceId }));
      const told = await Promise.all(
        (await claimPushes(sql, asked, budget)).map((claim) => tellDevice(sql, claim, devices, push)),
      );
      for (const { result } of told) if (isTally(result.state)) detail[result.state]++;
      const failed = told.filter(({ trouble }) => trouble !== undefined);
      troubled.push(...failed.map(({ trouble }) => trouble!));
      for (const { opensAt } of told) {
        if (opensAt !== undefined) opensInMs = Math.max(opensInMs ?? 0, opensAt.getTime() - now, 1);
      }
      if (failed.length > 0) {
        const owed = failed.map(({ result }) => ({ operationId, deviceId: result.target }));
        await owePushes(sql, owed, { passTypeIdentifier, dueAt: new Date(now + OWED_MS) });
      }
      const results = told.map(({ result }) => result);
      if (index === slices.length - 1 && troubled.length === 0 && opensInMs === null) {
        const ended = await recordNotifications(sql, { ...step, state: 'succeeded', detail }, passId, results, ending);
        return finished(detail, ended);
      }
      await recordNotifications(sql, { ...step, state: 'waiting', detail }, passId, results, null);
    }
    if (troubled.length > 0) throw pushFailure(troubled);
    return { delivered: detail.delivered, covered: detail.covered, lookAgainAfterMs: opensInMs, ended: null };
  };
}

/** Slices of devices, those that this operation has not tried yet first: trouble with some must not keep the rest waiting. */
function sliced(devices: readonly DeviceToNotify[]): DeviceToNotify[][] {
  const inOrder = [...devices].sort((a, b) => Number(a.told !== null) - Number(b.told !== null));
  return Array.from({ length: Math.ceil(inOrder.length / SLICE) }, (_, i) => inOrder.slice(i * SLICE, (i + 1) * SLICE));
}

const isTally = (state: NotificationResult['state']): state is 'delivered' | 'covered' | 'scheduled' =>
  state === 'delivered' || state === 'covered' || state === 'scheduled';
