import { PermanentError } from '../common/errors.js';
import type { ImportError, ImportJob } from '../klaviyo/profile-import-calls.js';
import { profileBody, type JsonApiBody } from '../klaviyo/write-back.js';
import type { KlaviyoCall } from './klaviyo-calls.js';
import type { Subject } from './write-back-step.js';

/** What Klaviyo takes in one job of profiles. */
export const MOST_PROFILES = 10_000;
/** Klaviyo takes 5 MB: this leaves room for the frame around the profiles. */
export const PROFILE_BYTES = 4_800_000;

/** One profile of a job, with what it tells of: operations of a gathering, or passes of a backfill. */
export interface JobEntry<T> {
  body: JsonApiBody;
  told: T[];
}

/**
 * The profiles of some passes. Two passes of one person are one profile: the later one counts, as if they had been written one
 * after the other.
 */
export function entriesOf<T>(items: readonly { subject: Subject; told: T }[]): JobEntry<T>[] {
  const entries = new Map<string, JobEntry<T>>();
  for (const { subject, told } of items) {
    const body = profileBody(subject.pass, subject.recipient);
    const { id, attributes } = body.data;
    const { properties, ...identifiers } = attributes;
    const key = JSON.stringify([id, identifiers]);
    const known = entries.get(key);
    if (!known) entries.set(key, { body, told: [told] });
    else {
      known.body.data.attributes['properties'] = Object.assign(known.body.data.attributes['properties']!, properties);
      known.told.push(told);
    }
  }
  return [...entries.values()];
}

/** A job that Klaviyo no longer knows counts as cancelled. */
export async function stateOf(call: KlaviyoCall, job: string): Promise<ImportJob> {
  try {
    return await call('profile-bulk', (client) => client.getImportJob(job));
  } catch (error) {
    if (!(error instanceof PermanentError) || error.code !== 'klaviyo-not-found') throw error;
    return { ended: true, cancelled: true, failed: 0 };
  }
}

/** Beyond so many, reading them would use up the calls of a minute before the last is read: all profiles go alone then. */
const MOST_ERRORS = 2_000;

/** Why a job did not take some of its profiles; nothing where that was so many that it is not read. */
export async function errorsOf(call: KlaviyoCall, job: string, failed: number): Promise<ImportError[]> {
  if (failed === 0 || failed > MOST_ERRORS) return [];
  const found: ImportError[] = [];
  let cursor: string | null = null;
  do {
    const at: string | null = cursor;
    const page: { errors: ImportError[]; next: string | null } = await call('profile-bulk', (client) =>
      client.listImportErrors(job, at),
    );
    found.push(...page.errors);
    cursor = page.next;
  } while (cursor !== null && found.length < MOST_ERRORS);
  return found;
}

/** Where a pass lies in a job, and by which serial number an error would name it. */
export interface PlacedPass {
  place: number;
  serialNumber: string | undefined;
}

/**
 * Why each place of a job was refused, or undefined. A serial number in an error is surer than the place that its pointer names.
 * Where errors name neither, or are fewer than the job counts, no place counts as written.
 */
export function failuresOf(
  errors: readonly ImportError[],
  failed: number,
  passes: readonly PlacedPass[],
): (place: number) => 'klaviyo-duplicate-profile' | 'klaviyo-invalid' | undefined {
  const placesOfSerials = new Map<string, number>();
  for (const { place, serialNumber } of passes) {
    if (serialNumber !== undefined) placesOfSerials.set(serialNumber, place);
  }
  const codes = new Map<number, 'klaviyo-duplicate-profile' | 'klaviyo-invalid'>();
  for (const { code, place, serialNumber } of errors) {
    const named = (serialNumber === null ? undefined : placesOfSerials.get(serialNumber)) ?? place;
    const known = code === 'duplicate_profile' ? 'klaviyo-duplicate-profile' : 'klaviyo-invalid';
    if (named !== null) codes.set(named, known);
  }
  const unclear = codes.size < failed;
  return (place) => codes.get(place) ?? (unclear ? 'klaviyo-invalid' : undefined);
}
