import { loadInJobs, loadUnwritten, type UnwrittenOperation } from '../../database/bursts/write-back.js';
import { findWriteBackPasses, type WriteBackPass } from '../../database/klaviyo/write-back.js';
import { PermanentError } from '../../common/errors.js';
import type { ImportError, ImportJob } from '../../klaviyo/profile-import-calls.js';
import { profileBody, type JsonApiBody } from '../../klaviyo/write-back.js';
import type { ActivityDeps } from '../deps.js';
import type { KlaviyoCall } from '../klaviyo-calls.js';
import { versionOf } from '../write-back-subject.js';
import type { BurstStepInput } from './burst-step.js';
import { GONE, inGathering, skipped, subjectsOf, type Gathering, type WroteMany } from './gathering.js';
import { fitting, sendInJobs } from './in-jobs.js';

const STEP = 'write-back-profile';
const AFTER = 'notify-devices';
const MOST = 10_000;
/** Klaviyo takes 5 MB: this leaves room for the frame around the profiles. */
const MOST_BYTES = 4_800_000;
/** Another operation may write an older state after us. The last writer looks again, up to so often: the newest state stays. */
const ROUNDS = 3;

/** One profile of a job, with the operations that it tells of. */
interface Entry {
  body: JsonApiBody;
  operations: { operation: UnwrittenOperation; version: string }[];
}

/**
 * Writes links, serial numbers and states of a gathering's passes into their profiles, up to 10,000 in a job of Klaviyo's. An
 * operation is done when its job has taken the profile. One whose profile the job refuses leaves, and goes on alone.
 */
export function writeManyProfilesActivity(deps: ActivityDeps) {
  return (ref: BurstStepInput): Promise<WroteMany> =>
    inGathering(deps, ref, STEP, AFTER, async (gathering) => {
      const operations = await loadUnwritten(gathering.tenant, ref, STEP, AFTER, MOST);
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
  const entries = new Map<string, Entry>();
  const gone: UnwrittenOperation[] = [];
  for (const operation of operations) {
    const subject = subjects.get(operation.passId);
    if (!subject) {
      gone.push(operation);
      continue;
    }
    const body = profileBody(subject.pass, subject.recipient);
    const { id, attributes } = body.data;
    const { properties, ...identifiers } = attributes;
    const key = JSON.stringify([id, identifiers]);
    const known = entries.get(key);
    const told = { operation, version: versionOf(subject.row) };
    if (!known) entries.set(key, { body, operations: [told] });
    else {
      // Two passes of one person: the later one counts, as if they had been written one after the other.
      known.body.data.attributes['properties'] = Object.assign(known.body.data.attributes['properties']!, properties);
      known.operations.push(told);
    }
  }
  await gathering.record(gone.map((operation) => skipped(operation, GONE)));
  const part = fitting([...entries.values()], ({ body }) => body.data, MOST, MOST_BYTES);
  if (part.length === 0) return;
  // The first operation that is left keeps the account's turn: the next attempt begins with it.
  const callFor = (items: readonly Entry[]) =>
    gathering.callFor(items[0]!.operations.map(({ operation }) => operation));
  const { burstId } = gathering.ref;
  await sendInJobs(
    part,
    (items) => callFor(items)('profile-bulk', (client) => client.importProfiles(items.map(({ body }) => body))),
    (items, job) =>
      gathering.record(
        items.flatMap((entry, place) =>
          entry.operations.map(({ operation: { operationId, detail }, version }) => ({
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
          item.operations.map(({ operation: { operationId } }) => ({ operationId, error: { code, message } })),
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

/** A job that Klaviyo no longer knows counts as cancelled. */
async function stateOf(call: KlaviyoCall, job: string): Promise<ImportJob> {
  try {
    return await call('profile-bulk', (client) => client.getImportJob(job));
  } catch (error) {
    if (!(error instanceof PermanentError) || error.code !== 'klaviyo-not-found') throw error;
    return { ended: true, cancelled: true, failed: 0 };
  }
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
  const errors = failed > 0 ? await errorsOf(call, job) : [];
  const failures = failuresOf(errors, failed, operations, rows);
  await gathering.leave(
    [...failures].map(([operationId, code]) => ({ operationId, error: { code, message: MESSAGES[code]! } })),
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

const MESSAGES: Readonly<Record<string, string>> = {
  'klaviyo-duplicate-profile': 'An identifier belongs to another profile in Klaviyo; the profile is written alone.',
  'klaviyo-invalid': 'Klaviyo’s job did not take the profile; it is written alone.',
};

async function errorsOf(call: KlaviyoCall, job: string): Promise<ImportError[]> {
  const found: ImportError[] = [];
  let cursor: string | null = null;
  do {
    const at: string | null = cursor;
    const page: { errors: ImportError[]; next: string | null } = await call('profile-bulk', (client) =>
      client.listImportErrors(job, at),
    );
    found.push(...page.errors);
    cursor = page.next;
  } while (cursor !== null && found.length < MOST);
  return found;
}

/**
 * The operations that a job's errors concern, each with its code. A serial number in an error is surer than the place that its
 * pointer names. Where errors name neither, or are fewer than the job counts, no operation counts as written.
 */
function failuresOf(
  errors: readonly ImportError[],
  failed: number,
  operations: readonly UnwrittenOperation[],
  rows: ReadonlyMap<string, WriteBackPass>,
): Map<string, string> {
  const placesOfSerials = new Map<string, number>();
  for (const { passId, detail } of operations) {
    const serial = rows.get(passId)?.serial_number;
    if (serial !== undefined) placesOfSerials.set(serial, detail.place!);
  }
  const codes = new Map<number, string>();
  for (const { code, place, serialNumber } of errors) {
    const named = (serialNumber === null ? undefined : placesOfSerials.get(serialNumber)) ?? place;
    const known = code === 'duplicate_profile' ? 'klaviyo-duplicate-profile' : 'klaviyo-invalid';
    if (named !== null) codes.set(named, known);
  }
  const unclear = codes.size < failed;
  return new Map(
    operations.flatMap(({ operationId, detail: { place } }) => {
      const code = codes.get(place!) ?? (unclear ? 'klaviyo-invalid' : undefined);
      return code === undefined ? [] : [[operationId, code] as const];
    }),
  );
}
