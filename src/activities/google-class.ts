import { createHash } from 'node:crypto';
import { designedFields } from '../database/devices/google-object-changes.js';
import { classDigest, recordClass } from '../database/devices/google-classes.js';
import type { PassRow } from '../database/passes/passes.js';
import type { GoogleDesign } from '../passes/pass-type.js';
import { googleClass } from '../wallets/google/wallet-object.js';
import type { ActivityDeps, GoogleAccess } from './deps.js';
import { isRefused, type GoogleNotes } from './google-evidence.js';

/** `unanswered`: this operation sent it without an answer, and another one has found or written it since. */
export type ClassWrite = 'inserted' | 'unchanged' | 'updated' | 'unanswered';

/**
 * Brings the class of an object to its design, where that has changed since the last write. The newest version of the
 * pass type counts, not the pass's own: passes on older versions share the class and must not turn it back.
 */
export async function ensureGoogleClass(
  deps: ActivityDeps,
  access: GoogleAccess,
  pass: PassRow,
  target: { design: GoogleDesign; classId: string },
  /** The digest of its last write, and what the step that speaks of it has noted. */
  known?: { digest: string | null; notes: GoogleNotes },
): Promise<ClassWrite> {
  const { classId } = target;
  const newest = (await deps.passTypes.current(pass.tenant_id, pass.pass_type_id))?.design.google;
  const isShared = newest?.type === target.design.type && newest.classSuffix === target.design.classSuffix;
  const design = isShared ? newest : target.design;
  const resource = googleClass({ design, issuerId: access.issuerId, classId, callbackUrl: access.callbackUrl });
  const digest = createHash('sha256').update(JSON.stringify(resource)).digest('hex');
  const sql = deps.database.tenant(pass.tenant_id);
  const written = known ? known.digest : ((await classDigest(sql, classId)) ?? null);
  const notes = known?.notes;
  const isUnanswered = notes?.noted[UNANSWERED] === digest;
  if (written === digest) return saidBefore(notes) ?? (isUnanswered ? 'unanswered' : 'unchanged');
  const ownedFields = await designedFields(sql, design.type, 'class');
  // Before it is sent: an attempt that dies without an answer leaves the next one the doubt.
  if (!isUnanswered) await notes?.note({ [UNANSWERED]: digest });
  const ended = await access.client
    .ensure(`${design.type}Class`, resource, ownedFields)
    .catch(async (error: unknown) => {
      if (!isUnanswered && isRefused(error)) await notes?.note({ [UNANSWERED]: null });
      throw error;
    });
  // It stands there as this operation sent it before.
  const result = ended === 'unchanged' && isUnanswered ? (written === null ? 'inserted' : 'updated') : ended;
  await sql.transaction(async (within) => {
    await recordClass(within, { classId, objectType: design.type, digest });
    await notes?.note({ class: result, [UNANSWERED]: null }, within);
  });
  return result;
}

const UNANSWERED = 'unansweredClass';

/** What an earlier attempt of the step did to the class: this one finds it done. */
function saidBefore(notes: GoogleNotes | undefined): ClassWrite | undefined {
  const said = notes?.noted['class'];
  return said === 'inserted' || said === 'updated' ? said : undefined;
}
