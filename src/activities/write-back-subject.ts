import { createHash } from 'node:crypto';
import type { WriteBackPass } from '../database/klaviyo/write-back.js';
import {
  profileProperties,
  type PlatformState,
  type RecordState,
  type WrittenPass,
  type WrittenRecipient,
} from '../klaviyo/write-back.js';
import type { TenantSettings } from '../passes/tenant-settings.js';

const platform = (installed: boolean, ever: boolean): PlatformState =>
  installed ? 'installed' : ever ? 'uninstalled' : 'not-installed';

function recordState(row: WriteBackPass): RecordState {
  if (row.state === 'deleted') return 'deleted';
  // Klaviyo's record knows four states: an expired pass is, for a flow, as void as a voided one.
  if (row.state !== 'active') return 'voided';
  const installed = row.apple_installed || row.google_installed;
  return !installed && (row.apple_ever || row.google_ever) ? 'uninstalled' : 'active';
}

/** The pass in the words of Klaviyo's side. */
export function writtenPass(row: WriteBackPass, publicUrl: string, authenticationToken: string | null): WrittenPass {
  const landingUrl = `${publicUrl}/p/${encodeURIComponent(row.serial_number)}`;
  return {
    serialNumber: row.serial_number,
    passType: row.pass_type_name,
    formerPassTypes: row.former_pass_types,
    state: recordState(row),
    platforms: {
      Apple: platform(row.apple_installed, row.apple_ever),
      Google: platform(row.google_installed, row.google_ever),
    },
    landingUrl,
    downloadUrl: row.has_apple ? `${landingUrl}/pass.pkpass` : landingUrl,
    authenticationToken,
    createdAt: row.created_at.toISOString(),
    installedAt: row.installed_at?.toISOString() ?? null,
    // modified_at has whole seconds, for If-Modified-Since: a new pass would seem older than itself.
    updatedAt: new Date(Math.max(row.modified_at.getTime(), row.created_at.getTime())).toISOString(),
    uninstalledAt: row.uninstalled_at?.toISOString() ?? null,
    test: row.test,
  };
}

type NamedHolder = Pick<
  WriteBackPass,
  'klaviyo_profile_id' | 'email' | 'phone' | 'serial_number' | 'external_customer_id'
>;

/** Whom the pass belongs to in Klaviyo; null where nothing names a profile. */
export function writtenRecipient(row: NamedHolder, settings: TenantSettings['klaviyo']): WrittenRecipient | null {
  const recipient = {
    profileId: row.klaviyo_profile_id,
    email: row.email,
    phone: row.phone,
    externalId: settings.externalId === 'serialNumber' ? row.serial_number : row.external_customer_id,
  };
  return Object.values(recipient).some((value) => value !== null) ? recipient : null;
}

/** Differs whenever something that is written changed; holds nothing personal. */
export const versionOf = (row: WriteBackPass): string =>
  [row.pass_id, row.revision, row.state, row.pass_type_name, row.apple_installed, row.google_installed].join(':');

/** Of what a profile is told of a pass: differs where Klaviyo would be told something else now. */
export const digestOf = (pass: WrittenPass): string =>
  createHash('sha256')
    .update(JSON.stringify(profileProperties(pass)))
    .digest('base64url')
    .slice(0, 16);
