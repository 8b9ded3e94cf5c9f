import type { BackfillProgress } from '../../passes/operation-input.js';
import { fitting, isOfContent, MOST_RECORDS, RECORD_BYTES } from '../bursts/in-jobs.js';

/** So many refused alone, with none taken in between, are a fault of the object and not of single records. */
const MOST_IN_A_ROW = 10;

export interface RecordOfPass<T> {
  passId: string;
  /** Null for a pass that has no record. */
  record: T | null;
}

type Progress = Pick<BackfillProgress, 'records' | 'failed' | 'recordsUpTo' | 'recordsAtOnce' | 'refusedInARow'>;

/**
 * Sends records in the order of their passes, in as few jobs as fit. A job that Klaviyo refuses for what is in it is sent in
 * halves until what it refuses is alone; that one counts as failed, and holds no other. Unlike `sendInJobs` it keeps the size in
 * `progress`: beside a gathering that takes most calls of a minute, a visit may have a single one. `progress` is true after each call, so
 * an error of the account or of the network, which is thrown, costs nothing that was sent.
 * @throws the last refusal where nothing but refusals comes.
 */
export async function sendRecordsInOrder<T>(
  due: readonly RecordOfPass<T>[],
  progress: Progress,
  send: (records: readonly T[]) => Promise<void>,
): Promise<void> {
  const open = due.flatMap(({ passId, record }) => (record === null ? [] : [{ passId, record }]));
  while (open.length > 0) {
    const part = fitting(open, ({ record }) => record, progress.recordsAtOnce ?? MOST_RECORDS, RECORD_BYTES);
    try {
      await send(part.map(({ record }) => record));
      progress.records += part.length;
      progress.recordsAtOnce = Math.min(MOST_RECORDS, part.length * 2);
      progress.refusedInARow = 0;
    } catch (error) {
      if (!isOfContent(error)) throw error;
      if (part.length > 1) {
        progress.recordsAtOnce = part.length >> 1;
        continue;
      }
      progress.refusedInARow = (progress.refusedInARow ?? 0) + 1;
      if (progress.refusedInARow > MOST_IN_A_ROW) throw error;
      progress.failed++;
    }
    open.splice(0, part.length);
    progress.recordsUpTo = part.at(-1)!.passId;
  }
  progress.recordsUpTo = due.at(-1)?.passId ?? progress.recordsUpTo;
}
