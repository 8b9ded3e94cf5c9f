import { setKlaviyoProfile } from '../../database/customers/customer-identifiers.js';
import { findWriteBackPass } from '../../database/klaviyo/write-back.js';
import { profileBody } from '../../klaviyo/write-back.js';
import { isOfContent } from '../bursts/in-jobs.js';
import { byKnownProfile } from '../write-back-step.js';
import { digestOf, writtenPass, writtenRecipient } from '../write-back-subject.js';
import type { BackfillVisit } from './visit.js';

/** As a single write-back: the last writer looks again, so that the newest state stays. */
const ROUNDS = 3;

/** Writes one profile as it is now. One that Klaviyo does not take is counted, and holds no other. */
export async function writeProfileAlone(visit: BackfillVisit, passId: string): Promise<void> {
  const { deps, sql, call, settings, progress } = visit;
  let written: string | null = null;
  for (let round = 0; round < ROUNDS; round++) {
    const row = await findWriteBackPass(sql, passId);
    const recipient = row && writtenRecipient(row, settings);
    if (!row || !recipient) return;
    const token = await deps.klaviyo.linkToken(sql.tenantId, row.customer_id);
    const pass = writtenPass(row, deps.klaviyo.publicUrl, token);
    if (written === digestOf(pass)) return;
    try {
      const { profile } = await byKnownProfile(sql, { row, pass, recipient }, (known) =>
        call('profiles', (client) => client.importProfile(profileBody(pass, known))),
      );
      await setKlaviyoProfile(sql, row.customer_id, profile.id);
    } catch (error) {
      if (!isOfContent(error)) throw error;
      progress.failed++;
      return;
    }
    written = digestOf(pass);
  }
}
