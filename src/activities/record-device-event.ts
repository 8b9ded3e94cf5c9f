import type { DeviceEventInput } from '../passes/operation-input.js';
import { recordPassEvent } from '../database/merchants/pass-events.js';
import { findOperation } from '../database/operations/operations.js';
import { endRun, runEnded } from '../database/operations/steps.js';
import { PermanentError } from '../common/errors.js';
import type { RecordedOutcome } from '../passes/operation.js';
import type { ActivityDeps, StepInput } from './deps.js';
import { readInput } from './read-input.js';
import { knownOperation } from './known-operation.js';

export interface RecordedDeviceEvent {
  passId: string;
  event: DeviceEventInput['event'];
  writeBack: boolean;
  /** Null: write-back follows. */
  ended: RecordedOutcome | null;
}

/** Writes `pass.installed`, `pass.uninstalled` or `message.received` for the merchant, once per operation. */
export function recordDeviceEventActivity(deps: ActivityDeps) {
  return async function recordDeviceEvent(ref: StepInput): Promise<RecordedDeviceEvent> {
    const sql = deps.database.tenant(ref.tenantId);
    const [operation, settings] = await Promise.all([
      findOperation(sql, ref.operationId).then(knownOperation),
      deps.tenantSettings(ref.tenantId),
    ]);
    const { passId, platform, event, firstInstall, at, messageId } = readInput<'device-event'>(
      operation,
      'passId',
      'event',
    );
    const written = await recordPassEvent(
      sql,
      {
        ...ref,
        step: 'record-device-event',
        state: 'succeeded',
        detail: { event, platform, ...(event === 'installed' && { firstInstall }) },
      },
      {
        type: event === 'message-received' ? 'message.received' : `pass.${event}`,
        passId,
        payload: {
          platform,
          at,
          ...(messageId !== undefined && { messageId }),
          ...(event === 'installed' && { firstInstall }),
        },
      },
    );
    if (written === 'pass-vanished') {
      throw new PermanentError('pass-vanished', 'The pass of this operation no longer exists.');
    }
    const { writeBack } = settings.klaviyo;
    // Without write-back, an earlier attempt may have ended the operation before its answer was lost.
    if (written === 'run-ended' && writeBack) throw runEnded();
    const ended = writeBack
      ? null
      : await endRun(sql, { ...ref, status: 'succeeded', outcome: 'recorded', reason: null });
    return { passId, event, writeBack, ended };
  };
}
