import { dropIdentifiers, takeIdentifier } from '../database/customers/customer-identifiers.js';
import { lockCustomer, writeCustomer, type CustomerRow } from '../database/customers/customers.js';
import { resolveCustomer } from '../database/customers/merge.js';
import { listCustomerIdentifiers } from '../database/customers/enrolment.js';
import { findOperation, listSteps } from '../database/operations/operations.js';
import { endRun, recordStep } from '../database/operations/steps.js';
import { profileValues } from '../klaviyo/profile-values.js';
import { PermanentError } from '../common/errors.js';
import { isIdentifying, SHARED_PHONE_CURE } from '../passes/choose-recipient.js';
import { mergeFields } from '../passes/field-order.js';
import type { RecordedOutcome } from '../passes/operation.js';
import type { JsonValue } from '../common/json.js';
import type { ActivityDeps, StepInput } from './deps.js';
import { klaviyoWord, mergeIfOnePerson } from './merge-customers.js';
import { readInput } from './read-input.js';
import { takeIfGivenUp, versionOf } from './released-identifiers.js';

export type UpdatedCustomer = { conflict: true; outcome: RecordedOutcome } | { changed: number; superseded: number };

type Fields = Record<string, JsonValue>;
const IDENTIFIERS = ['email', 'phone', 'customerId', 'klaviyoProfileId'];
/** Before the names of the tenant's own identifiers. */
const OWN = 'identifiers.';
const COLUMNS = {
  email: 'email',
  phone: 'phone',
  customerId: 'external_customer_id',
  klaviyoProfileId: 'klaviyo_profile_id',
  firstName: 'first_name',
  lastName: 'last_name',
  language: 'language',
} as const satisfies Record<string, keyof CustomerRow>;
const WORDS: Readonly<Record<string, string>> = {
  email: 'e-mail address',
  phone: 'phone number',
  customerId: 'customer id',
  klaviyoProfileId: 'Klaviyo id',
};

class IdentifierTaken extends Error {
  constructor(
    message: string,
    readonly ownerId: string,
  ) {
    super(message);
  }
}

const nested = (fields: Fields, prefix: string): Fields =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
    ),
  );

function flatten(row: CustomerRow): Fields {
  const fields: Fields = {};
  for (const [name, column] of Object.entries(COLUMNS)) if (row[column] !== null) fields[name] = row[column];
  for (const [name, value] of Object.entries(row.properties)) fields[`properties.${name}`] = value;
  for (const [name, value] of Object.entries(row.consent)) fields[`consent.${name}`] = value;
  return fields;
}

const isGranted = (value: JsonValue | undefined): boolean =>
  (value as { state?: unknown } | null | undefined)?.state === 'SUBSCRIBED';

/** Klaviyo says "never subscribed" where it knows nothing: that takes nothing back which was said elsewhere. */
function keepKnownConsent(before: Fields, said: Fields): void {
  for (const [name, value] of Object.entries(said)) {
    const never = name.startsWith('consent.') && (value as { state?: unknown } | null)?.state === 'NEVER_SUBSCRIBED';
    if (never && Object.hasOwn(before, name)) delete said[name];
  }
}

/**
 * A list of the channels agreed to now ends the others. What was never agreed to stays as it is, but counts as said: an
 * older request that is carried out later must not bring it back.
 */
function endUnlistedConsent(before: Fields, said: Fields, unlisted: readonly string[]): void {
  for (const name of unlisted.map((channel) => `consent.${channel}`)) {
    const ended = isGranted(before[name]) ? { state: 'UNSUBSCRIBED', at: null, method: null } : before[name];
    said[name] = ended ?? null;
  }
}

/** Channels where consent was given or taken back; one that was never given leaves no trail. */
function consentTrail(before: Fields, after: Fields) {
  return Object.entries(nested(after, 'consent.')).flatMap(([channel, value]) => {
    const granted = isGranted(value);
    if (granted === isGranted(before[`consent.${channel}`])) return [];
    const { method, at } = value as { method?: string | null; at?: string | null };
    return [{ channel, granted, method: method ?? 'klaviyo', at: at ?? null }];
  });
}

/** A profile brings two addresses at most. */
const MOST_MERGES = 2;

/**
 * Writes the profile's fields to the customer, except fields that an operation accepted later has set. Its
 * identifiers move with it, all or none. An identifier of another customer is never taken away: if Klaviyo says that
 * both are one person they are merged, otherwise it is a conflict.
 */
export function updateCustomerActivity(deps: ActivityDeps) {
  return async function updateCustomer(ref: StepInput & { customerId: string }): Promise<UpdatedCustomer> {
    const { tenantId, operationId } = ref;
    const sql = deps.database.tenant(tenantId);
    // Merged into another one since it was found.
    const customerId = await resolveCustomer(sql, ref.customerId);
    for (let merges = 0; ; merges++) {
      try {
        return await writeProfile(deps, { ...ref, customerId });
      } catch (error) {
        if (!(error instanceof IdentifierTaken)) throw error;
        if (merges < MOST_MERGES && (await mergeWithOwner(deps, { ...ref, customerId }, error.ownerId))) continue;
        const run = { tenantId, operationId, run: ref.run };
        const reason = error.message;
        const failed = { code: 'identifier-conflict', message: reason };
        await recordStep(sql, { ...run, step: 'update-customer', state: 'failed', error: failed });
        const ending = { status: 'succeeded', outcome: 'identifier-conflict', reason } as const;
        return { conflict: true, outcome: await endRun(sql, { ...run, ...ending }) };
      }
    }
  };
}

