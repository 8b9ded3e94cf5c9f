const DAY_MS = 24 * 60 * 60_000;

/** Google notifies the holder of a pass at most three times in 24 hours, messages and updated fields together; then 403 quotaExceeded. */
export const NOTIFICATIONS_PER_DAY = 3;

/** Whether the next message of a pass may notify, given when earlier notifications (messages and field updates) were sent. */
export function chooseMessageType(sentAtMs: readonly number[], nowMs: number): 'TEXT_AND_NOTIFY' | 'TEXT' {
  const recent = sentAtMs.filter((at) => at > nowMs - DAY_MS).length;
  return recent < NOTIFICATIONS_PER_DAY ? 'TEXT_AND_NOTIFY' : 'TEXT';
}
