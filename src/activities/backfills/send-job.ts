import {
  fillBackfillJob,
  forgetBackfillJob,
  planBackfillJob,
  recordBackfillJob,
  removeBackfillJob,
} from '../../database/bulk/backfill-jobs.js';
import { findWriteBackPasses, type WriteBackPass } from '../../database/klaviyo/write-back.js';
import { PermanentError, TransientError } from '../../common/errors.js';
import { profileBody } from '../../klaviyo/write-back.js';
import { fitting, isOfContent } from '../bursts/in-jobs.js';
import { KeyRefused } from '../klaviyo-calls.js';
import { entriesOf, MOST_PROFILES, PROFILE_BYTES } from '../profile-jobs.js';
import type { Subject } from '../write-back-step.js';
import { digestOf } from '../write-back-subject.js';
import { isScopeMissing, subjectsOf, type BackfillVisit } from './visit.js';

/** How many profiles the next job may take; too few for a job where they are written one by one. */
export async function profilesAtOnce({ account, call, progress }: BackfillVisit): Promise<number> {
  if (progress.bulk?.key !== account.keyVersion) {
    // A key that may send jobs and not see them would never learn how they end.
    const allowed = await call('profile-bulk', (client) => client.listOpenImportJobs()).then(
      () => true,
      (error: unknown) => {
        if (isScopeMissing(error)) return false;
        throw error;
      },
    );
    progress.bulk = { key: account.keyVersion, allowed };
  }
  return progress.bulk.allowed ? (progress.profilesAtOnce ?? MOST_PROFILES) : 0;
}

interface Told {
  passId: string;
  digest: string;
}

/**
 * Gives the next passes to Klaviyo in one job. What is about to be sent is stored first, then read once more: a crash leaves
 * the plan, and an erasure that began in between is seen here, or sees the plan. Whether one is under way now.
 */
export async function sendProfileJob(visit: BackfillVisit, rows: readonly WriteBackPass[]): Promise<boolean> {
  const { deps, sql, ref, call, progress } = visit;
  const bodyOf = ({ pass, recipient }: Subject) => profileBody(pass, recipient).data;
  const fit = fitting(await subjectsOf(visit, rows), bodyOf, MOST_PROFILES, PROFILE_BYTES);
  const last = fit.at(-1)?.row;
  // What has no profile to be written to is covered, too.
  const covered = last ? rows.slice(0, rows.indexOf(last) + 1) : rows;
  const passIds = fit.map(({ row }) => row.pass_id);
  const upTo = covered.at(-1)!.pass_id;
  const passed = { cursor: upTo, done: progress.done + covered.length };
  if (passIds.length === 0) {
    Object.assign(progress, passed);
    return false;
  }
  const sentAt = new Date(deps.now());
  let planned = false;
  try {
    const jobId = await call('profile-bulk', async (client) => {
      await planBackfillJob(sql, ref, { sentAt, upTo, passes: covered.length, passIds });
      planned = true;
      const now = [...(await findWriteBackPasses(sql, passIds)).values()].sort(byId);
      const due = (await subjectsOf(visit, now)).map((subject) => ({
        subject,
        told: { passId: subject.row.pass_id, digest: digestOf(subject.pass) },
      }));
      const entries = entriesOf<Told>(due);
      const filled = entries.flatMap(({ told }, place) => told.map((one) => ({ ...one, place })));
      await fillBackfillJob(sql, sentAt, {
        passIds: filled.map(({ passId }) => passId),
        places: filled.map(({ place }) => place),
        digests: filled.map(({ digest }) => digest),
      });
      // All of them have gone meanwhile.
      return entries.length === 0 ? null : client.importProfiles(entries.map(({ body }) => body));
    });
    if (jobId === null) {
      await removeBackfillJob(sql, ref, sentAt, { ...progress, ...passed });
      Object.assign(progress, passed);
      return false;
    }
    await recordBackfillJob(sql, sentAt, jobId);
    progress.profilesAtOnce = Math.min(MOST_PROFILES, covered.length * 2);
    return true;
  } catch (error) {
    // Klaviyo has said that it takes nothing; without an answer nobody knows.
    const refused =
      error instanceof PermanentError ||
      error instanceof KeyRefused ||
      (error instanceof TransientError && REFUSALS.has(error.code));
    if (planned && refused) await forgetBackfillJob(sql, sentAt);
    if (isScopeMissing(error)) progress.bulk = { key: visit.account.keyVersion, allowed: false };
    else if (isOfContent(error)) progress.profilesAtOnce = covered.length >> 1;
    else throw error;
    return false;
  }
}

const REFUSALS = new Set(['klaviyo-throttled', 'klaviyo-budget']);
const byId = (a: WriteBackPass, b: WriteBackPass): number => (a.pass_id < b.pass_id ? -1 : 1);
