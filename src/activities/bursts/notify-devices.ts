import { endBurstOperations, type Leaver } from '../../database/bursts/burst-steps.js';
import {
  beginNotifications,
  loadUntold,
  recordBurstNotifications,
  type OperationDevices,
  type ToldOperation,
} from '../../database/bursts/notifications.js';
import { claimPushes, owePushes, type NotificationResult } from '../../database/devices/notifications.js';
import type { Outcome } from '../../passes/operation.js';
import { eventTypeOfChange, outcomeOfChange } from '../../passes/change-ending.js';
import type { PushResult } from '../../wallets/apple/apns-answers.js';
import type { ActivityDeps } from '../deps.js';
import { OWED_MS, pushFailure, tellDevice } from '../tell-device.js';
import { inSlices, leaverOf, type BurstStepInput, type Slice } from './burst-step.js';

export interface NotifyManyDevices extends BurstStepInput {
  /** Nothing follows: an operation whose devices are told has ended. */
  ends: boolean;
}

export interface NotifiedManyDevices {
  told: number;
  /** When the push window of a waiting device opens; null where nobody waits. */
  lookAgainAfterMs: number | null;
}

const CLOSED = ['delivered', 'covered', 'gone'];

/**
 * Pushes to the devices of all passes that a burst changed. A device gets one push, however many operations concern it; the
 * newest of them claims it. Operations that changed nothing end here.
 */
export function notifyManyDevicesActivity(deps: ActivityDeps) {
  return async function notifyManyDevices(input: NotifyManyDevices): Promise<NotifiedManyDevices> {
    const { tenantId, burstId } = input;
    const ref = { tenantId, burstId };
    const notified: NotifiedManyDevices = { told: 0, lookAgainAfterMs: null };
    const untold = async (tenant: Slice['tenant'], ids: string[]) =>
      (await loadUntold(tenant, ref, ids)).map(({ operationId }) => operationId);
    await inSlices(
      deps,
      ref,
      'notify-devices',
      untold,
      (slice) => notifySlice(deps, slice, input, notified),
      'notified',
    );
    return notified;
  };
}

async function notifySlice(
  deps: ActivityDeps,
  { tenant, ref, operationIds, leave }: Slice,
  { ends }: NotifyManyDevices,
  notified: NotifiedManyDevices,
): Promise<void> {
  const operations = await loadUntold(tenant, ref, operationIds);
  const outcomes = new Map<string, Outcome>();
  const changes: Parameters<typeof beginNotifications>[2][number][] = [];
  const unchanged: { operationId: string; outcome: Outcome }[] = [];
  for (const { operationId, kind, made, superseded } of operations) {
    const changed = made.length > 0;
    const outcome = outcomeOfChange(kind, { typeChanged: made.includes('type'), changed, superseded });
    if (changed) {
      outcomes.set(operationId, outcome);
      changes.push({ operationId, eventType: eventTypeOfChange(kind) });
    } else unchanged.push({ operationId, outcome });
  }
  await endBurstOperations(tenant, ref, unchanged);
  if (changes.length === 0) return;

  const begun = await beginNotifications(tenant, ref, changes);
  const { pushWindowSeconds } = await deps.tenantSettings(tenant.tenantId);
  const { results, troubles, opensInMs } = await tell(deps, tenant, begun, pushWindowSeconds * 1000);

  const told: ToldOperation[] = [];
  const leavers: Leaver[] = [];
  for (const { operationId, passId, devices } of begun) {
    const ofOperation = results.get(operationId) ?? [];
    const trouble = troubles.get(operationId);
    // With those of earlier attempts, which are not told again.
    const count = (state: string): number =>
      ofOperation.filter((result) => result.state === state).length +
      devices.filter(({ told: before }) => before === state && CLOSED.includes(state)).length;
    const waits = count('scheduled') > 0;
    const isOpen = ofOperation.length > 0;
    const detail = isOpen
      ? {
          devices: devices.length,
          delivered: count('delivered'),
          covered: count('covered'),
          scheduled: count('scheduled'),
        }
      : { devices: devices.length };
    const done = !waits && !trouble;
    told.push({
      operationId,
      passId,
      state: done ? 'succeeded' : 'waiting',
      detail,
      results: ofOperation,
      outcome: done && ends ? outcomes.get(operationId)! : null,
    });
    if (trouble) leavers.push(leaverOf(operationId, pushFailure(trouble)));
    else if (done) notified.told++;
  }
  await recordBurstNotifications(tenant, ref, told);
  await leave(leavers);
  if (opensInMs !== null) notified.lookAgainAfterMs = Math.min(notified.lookAgainAfterMs ?? opensInMs, opensInMs);
}

