import { listOpenProfileJobs } from '../database/klaviyo/profile-jobs.js';
import type { TenantSql } from '../database/connect.js';
import { PermanentError, WaitForTurn } from '../common/errors.js';
import type { KlaviyoCall } from './klaviyo-calls.js';
import { stateOf } from './profile-jobs.js';

/** An unanswered request has made a job by then, or none. */
const UNANSWERED_MS = 600_000;
const LOOK_MS = 5_000;

/**
 * Waits until Klaviyo works on no job that has one of these passes: what such a job holds would come after the next call, and
 * over it.
 * @throws WaitForTurn while there is one.
 */
export async function afterProfileJobs(
  sql: TenantSql,
  call: KlaviyoCall,
  passIds: readonly string[],
  nowMs: number,
): Promise<void> {
  for (const { jobId, sentAt } of await listOpenProfileJobs(sql, passIds)) {
    const open =
      jobId === null
        ? nowMs - sentAt!.getTime() < UNANSWERED_MS
        : await stateOf(call, jobId).then(
            ({ ended }) => !ended,
            (error: unknown) => {
              // A key that sees no jobs any more.
              if (!(error instanceof PermanentError)) throw error;
              return false;
            },
          );
    if (open) throw new WaitForTurn('klaviyo-job', 'Klaviyo works on a job that has the profile.', LOOK_MS);
  }
}
