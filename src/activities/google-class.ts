import { createHash } from 'node:crypto';
import { designedFields } from '../database/devices/google-object-changes.js';
import { classDigest, recordClass } from '../database/devices/google-classes.js';
import type { PassRow } from '../database/passes/passes.js';
import type { GoogleDesign } from '../passes/pass-type.js';
import { googleClass } from '../wallets/google/wallet-object.js';
import type { ActivityDeps, GoogleAccess } from './deps.js';

/**
 * Brings the class of an object to its design, where that has changed since the last write. The newest version of the
 * pass type counts, not the pass's own: passes on older versions share the class and must not turn it back.
 */
export async function ensureGoogleClass(
  deps: ActivityDeps,
  access: GoogleAccess,
  pass: PassRow,
  target: { design: GoogleDesign; classId: string },
  /** Of its last write, where it has been read. */
  written?: string | null,
): Promise<'inserted' | 'unchanged' | 'updated'> {
  const { classId } = target;
  const newest = (await deps.passTypes.current(pass.tenant_id, pass.pass_type_id))?.design.google;
  const isShared = newest?.type === target.design.type && newest.classSuffix === target.design.classSuffix;
  const design = isShared ? newest : target.design;
  const resource = googleClass({ design, issuerId: access.issuerId, classId, callbackUrl: access.callbackUrl });
  const digest = createHash('sha256').update(JSON.stringify(resource)).digest('hex');
  const sql = deps.database.tenant(pass.tenant_id);
  if ((written === undefined ? await classDigest(sql, classId) : written) === digest) return 'unchanged';
  const ownedFields = await designedFields(sql, design.type, 'class');
  const result = await access.client.ensure(`${design.type}Class`, resource, ownedFields);
  await recordClass(sql, { classId, objectType: design.type, digest });
  return result;
}
