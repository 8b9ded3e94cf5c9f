import { listMergeParties, mergeCustomers, resolveCustomer } from '../database/customers/merge.js';
import { findOperation } from '../database/operations/operations.js';
import { recordStep } from '../database/operations/steps.js';
import { PermanentError } from '../common/errors.js';
import { profileValues } from '../klaviyo/profile-values.js';
import { areOnePerson, type KlaviyoWord } from '../passes/merge-customers.js';
import type { ProfileSyncInput } from '../passes/operation-input.js';
import type { ActivityDeps, StepInput } from './deps.js';
import { readInput } from './read-input.js';
import { knownOperation } from './known-operation.js';

/** Merges the two customers that an operation names. A repeated step finds them merged. */
export function mergeCustomersActivity(deps: ActivityDeps) {
  return async function mergeTwo(ref: StepInput): Promise<{ merged: boolean }> {
    const sql = deps.database.tenant(ref.tenantId);
    const operation = knownOperation(await findOperation(sql, ref.operationId));
    const { into, from } = readInput<'merge-customers'>(operation, 'into', 'from');
    const settings = await deps.tenantSettings(ref.tenantId);
    const rule = { keeps: settings.mergeKeeps, allowSeveral: settings.allowSeveralPasses };
    const run = { tenantId: ref.tenantId, operationId: ref.operationId, run: ref.run };
    const merged = await sql.transaction(async (tx) => {
      const plan = await mergeCustomers(tx, { into, from, ...rule }, run);
      if (!plan && (await resolveCustomer(tx, from)) === from) {
        throw new PermanentError('customer-vanished', 'One of the two customers no longer exists: nothing was merged.');
      }
      const detail = plan
        ? { identifiers: plan.identifiers, passes: plan.passes.length, voided: plan.voided.length }
        : {};
      await recordStep(tx, { ...run, step: 'merge-customers', state: 'succeeded', detail });
      return plan !== undefined;
    });
    return { merged };
  };
}

/** What Klaviyo said in this run of a sync; undefined where it was not asked, or knows no such profile. */
export function klaviyoWord(input: ProfileSyncInput, run: number, settings: Parameters<typeof profileValues>[1]) {
  if (!input.fetched || input.asked?.run !== run) return undefined;
  const nothing = { identifiers: [], klaviyoProfileId: null, attributes: {}, properties: {}, consent: null };
  const { customer } = profileValues({ ...nothing, fetched: input.fetched }, settings);
  const text = (name: string): string | null =>
    typeof customer[name] === 'string' ? (customer[name] as string) : null;
  const word: KlaviyoWord = {
    profileId: input.fetched.id,
    email: text('email'),
    phone: text('phone'),
    gone: input.asked.gone,
  };
  return word;
}

/**
 * Merges customers where Klaviyo says that they are one person, and returns who stays: `preferred`, else the one known
 * as the profile that is there, else the one with its e-mail address. Undefined where it does not say so.
 */
export async function mergeIfOnePerson(
  deps: ActivityDeps,
  ref: StepInput,
  word: KlaviyoWord,
  customerIds: readonly string[],
  preferred?: string,
): Promise<string | undefined> {
  const sql = deps.database.tenant(ref.tenantId);
  const settings = await deps.tenantSettings(ref.tenantId);
  const parties = await listMergeParties(sql, customerIds);
  if (parties.length < 2 || !areOnePerson(parties, word)) return undefined;
  const stays =
    parties.find(({ customerId }) => customerId === preferred) ??
    parties.find(({ klaviyoProfileId }) => klaviyoProfileId === word.profileId) ??
    parties.find(({ email }) => email !== null && email === word.email) ??
    parties[0]!;
  const rule = { keeps: settings.mergeKeeps, allowSeveral: settings.allowSeveralPasses };
  const run = { tenantId: ref.tenantId, operationId: ref.operationId, run: ref.run };
  await sql.transaction(async (tx) => {
    for (const { customerId } of parties) {
      if (customerId === stays.customerId) continue;
      const plan = await mergeCustomers(tx, { into: stays.customerId, from: customerId, ...rule }, run);
      const detail = { mergedCustomer: customerId, passes: plan?.passes.length ?? 0, voided: plan?.voided.length ?? 0 };
      await recordStep(tx, { ...run, step: 'merge-customers', state: 'succeeded', detail });
    }
  });
  return stays.customerId;
}
