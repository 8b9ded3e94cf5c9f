import { newId, type SimulatedAccount, type SimulatedImportJob } from './account.js';
import { invalid, KlaviyoFault, notFound, type Json, type SimulatedAnswer } from './errors.js';
import { upsertProfile } from './profiles.js';
import type { BodyOf } from './schemas.js';

const MOST = 10_000;
const PROFILE_BYTES = 100 * 1024;
/** A job is queued for half of its time and processed in the other half; larger ones take longer. */
const LEAST_MS = 400;
const MS_PER_PROFILE = 0.2;

/** `POST /api/profile-bulk-import-jobs`: only the form is checked now, each profile when the job runs. */
export function createImportJob(
  account: SimulatedAccount,
  body: BodyOf<'profileBulkImport'>,
  nowMs: number,
): SimulatedAnswer {
  const profiles = body.data.attributes.profiles.data as Json[];
  const at = '/data/attributes/profiles/data';
  if (profiles.length === 0) throw invalid('At least one profile is required.', at);
  if (profiles.length > MOST) throw invalid(`At most ${MOST} profiles in one job.`, at);
  const large = profiles.findIndex((profile) => Buffer.byteLength(JSON.stringify(profile)) > PROFILE_BYTES);
  if (large >= 0) throw invalid('A profile can have at most 100 KB.', `${at}/${large}`);
  const endsMs = nowMs + LEAST_MS + profiles.length * MS_PER_PROFILE;
  const job: SimulatedImportJob = { id: newId(), profiles, createdMs: nowMs, endsMs, ended: false, errors: [] };
  account.importJobs.set(job.id, job);
  return { status: 202, body: { data: resource(job, nowMs) } };
}

/** Works on what is due: a bad profile becomes an error of its job and stops no other. */
export function endImports(account: SimulatedAccount, nowMs: number): void {
  for (const job of account.importJobs.values()) {
    if (job.ended || job.endsMs > nowMs) continue;
    job.ended = true;
    for (const [place, profile] of job.profiles.entries()) {
      try {
        upsertProfile(account, profile as Parameters<typeof upsertProfile>[1], job.endsMs);
      } catch (error) {
        if (!(error instanceof KlaviyoFault)) throw error;
        const { code, title, detail } = error;
        const source = { pointer: `/data/attributes/profiles/data/${place}` };
        const attributes = { code, title, detail, source, original_payload: profile };
        job.errors.push({ type: 'import-error', id: newId(), attributes });
      }
    }
    // What was sent is only kept for its errors.
    job.profiles = job.profiles.map(() => ({}));
  }
}

export function readImportJob(account: SimulatedAccount, id: string, nowMs: number): SimulatedAnswer {
  return { status: 200, body: { data: resource(known(account, id), nowMs) } };
}

const LIST = /^(equals|any)\(status,(.+)\)$/;
const STATUSES = ['cancelled', 'complete', 'processing', 'queued'];

/** `GET /api/profile-bulk-import-jobs`: by status, newest or oldest first. */
export function listImportJobs(
  account: SimulatedAccount,
  query: URLSearchParams,
  nowMs: number,
  origin: string,
): SimulatedAnswer {
  const size = pageSize(query);
  const offset = Number(query.get('page[cursor]') ?? 0);
  const sort = query.get('sort') ?? '-created_at';
  if (!['created_at', '-created_at'].includes(sort)) throw wrong('The sort field is not supported.', 'sort');
  const filter = query.get('filter');
  const parts = filter === null ? null : LIST.exec(filter);
  let wanted: unknown = STATUSES;
  if (filter !== null) {
    try {
      const value: unknown = JSON.parse((parts?.[2] ?? '').replaceAll("'", '"'));
      wanted = parts?.[1] === 'any' ? value : [value];
    } catch {
      wanted = null;
    }
  }
  if (!Array.isArray(wanted) || wanted.length === 0 || !wanted.every((status) => STATUSES.includes(String(status)))) {
    throw wrong('The filter cannot be parsed.', 'filter');
  }
  const jobs = [...account.importJobs.values()]
    .sort((a, b) => (a.createdMs - b.createdMs) * (sort === 'created_at' ? 1 : -1))
    .map((job) => resource(job, nowMs))
    .filter(({ attributes }) => wanted.includes((attributes as Json)['status']));
  const self = `${origin}/api/profile-bulk-import-jobs`;
  const next = offset + size < jobs.length ? `${self}?page%5Bcursor%5D=${offset + size}` : null;
  return { status: 200, body: { data: jobs.slice(offset, offset + size), links: { self, next } } };
}

const wrong = (detail: string, parameter: string) =>
  new KlaviyoFault(400, 'invalid', 'Invalid input.', detail, { parameter });

function pageSize(query: URLSearchParams): number {
  const size = Number(query.get('page[size]') ?? 20);
  if (!Number.isInteger(size) || size < 1 || size > 100) {
    throw wrong('Page size must be between 1 and 100.', 'page[size]');
  }
  return size;
}

export function listImportErrors(
  account: SimulatedAccount,
  id: string,
  query: URLSearchParams,
  origin: string,
): SimulatedAnswer {
  const { errors } = known(account, id);
  const size = pageSize(query);
  const offset = Number(query.get('page[cursor]') ?? 0);
  const self = `${origin}/api/profile-bulk-import-jobs/${id}/import-errors`;
  const next = offset + size < errors.length ? { next: `${self}?page%5Bcursor%5D=${offset + size}` } : {};
  return { status: 200, body: { data: errors.slice(offset, offset + size), links: { self, ...next } } };
}

function known(account: SimulatedAccount, id: string): SimulatedImportJob {
  const job = account.importJobs.get(id);
  if (!job) throw notFound('A bulk import job with that id does not exist.');
  return job;
}

function resource(job: SimulatedImportJob, nowMs: number): Json {
  const time = (ms: number): string => new Date(ms).toISOString();
  const half = (job.createdMs + job.endsMs) / 2;
  const working = nowMs < half ? 'queued' : 'processing';
  const attributes = {
    status: job.ended ? 'complete' : working,
    created_at: time(job.createdMs),
    started_at: nowMs < half ? null : time(half),
    total_count: job.profiles.length,
    completed_count: job.ended ? job.profiles.length - job.errors.length : 0,
    failed_count: job.errors.length,
    completed_at: job.ended ? time(job.endsMs) : null,
    expires_at: time(job.createdMs + 7 * 86_400_000),
  };
  return { type: 'profile-bulk-import-job', id: job.id, attributes };
}
