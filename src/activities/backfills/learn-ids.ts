import {
  endBackfillJob,
  listUnnamedPasses,
  type BackfillJob,
  type UnnamedPass,
} from '../../database/bulk/backfill-jobs.js';
import { setKlaviyoProfiles } from '../../database/customers/customer-identifiers.js';
import type { Resource } from '../../klaviyo/client.js';
import { foundBy } from '../../klaviyo/write-back.js';
import { fitting, isOfContent } from '../bursts/in-jobs.js';
import { writtenRecipient } from '../write-back-subject.js';
import type { BackfillVisit } from './visit.js';

const NAMES_AT_ONCE = 100;
/** They stand in the address of the call. */
const NAMES_LENGTH = 6_000;

/**
 * Looks up the ids of profiles that are new to us, a hundred at a time: by them records are related, and profiles found where
 * an address changes. One that Klaviyo does not show is written alone, whose answer has it. False where the slice ends before.
 */
export async function learnIds(visit: BackfillVisit, job: BackfillJob): Promise<boolean> {
  const { sql, ref, settings, progress } = visit;
  while (job.named_up_to !== job.up_to) {
    if (visit.isOver()) return false;
    const passes = await listUnnamedPasses(sql, job.pass_ids, job.named_up_to, NAMES_AT_ONCE);
    const unknown: string[] = [];
    const found: { customerId: string; profileId: string }[] = [];
    const ids = await idsOf(visit, passes);
    for (const pass of passes) {
      const place = whereToLook(pass, settings);
      const profileId = place ? ids.get(keyOf(place.attribute, place.value)) : undefined;
      if (profileId === undefined) unknown.push(pass.pass_id);
      else found.push({ customerId: pass.customer_id, profileId });
    }
    await setKlaviyoProfiles(sql, found);
    job.alone = [...job.alone, ...unknown];
    job.named_up_to = passes.length < NAMES_AT_ONCE ? job.up_to : passes.at(-1)!.pass_id;
    await endBackfillJob(sql, ref, job, progress);
  }
  return true;
}

const whereToLook = (pass: UnnamedPass, settings: BackfillVisit['settings']) => {
  const recipient = writtenRecipient(pass, settings);
  return recipient && foundBy(recipient);
};
const keyOf = (attribute: string, value: unknown): string => `${attribute} ${String(value).toLowerCase()}`;

async function idsOf(
  { call, settings }: BackfillVisit,
  passes: readonly UnnamedPass[],
): Promise<ReadonlyMap<string, string>> {
  const wanted = passes.flatMap((pass) => whereToLook(pass, settings) ?? []);
  const ids = new Map<string, string>();
  for (const attribute of ['email', 'phone_number', 'external_id'] as const) {
    const values = [...new Set(wanted.filter((one) => one.attribute === attribute).map(({ value }) => value))];
    if (values.length === 0) continue;
    for (let part = values; part.length > 0;) {
      const asked = fitting(part, encodeURIComponent, NAMES_AT_ONCE, NAMES_LENGTH);
      part = part.slice(asked.length);
      const found = await call('profiles', (client) => client.findProfiles(attribute, asked)).catch(
        (error: unknown): Resource[] => {
          // One address that is none must not keep the others: each is written alone.
          if (!isOfContent(error)) throw error;
          return [];
        },
      );
      for (const { id, attributes } of found) ids.set(keyOf(attribute, attributes[attribute]), id);
    }
  }
  return ids;
}
