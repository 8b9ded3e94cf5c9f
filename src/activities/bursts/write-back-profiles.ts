import { loadInJobs, loadUnwritten, type UnwrittenOperation } from '../../database/bursts/write-back.js';
import { findWriteBackPasses } from '../../database/klaviyo/write-back.js';
import type { ImportJob } from '../../klaviyo/profile-import-calls.js';
import type { ActivityDeps } from '../deps.js';
import type { KlaviyoCall } from '../klaviyo-calls.js';
import {
  entriesOf,
  errorsOf,
  failuresOf,
  MOST_PROFILES,
  PROFILE_BYTES,
  stateOf,
  type JobEntry,
} from '../profile-jobs.js';
import type { Subject } from '../write-back-step.js';
import { versionOf } from '../write-back-subject.js';
import type { BurstStepInput } from './burst-step.js';
import { GONE, inGathering, skipped, subjectsOf, type Gathering, type WroteMany } from './gathering.js';
import { fitting, sendInJobs } from './in-jobs.js';

const STEP = 'write-back-profile';
const AFTER = 'notify-devices';
/** Another operation may write an older state after us. The last writer looks again, up to so often: the newest state stays. */
const ROUNDS = 3;

/** An operation that a profile of a job tells of, and the version of its pass. */
interface Told {
  operation: UnwrittenOperation;
  version: string;
}

/**
 * Writes links, serial numbers and states of a gathering's passes into their profiles, up to 10,000 in a job of Klaviyo's. An
 * operation is done when its job has taken the profile. One whose profile the job refuses leaves, and goes on alone.
 */
export function writeManyProfilesActivity(deps: ActivityDeps) {
  return (ref: BurstStepInput): Promise<WroteMany> =>
    inGathering(deps, ref, STEP, AFTER, async (gathering) => {
      const operations = await loadUnwritten(gathering.tenant, ref, STEP, AFTER, MOST_PROFILES);
      if (operations.length > 0) {
        await sendJob(gathering, operations);
        return 'more';
      }
      const inJobs = await loadInJobs(gathering.tenant, ref);
      if (inJobs.length === 0) return 'done';
      return settleJobs(gathering, inJobs);
    });
}

async function sendJob(gathering: Gathering, operations: readonly UnwrittenOperation[]): Promise<void> {
  const subjects = await subjectsOf(gathering, operations);
  const due: { subject: Subject; told: Told }[] = [];
  const gone: UnwrittenOperation[] = [];
  for (const operation of operations) {
    const subject = subjects.get(operation.passId);
    if (subject) due.push({ subject, told: { operation, version: versionOf(subject.row) } });
    else gone.push(operation);
  }
  await gathering.record(gone.map((operation) => skipped(operation, GONE)));
  const part = fitting(entriesOf(due), ({ body }) => body.data, MOST_PROFILES, PROFILE_BYTES);
  if (part.length === 0) return;
  // The first operation that is left keeps the account's turn: the next attempt begins with it.
  const callFor = (items: readonly JobEntry<Told>[]) =>
    gathering.callFor(items[0]!.told.map(({ operation }) => operation));
  const { burstId } = gathering.ref;
  await sendInJobs(
    part,
    (items) => callFor(items)('profile-bulk', (client) => client.importProfiles(items.map(({ body }) => body))),
    (items, job) =>
      gathering.record(
        items.flatMap((entry, place) =>
          entry.told.map(({ operation: { operationId, detail }, version }) => ({
            operationId,
            state: 'waiting' as const,
            detail: {
              waitingFor: 'Klaviyo works on the job that has the profile.',
              ...{ bulk: burstId, job, place, version, rounds: (detail.rounds ?? 0) + 1 },
            },
          })),
        ),
      ),
    (refused) =>
      gathering.leave(
        refused.flatMap(({ item, error: { code, message } }) =>
          item.told.map(({ operation: { operationId } }) => ({ operationId, error: { code, message } })),
        ),
      ),
  );
}

async function settleJobs(
  gathering: Gathering,
  inJobs: readonly UnwrittenOperation[],
): Promise<'more' | 'done' | 'in-job'> {
  const byJob = new Map<string, UnwrittenOperation[]>();
  for (const operation of inJobs) {
    const job = operation.detail.job!;
    byJob.set(job, [...(byJob.get(job) ?? []), operation]);
  }
  let open = false;
  for (const [job, operations] of byJob) {
    const call = gathering.callFor(operations);
    const state = await stateOf(call, job);
    if (!state.ended) open = true;
    else await settle(gathering, call, job, state, operations);
  }
  return open ? 'in-job' : 'more';
}

async function settle(
  gathering: Gathering,
  call: KlaviyoCall,
  job: string,
  { cancelled, failed }: ImportJob,
  operations: readonly UnwrittenOperation[],
): Promise<void> {
  if (cancelled) {
    const error = { code: 'klaviyo-job-cancelled', message: 'Klaviyo ended the job that had the profile.' };
    return gathering.leave(operations.map(({ operationId }) => ({ operationId, error })));
  }
  const rows = await findWriteBackPasses(gathering.tenant, [...new Set(operations.map(({ passId }) => passId))]);
  const errors = await errorsOf(call, job, failed);
  const placed = operations.map(({ passId, detail: { place } }) => ({
    place: place!,
    serialNumber: rows.get(passId)?.serial_number,
  }));
  const failureAt = failuresOf(errors, failed, placed);
  const failures = new Map(
    operations.flatMap(({ operationId, detail: { place } }) => {
      const code = failureAt(place!);
      return code === undefined ? [] : [[operationId, code] as const];
    }),
  );
  await gathering.leave(
    [...failures].map(([operationId, code]) => ({ operationId, error: { code, message: MESSAGES[code] } })),
  );
  await gathering.record(
    operations
      .filter(({ operationId }) => !failures.has(operationId))
      .map(({ operationId, passId, detail: { version, rounds = 1 } }) => {
        const row = rows.get(passId);
        const changed = row !== undefined && versionOf(row) !== version && rounds < ROUNDS;
        return changed
          ? { operationId, state: 'waiting' as const, detail: { job: null } }
          : {
              operationId,
              state: 'succeeded' as const,
              detail: {
                klaviyoJob: job,
                profileId: row?.klaviyo_profile_id ?? null,
                ...{ job: null, place: null, version: null, rounds: null, waitingFor: null },
              },
            };
      }),
  );
}

const MESSAGES = {
  'klaviyo-duplicate-profile': 'An identifier belongs to another profile in Klaviyo; the profile is written alone.',
  'klaviyo-invalid': 'Klaviyo’s job did not take the profile; it is written alone.',
};
