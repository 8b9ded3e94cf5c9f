import { recordFetchedProfile } from '../database/customers/customers.js';
import { findOperation } from '../database/operations/operations.js';
import { recordStep } from '../database/operations/steps.js';
import { PermanentError } from '../common/errors.js';
import type { ProfileAttribute } from '../klaviyo/client.js';
import type { FetchedProfile } from '../passes/operation-input.js';
import type { ActivityDeps, StepInput } from './deps.js';
import { readInput } from './read-input.js';
import { askForGone, askOwners } from './released-identifiers.js';
import { KeyRefused, klaviyoCalls, type KlaviyoCall } from './klaviyo-calls.js';
import { knownOperation } from './known-operation.js';

/** One way to a Klaviyo profile. */
interface ProfileLookup {
  attribute: ProfileAttribute;
  value: string;
}

const KLAVIYO_NAMES: Readonly<Record<string, ProfileLookup['attribute']>> = {
  email: 'email',
  phone: 'phone_number',
  customerId: 'external_id',
  serialNumber: 'external_id',
};
/** The strongest first: an e-mail address leads to one profile only, an external id may be on several. */
const ORDER = ['email', 'phone', 'customerId', 'serialNumber'];

/** Asks Klaviyo what the profile says now, with its subscriptions; a profile that is not found is no failure. */
export function fetchProfileActivity(deps: ActivityDeps) {
  return async function fetchProfile(ref: StepInput): Promise<{ found: boolean }> {
    const sql = deps.database.tenant(ref.tenantId);
    const operation = knownOperation(await findOperation(sql, ref.operationId));
    const input = readInput<'profile-sync'>(operation, 'identifiers');
    const lookups: ProfileLookup[] = input.klaviyoProfileId ? [{ attribute: 'id', value: input.klaviyoProfileId }] : [];
    for (const kind of ORDER) {
      const value = input.identifiers.find((identifier) => identifier.kind === kind)?.value;
      if (value !== undefined) lookups.push({ attribute: KLAVIYO_NAMES[kind]!, value });
    }
    const step = { ...ref, step: 'fetch-profile' } as const;
    const account = await deps.klaviyo.forTenant(ref.tenantId);
    if (!account) {
      const reason = 'The tenant has no Klaviyo API key: what the webhook said is taken.';
      await recordStep(sql, { ...step, state: 'skipped', detail: { reason } });
      return { found: false };
    }
    const call = klaviyoCalls(deps, step, account);
    const settings = await deps.tenantSettings(ref.tenantId);
    const read = async (): Promise<{ profile: FetchedProfile | null; gone: string[] }> => {
      const profile = await readProfile(call, lookups);
      const gone = await askForGone(sql, call, { ref, profile, named: input.klaviyoProfileId }, settings);
      if (!profile || operation.run === 1) return { profile, gone };
      return { profile: { ...profile, owners: await askOwners(sql, call, operation, profile, settings) }, gone };
    };
    const { profile, gone } = await read().catch((error: unknown) => {
      if (!(error instanceof KeyRefused)) throw error;
      throw new PermanentError(
        'klaviyo-unauthorized',
        'Klaviyo refuses the API key of the tenant: set another one, then retry this operation.',
      );
    });
    const detail = profile ? { found: true } : { found: false, reason: 'Klaviyo knows no such profile.' };
    await recordFetchedProfile(sql, { ...step, state: 'succeeded', detail }, profile, { run: ref.run, gone });
    return { found: profile !== null };
  };
}

/** The profile that the first successful lookup leads to, with `subscriptions`; null where none does. */
async function readProfile(call: KlaviyoCall, lookups: readonly ProfileLookup[]): Promise<FetchedProfile | null> {
  for (const { attribute, value } of lookups) {
    if (attribute !== 'id') {
      const found = await call('profiles', (client) => client.findProfiles(attribute, [value]));
      // An external id may be on several profiles in Klaviyo: then it names none.
      if (found.length === 1) return found[0]!;
      continue;
    }
    const found = await call('profiles', (client) => client.getProfile(value)).catch((error: unknown) => {
      if (error instanceof PermanentError && error.code === 'klaviyo-not-found') return null;
      throw error;
    });
    if (found) return found;
  }
  return null;
}
