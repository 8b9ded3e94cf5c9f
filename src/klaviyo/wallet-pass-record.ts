import type { JsonValue } from '../common/json.js';
import type { WrittenPass, WrittenRecipient } from './write-back.js';

/** The complete WalletPass record: Klaviyo has no patch, whatever is left out is gone. */
export function walletPassRecord(pass: WrittenPass, recipient: WrittenRecipient): Record<string, JsonValue> {
  const installed = (['Apple', 'Google'] as const).filter((platform) => pass.platforms[platform] === 'installed');
  return {
    id: pass.serialNumber,
    serial_number: pass.serialNumber,
    pass_type: pass.passType,
    state: pass.state,
    platform: installed.join(', ').toLowerCase(),
    apple_state: pass.platforms.Apple,
    google_state: pass.platforms.Google,
    pass_url: pass.landingUrl,
    download_url: pass.downloadUrl,
    created_at: pass.createdAt,
    installed_at: pass.installedAt,
    updated_at: pass.updatedAt,
    uninstalled_at: pass.uninstalledAt,
    klaviyo_profile_id: recipient.profileId,
    external_id: recipient.externalId,
    email: recipient.email,
  };
}

/** The record of a pass whose holder is erased: complete, so that Klaviyo keeps no former value, and linked to no profile. */
export function erasedPassRecord(serialNumber: string): Record<string, JsonValue> {
  const nothing = Object.fromEntries(WALLET_PASS_PROPERTIES.map(({ name }) => [name, null]));
  return { ...nothing, id: serialNumber, serial_number: serialNumber, state: 'deleted', klaviyo_profile_id: null };
}

/** Columns of the WalletPass object type, in the order of their ids. */
export const WALLET_PASS_PROPERTIES = [
  { name: 'serial_number', type: 'string' },
  { name: 'pass_type', type: 'string' },
  { name: 'state', type: 'string' },
  { name: 'platform', type: 'string' },
  { name: 'apple_state', type: 'string' },
  { name: 'google_state', type: 'string' },
  { name: 'pass_url', type: 'string' },
  { name: 'download_url', type: 'string' },
  { name: 'created_at', type: 'timestamp' },
  { name: 'installed_at', type: 'timestamp' },
  { name: 'updated_at', type: 'timestamp' },
  { name: 'uninstalled_at', type: 'timestamp' },
  { name: 'external_id', type: 'string' },
  { name: 'email', type: 'string' },
] as const;