async function mergeWithOwner(
  deps: ActivityDeps,
  ref: StepInput & { customerId: string },
  ownerId: string,
): Promise<boolean> {
  const operation = await findOperation(deps.database.tenant(ref.tenantId), ref.operationId);
  const settings = await deps.tenantSettings(ref.tenantId);
  const word = operation && klaviyoWord(readInput<'profile-sync'>(operation, 'identifiers'), ref.run, settings);
  if (!word) return false;
  const { customerId } = ref;
  return (await mergeIfOnePerson(deps, ref, word, [customerId, ownerId], customerId)) !== undefined;
}

async function writeProfile(
  deps: ActivityDeps,
  ref: StepInput & { customerId: string },
): Promise<Exclude<UpdatedCustomer, { conflict: true }>> {
  const { tenantId, customerId } = ref;
  const settings = await deps.tenantSettings(tenantId);
  const run = { tenantId, operationId: ref.operationId, run: ref.run };
  const step = { ...run, step: 'update-customer' } as const;
  const sql = deps.database.tenant(tenantId);
  return sql.transaction(async (tx) => {
    // The lock first: a writer that took an identifier from this customer has noted that in the operation, too.
    const row = await lockCustomer(tx, customerId);
    const operation = await findOperation(tx, ref.operationId);
    if (!operation || !row) throw new PermanentError('customer-vanished', 'The customer no longer exists.');
    const input = readInput<'profile-sync'>(operation, 'identifiers');
    const { customer, unlisted, warnings } = profileValues(input, settings);
    const own = (await listCustomerIdentifiers(tx, customerId)).filter(({ kind }) =>
      settings.customIdentifiers.includes(kind),
    );
    const before = { ...flatten(row), ...Object.fromEntries(own.map(({ kind, value }) => [OWN + kind, value])) };
    keepKnownConsent(before, customer);
    endUnlistedConsent(before, customer, unlisted);
    const merged = mergeFields(
      { data: before, sequences: row.field_sequences },
      customer,
      operation.acceptance_sequence,
      versionOf(input),
    );
    const handedOver: string[] = [];
    for (const name of [...IDENTIFIERS, ...settings.customIdentifiers.map((kind) => OWN + kind)]) {
      const kind = name.startsWith(OWN) ? name.slice(OWN.length) : name;
      const value = merged.data[name] as string | undefined;
      // One that lost may have brought back a third.
      const lost = merged.superseded.includes(name) && !merged.changed.includes(name);
      if (!(name in customer) || lost) continue;
      // A contact that identifies nobody is nobody's alone: it is kept with each who has it.
      const alone = isIdentifying(kind, settings.identifyBy);
      const other = value === undefined || !alone ? undefined : await takeIdentifier(tx, customerId, { kind, value });
      if (other !== undefined) {
        const claim = { operation, customerId, kind, value: value!, ownerId: other };
        if (!(await takeIfGivenUp(tx, claim, settings))) {
          throw new IdentifierTaken(
            `The ${WORDS[kind] ?? `identifier "${kind}"`} of the profile belongs to customer ${other}; nothing was overwritten. Sync or change that customer first, then retry this operation, or merge the two where they are one person.${kind === 'phone' ? ` ${SHARED_PHONE_CURE}.` : ''}`,
            other,
          );
        }
        handedOver.push(kind);
      }
      if (merged.changed.includes(name)) await dropIdentifiers(tx, customerId, kind, value ?? null);
    }
    // What an earlier attempt had changed stays changed by this operation.
    const steps = await listSteps(tx, ref.operationId);
    const earlier = steps.find((one) => one.step === 'update-customer')?.detail['changed'];
    const changed = [...new Set([...(Array.isArray(earlier) ? (earlier as string[]) : []), ...merged.changed])];
    const detail = {
      changed,
      ...(merged.superseded.length > 0 && { superseded: merged.superseded }),
      ...(handedOver.length > 0 && { handedOver }),
      ...(warnings.length > 0 && { warnings }),
    };
    const column = (name: keyof typeof COLUMNS): string | null => (merged.data[name] as string | undefined) ?? null;
    await writeCustomer(tx, customerId, {
      after: {
        email: column('email'),
        phone: column('phone'),
        external_customer_id: column('customerId'),
        klaviyo_profile_id: column('klaviyoProfileId'),
        first_name: column('firstName'),
        last_name: column('lastName'),
        language: column('language'),
        consent: nested(merged.data, 'consent.'),
        properties: nested(merged.data, 'properties.'),
        field_sequences: merged.sequences,
      },
      consents: consentTrail(before, merged.data),
      changedFields: changed.map((name) => `customer.${name}`),
      step: { ...step, state: 'succeeded', detail },
    });
    return { changed: changed.length, superseded: merged.superseded.length };
  });
}
