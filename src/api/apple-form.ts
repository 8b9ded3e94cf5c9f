import type { Sql } from '../database/connect.js';
import { findFormerAppleType } from '../database/passes/former-apple-type.js';
import type { PassRow } from '../database/passes/passes.js';
import { PermanentError } from '../common/errors.js';
import { showInWallet, showPass } from '../passes/offer.js';
import type { PassTypeVersion } from '../passes/pass-type.js';
import type { PassLocale } from '../passes/pass-view.js';

/** What phones show of a pass. */
export interface AppleForm {
  pass: PassRow;
  version: PassTypeVersion;
  /** The pass has no form for Apple Wallet any more: phones that have it show its last one, void, and nobody adds it. */
  ended: boolean;
}

/**
 * The form of a pass for Apple Wallet. One that was converted to a type without any is still on its phones, which ask until
 * they get an answer. Throws `no-apple-design` where it never had one.
 */
export async function appleForm(
  sql: Sql,
  own: PassRow,
  locale: PassLocale,
  versionOf: (passTypeId: string, version: number) => Promise<PassTypeVersion>,
): Promise<AppleForm> {
  const shown = await showInWallet('apple', own, locale, versionOf);
  if (shown.version.design.apple) return { ...shown, ended: false };
  const former = await findFormerAppleType(sql, own);
  if (!former) {
    throw new PermanentError('no-apple-design', 'This pass has no design for Apple Wallet: its type has no "apple".');
  }
  const passType = { id: former.passTypeId, version: former.version };
  const asBefore = { id: own.pass_id, sequence: '0', priority: 0, fields: {}, passType };
  const last = await showPass({ ...own, offers: [asBefore] }, locale, versionOf);
  return { pass: { ...last.pass, offers: [] }, version: last.version, ended: true };
}
