import { loadWithCustomerHits, lockCustomer, type CustomerRow } from '../database/customers/customers.js';
import { listOtherOwners } from '../database/customers/customer-identifiers.js';
import { handOver, listSyncsOf, type HandedKind } from '../database/customers/identifier-transfer.js';
import type { Sql } from '../database/connect.js';
import type { OperationRow } from '../database/operations/operations.js';
import type { RunRef } from '../database/operations/steps.js';
import { profileValues } from '../klaviyo/profile-values.js';
import { PermanentError } from '../common/errors.js';
import { mergeFields } from '../passes/field-order.js';
import type { FetchedProfile, OwnerAsked, ProfileSyncInput } from '../passes/operation-input.js';
import { FINAL_STATUSES } from '../passes/operation.js';
import type { JsonValue } from '../common/json.js';
import type { TenantSettings } from '../passes/tenant-settings.js';
import type { KlaviyoCall } from './klaviyo-calls.js';
import { readInput } from './read-input.js';

const HANDED_KINDS: readonly HandedKind[] = ['email', 'phone'];

/** Asks Klaviyo about those who own what a fetched profile brings: whether their own profiles still have it. */
export async function askOwners(
  sql: Sql,
  call: KlaviyoCall,
  operation: OperationRow,
  profile: FetchedProfile,
  settings: TenantSettings,
): Promise<OwnerAsked[]> {
  const { customer_id: customerId } = operation;
  if (customerId === null) return [];
  const brought = HANDED_KINDS.flatMap((kind) => {
    const value = valueIn(profile, kind, settings);
    return typeof value === 'string' ? [{ kind, value }] : [];
  });
  const asked: OwnerAsked[] = [];
  for (const owner of await listOtherOwners(sql, customerId, brought)) {
    const { kind, value, klaviyoProfileId, email } = owner;
    if (klaviyoProfileId === profile.id) continue;
    // Where their profile is not known by its id, their address leads to it.
    const theirs =
      klaviyoProfileId !== null
        ? await findProfile(call, klaviyoProfileId)
        : kind === 'email' || email === null
          ? null
          : ((await call('profiles', (client) => client.findProfiles('email', [email])))[0] ?? null);
    // A profile that is gone says nothing: it may have been merged into another.
    if (theirs === null || theirs.id === profile.id) continue;
    const holds = valueIn(theirs, kind, settings) === value;
    asked.push({ kind, value, customerId: owner.customerId, holds });
  }
  return asked;
}

/**
 * Which Klaviyo profiles of the customers concerned are gone. Asked only where several customers are, or where one is
 * known as another profile than the one that is there.
 */
export async function askForGone(
  sql: Sql,
  call: KlaviyoCall,
  sync: { ref: RunRef; profile: FetchedProfile | null; named: string | null },
  settings: TenantSettings,
): Promise<string[]> {
  const { profile } = sync;
  const loaded = await loadWithCustomerHits(sql, sync.ref);
  const brought = HANDED_KINDS.flatMap((kind) => {
    const value = profile && valueIn(profile, kind, settings);
    return typeof value === 'string' ? [{ kind, value }] : [];
  });
  const owners = [...(loaded?.hits ?? []), ...(await listOtherOwners(sql, null, brought))];
  const present = profile?.id ?? sync.named;
  const known = new Set(owners.flatMap(({ klaviyoProfileId: id }) => (id === null || id === present ? [] : [id])));
  const gone: string[] = [];
  for (const id of known) {
    if (!(await findProfile(call, id))) gone.push(id);
  }
  return gone;
}

/** A profile by Klaviyo's id; null where Klaviyo no longer knows it. */
const findProfile = (call: KlaviyoCall, id: string): Promise<FetchedProfile | null> =>
  call('profiles', (client) => client.getProfile(id)).catch((error: unknown) => {
    if (error instanceof PermanentError && error.code === 'klaviyo-not-found') return null;
    throw error;
  });

function valueIn(fetched: FetchedProfile, kind: string, settings: TenantSettings): JsonValue | undefined {
  const nothing = { identifiers: [], klaviyoProfileId: null, attributes: {}, properties: {}, consent: null };
  return profileValues({ ...nothing, fetched }, settings).customer[kind];
}

export interface Claim {
  operation: OperationRow;
  /** Who claims it. */
  customerId: string;
  kind: string;
  value: string;
  ownerId: string;
}

/**
 * Takes an e-mail address or phone number from its owner, only where a person asked for a retry and the owner's own word
 * shows that it was given up: Klaviyo's answer about their profile, else their own later sync, which says another one.
 */
export async function takeIfGivenUp(tx: Sql, claim: Claim, settings: TenantSettings): Promise<boolean> {
  const { operation, ownerId, value } = claim;
  const kind = HANDED_KINDS.find((one) => one === claim.kind);
  if (operation.run === 1 || kind === undefined) return false;
  const tenantId = operation.tenant_id;
  const owner = await lockCustomer(tx, ownerId);
  if (owner?.[kind] !== value) return false;
  const { fetched } = readInput<'profile-sync'>(operation, 'identifiers');
  const asked = fetched?.owners?.find((one) => one.customerId === ownerId && one.kind === kind && one.value === value);
  if (asked?.holds) return false;
  const own = await findOwnWord(tx, owner, { kind, value }, settings);
  if (own === null && !asked) return false;
  await handOver(tx, {
    tenantId,
    kind,
    value,
    from: { customerId: ownerId, klaviyoProfileId: owner.klaviyo_profile_id },
    to: claim.customerId,
    byOperation: operation.operation_id,
    carriesOn: own,
  });
  return true;
}

/** The owner's newest sync that names this kind, if it says another value that is still to be written. */
async function findOwnWord(
  tx: Sql,
  owner: CustomerRow,
  { kind, value }: { kind: HandedKind; value: string },
  settings: TenantSettings,
): Promise<string | null> {
  for (const sync of await listSyncsOf(tx, owner.customer_id)) {
    const input = readInput<'profile-sync'>(sync, 'identifiers');
    const said: JsonValue | undefined = profileValues(input, settings).customer[kind];
    if (said === undefined || said === null) continue;
    const open = !FINAL_STATUSES.includes(sync.status) || sync.outcome === 'identifier-conflict';
    const has = { data: { [kind]: value }, sequences: owner.field_sequences };
    const written = mergeFields(has, { [kind]: said }, sync.acceptance_sequence, versionOf(input));
    return open && written.changed.includes(kind) ? sync.operation_id : null;
  }
  return null;
}

/** The sender's own version counts only for its own words: what Klaviyo said when it was asked is newer than any. */
export const versionOf = (input: ProfileSyncInput): string | null => (input.fetched ? null : (input.version ?? null));
