import { recordFetchedProfile } from '../database/customers.js';
import { findOperation } from '../database/operations.js';
import { recordStep } from '../database/steps.js';
import { PermanentError } from '../passes/errors.js';
import type { ProfileSyncInput } from '../passes/operation-input.js';
import type { ActivityDeps, ProfileLookup, StepInput } from './deps.js';

const KLAVIYO_NAMES: Readonly<Record<string, ProfileLookup['attribute']>> = {
  email: 'email',
  phone: 'phone_number',
  customerId: 'external_id',
  serialNumber: 'external_id',
};
/** The strongest first: an e-mail address leads to one profile only, an external id may stand on several. */
const ORDER = ['email', 'phone', 'customerId', 'serialNumber'];

/** Asks Klaviyo what the profile says now, with its subscriptions; a profile that is not found is no failure. */
export function fetchProfileActivity(deps: ActivityDeps) {
  return async function fetchProfile(ref: StepInput): Promise<{ found: boolean }> {
    const sql = deps.database.tenant(ref.tenantId);
    const operation = await findOperation(sql, ref.tenantId, ref.operationId);
    if (!operation) throw new PermanentError('operation-unknown', 'The operation is not in the database.');
    const input = operation.input as unknown as ProfileSyncInput;
    const lookups: ProfileLookup[] = input.klaviyoProfileId ? [{ attribute: 'id', value: input.klaviyoProfileId }] : [];
    for (const kind of ORDER) {
      const value = input.identifiers.find((identifier) => identifier.kind === kind)?.value;
      if (value !== undefined) lookups.push({ attribute: KLAVIYO_NAMES[kind]!, value });
    }
    const step = { ...ref, step: 'fetch-profile' } as const;
    const profile = await deps.profiles.fetch(ref.tenantId, lookups);
    if (profile === 'no-key') {
      const reason = 'The tenant has no Klaviyo API key: what the webhook said is taken.';
      await recordStep(sql, { ...step, state: 'skipped', detail: { reason } });
      return { found: false };
    }
    const detail = profile ? { found: true } : { found: false, reason: 'Klaviyo knows no such profile.' };
    await recordFetchedProfile(sql, { ...step, state: 'succeeded', detail }, profile);
    return { found: profile !== null };
  };
}