interface Told {
  /** By operation. */
  results: Map<string, NotificationResult[]>;
  troubles: Map<string, PushResult[]>;
  opensInMs: number | null;
}

/** Makes one push for each device and topic: the newest operation asks for it, and it covers the others. */
async function tell(
  deps: ActivityDeps,
  tenant: Slice['tenant'],
  operations: readonly OperationDevices[],
  windowMs: number,
): Promise<Told> {
  const told: Told = { results: new Map(), troubles: new Map(), opensInMs: null };
  const add = (operationId: string, result: NotificationResult): void => {
    const known = told.results.get(operationId);
    if (known) known.push(result);
    else told.results.set(operationId, [result]);
  };
  const topics = new Set(operations.flatMap(({ applePassTypeIdentifier: topic }) => (topic === null ? [] : [topic])));
  for (const topic of topics) {
    const byDevice = new Map<string, { pushToken: string; test: boolean; askedBy: string[] }>();
    for (const { operationId, applePassTypeIdentifier, devices, test } of operations) {
      if (applePassTypeIdentifier !== topic) continue;
      for (const { deviceId, pushToken, told: before } of devices) {
        if (CLOSED.includes(before ?? '')) continue;
        const known = byDevice.get(deviceId);
        if (known) known.askedBy.push(operationId);
        else byDevice.set(deviceId, { pushToken, test, askedBy: [operationId] });
      }
    }
    const nowMs = deps.now();
    const asked = [...byDevice].map(([deviceId, { askedBy }]) => ({ deviceId, operationId: askedBy.at(-1)! }));
    if (asked.length === 0) continue;
    const claims = await claimPushes(tenant, asked, { passTypeIdentifier: topic, now: new Date(nowMs), windowMs });
    const devices = [...byDevice].map(([deviceId, { pushToken }]) => ({ deviceId, pushToken, told: null }));
    const isTest = new Set([...byDevice.values()].flatMap(({ pushToken, test }) => (test ? [pushToken] : [])));
    const pushes = new Map<string, Promise<PushResult>>();
    // One token may sit under several device ids: one push serves them all.
    const push = (pushToken: string): Promise<PushResult> => {
      const target = { tenantId: tenant.tenantId, passTypeIdentifier: topic, pushToken };
      const known = pushes.get(pushToken);
      const sent = known ?? deps.apple.push({ ...target, ...(isTest.has(pushToken) && { test: true as const }) });
      pushes.set(pushToken, sent);
      return sent;
    };
    const owed: { operationId: string; deviceId: string }[] = [];
    await Promise.all(
      claims.map(async (claim) => {
        const { askedBy } = byDevice.get(claim.deviceId)!;
        const owner = askedBy.at(-1)!;
        const { result, opensAt, trouble } = await tellDevice(tenant, claim, devices, push);
        add(owner, result);
        if (opensAt) told.opensInMs = Math.max(told.opensInMs ?? 0, opensAt.getTime() - nowMs, 1);
        if (trouble) {
          owed.push({ operationId: owner, deviceId: claim.deviceId });
          told.troubles.set(owner, [...(told.troubles.get(owner) ?? []), trouble]);
        }
        // A push that came or is owed serves all operations. A dead token serves none of them.
        const isForAll = ['covered', 'gone'].includes(result.state) || (result.state === 'refused' && !trouble);
        const covered = { ...result, state: 'covered' as const, coveredBy: owner, reason: null, providerId: null };
        for (const operationId of askedBy.slice(0, -1)) add(operationId, isForAll ? result : covered);
      }),
    );
    const dueAt = new Date(nowMs + OWED_MS);
    if (owed.length > 0) await owePushes(tenant, owed, { passTypeIdentifier: topic, dueAt });
  }
  return told;
}
