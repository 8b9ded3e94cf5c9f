import {
  endBackfillJob,
  findBackfillJob,
  forgetBackfillJob,
  removeBackfillJob,
  type BackfillJob,
} from '../../database/bulk/backfill-jobs.js';
import { findWriteBackPasses, type WriteBackPass } from '../../database/klaviyo/write-back.js';
import type { ImportJob } from '../../klaviyo/profile-import-calls.js';
import { errorsOf, failuresOf, stateOf } from '../profile-jobs.js';
import type { Subject } from '../write-back-step.js';
import { digestOf } from '../write-back-subject.js';
import { learnIds } from './learn-ids.js';
import { FEW, isScopeMissing, LOOK_MS, subjectsOf, type BackfillVisit } from './visit.js';
import { writeProfileAlone } from './write-alone.js';

/** Longer than a call may take: by then, Klaviyo's list of jobs shows what an unanswered request has made. */
const UNANSWERED_MS = 15_000;
/** Clocks differ by so much. */
const SKEW_MS = 60_000;
/** A job whose end cannot be learned is believed to have ended by then. */
const UNSEEN_MS = 600_000;
const KEEP_EVERY = 25;

/**
 * Settles the job that is under way, if one is: waits for its end, writes again what changed meanwhile, learns the ids of new
 * profiles and writes alone what it did not take; then the cursor moves. `least` leaves out what has never been in Klaviyo:
 * before a pause or a cancellation only that is done which would otherwise leave an older state there. Null where nothing is
 * left, else how long to wait.
 */
export async function settleProfileJob(visit: BackfillVisit, least: boolean): Promise<{ waitMs: number } | null> {
  const { sql, ref, progress } = visit;
  const job = await findBackfillJob(sql);
  if (!job) return null;
  if (job.ended_at === null) {
    const waitMs = await lookAt(visit, job);
    if (waitMs > 0) return { waitMs };
  }
  if (job.operation_id !== ref.operationId) {
    // This backfill comes to all of its passes.
    await forgetBackfillJob(sql, job.sent_at);
    return null;
  }
  if (!(await writeAlone(visit, job, 'overtaken'))) return { waitMs: 0 };
  if (job.job_id === null) {
    // It may have been too large to be sent in time.
    progress.profilesAtOnce = Math.max(FEW + 1, job.passes >> 1);
    await removeBackfillJob(sql, ref, job.sent_at, progress);
    return null;
  }
  if (least) return null;
  if (!(await learnIds(visit, job)) || !(await writeAlone(visit, job, 'alone'))) return { waitMs: 0 };
  const passed = { cursor: job.up_to, done: progress.done + job.passes };
  await removeBackfillJob(sql, ref, job.sent_at, { ...progress, ...passed });
  Object.assign(progress, passed);
  return null;
}

/** Whether Klaviyo works on the job no longer: then what is left of it is stored. Else, how long to wait. */
async function lookAt(visit: BackfillVisit, job: BackfillJob): Promise<number> {
  const { deps, sql, ref, call, progress } = visit;
  const lastedMs = Math.max(0, deps.now() - job.sent_at.getTime());
  let state: ImportJob | null = null;
  if (job.job_id === null) {
    if (lastedMs < UNANSWERED_MS) return UNANSWERED_MS - lastedMs;
    if (lastedMs < UNSEEN_MS && (await mayBeOpen(call, job))) return Math.min(LOOK_MS.most, lastedMs);
  } else {
    state = await stateOf(call, job.job_id).catch((error: unknown) => {
      if (!isScopeMissing(error)) throw error;
      progress.bulk = { key: visit.account.keyVersion, allowed: false };
      return null;
    });
    if (state === null && lastedMs < UNSEEN_MS) return UNSEEN_MS - lastedMs;
    if (state?.ended === false) return Math.min(LOOK_MS.most, Math.max(LOOK_MS.least, lastedMs));
  }
  if (job.operation_id !== ref.operationId) return 0;
  const rows = await findWriteBackPasses(sql, job.pass_ids);
  const refused = job.job_id === null ? [] : await refusedOf(call, job, state, rows);
  const subjects = await subjectsOf(visit, [...rows.values()]);
  const digests = new Map(job.pass_ids.map((passId, place) => [passId, job.digests[place]]));
  const changed = ({ row, pass }: Subject) => digestOf(pass) !== digests.get(row.pass_id);
  // Nothing was sent of a plan that says nothing.
  job.overtaken = job.digests.length === 0 ? [] : subjects.filter(changed).map(({ row }) => row.pass_id);
  // What was refused and has changed is written once; it is not known whether a cancelled job had come to it.
  const overtaken = new Set(job.overtaken);
  job.alone = refused.filter((passId) => !overtaken.has(passId));
  const again = new Set([...job.alone, ...overtaken]);
  job.pass_ids = job.pass_ids.filter((passId) => !again.has(passId));
  await endBackfillJob(sql, ref, job, progress, job.pass_ids);
  return 0;
}

/** Whether Klaviyo has an open job that may be the one whose answer was lost. */
async function mayBeOpen(call: BackfillVisit['call'], { sent_at: sentAt, places }: BackfillJob): Promise<boolean> {
  const profiles = new Set(places).size;
  const since = sentAt.getTime() - SKEW_MS;
  try {
    const open = await call('profile-bulk', (client) => client.listOpenImportJobs());
    return open.some((job) => job.profiles === profiles && job.createdMs >= since);
  } catch (error) {
    if (!isScopeMissing(error)) throw error;
    return true;
  }
}

/** Which passes the job did not take. */
async function refusedOf(
  call: BackfillVisit['call'],
  { job_id: jobId, pass_ids: passIds, places }: BackfillJob,
  state: ImportJob | null,
  rows: ReadonlyMap<string, WriteBackPass>,
): Promise<string[]> {
  if (state === null || state.cancelled) return passIds;
  const placed = passIds.map((passId, at) => ({ place: places[at]!, serialNumber: rows.get(passId)?.serial_number }));
  const failureAt = failuresOf(await errorsOf(call, jobId!, state.failed), state.failed, placed);
  return passIds.filter((_, at) => failureAt(places[at]!) !== undefined);
}

/** Writes what is to be written one by one; false where the slice ends before. */
async function writeAlone(visit: BackfillVisit, job: BackfillJob, which: 'overtaken' | 'alone'): Promise<boolean> {
  if (job[which].length === 0) return true;
  const keep = () => endBackfillJob(visit.sql, visit.ref, job, visit.progress);
  try {
    for (let written = 1; job[which].length > 0 && !visit.isOver(); written++) {
      await writeProfileAlone(visit, job[which][0]!);
      job[which] = job[which].slice(1);
      if (written % KEEP_EVERY === 0) await keep();
    }
  } finally {
    // What is counted as refused is no longer open: both are stored at once.
    await keep();
  }
  return job[which].length === 0;
}
