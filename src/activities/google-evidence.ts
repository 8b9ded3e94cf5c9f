import type { Sql } from '../database/connect.js';
import { recordNotifications, type NotificationResult } from '../database/devices/notifications.js';
import { noteWhileOpen } from '../database/operations/steps.js';
import { PermanentError, TransientError, WaitForTurn } from '../common/errors.js';
import type { ActivityDeps, StepInput } from './deps.js';

/** What became of a pass's object at Google, as the status shows it. */
export const googleResult = (objectId: string, state: NotificationResult['state']): NotificationResult => ({
  target: `google:${objectId}`,
  deviceId: null,
  platform: 'google',
  state,
});

/**
 * What the step has written down of its writes at Google before their answers came, for an attempt that follows a lost one.
 * `noted` is what was there when this attempt began.
 */
export interface GoogleNotes {
  noted: Readonly<Record<string, unknown>>;
  note(detail: Record<string, unknown>, within?: Sql): Promise<unknown>;
}

export const googleNotes = (sql: Sql, ref: StepInput, noted: Record<string, unknown>): GoogleNotes => ({
  noted,
  note: (detail, within = sql) => noteWhileOpen(within, ref, 'update-google-object', detail),
});

/** Whether Google has done nothing for sure; after every other fault the write may have arrived all the same. */
export const isRefused = (error: unknown): boolean =>
  error instanceof PermanentError ||
  error instanceof WaitForTurn ||
  (error instanceof TransientError && error.code === 'google-quota');

/** Writes down what became of it, with the step. What the write has changed is stored in the same transaction. */
export async function recordGoogleResult(
  deps: ActivityDeps,
  ref: StepInput & { passId: string },
  told: NotificationResult,
  detail: Record<string, unknown>,
  { state = 'succeeded', change }: { state?: 'succeeded' | 'waiting'; change?: (within: Sql) => Promise<unknown> } = {},
): Promise<void> {
  const { tenantId, operationId, run, passId } = ref;
  const step = { tenantId, operationId, run, step: 'update-google-object' as const, state, detail };
  const sql = deps.database.tenant(tenantId);
  if (!change) return void (await recordNotifications(sql, step, passId, [told], null));
  await sql.transaction(async (within) => {
    await change(within);
    await recordNotifications(within, step, passId, [told], null);
  });
}
