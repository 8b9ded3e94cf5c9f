import {
  addToReceipt,
  countDevicesBehind,
  listPassIds,
  loadCustomerNames,
  removeCustomer,
  type CustomerNames,
} from '../database/customers/erasure.js';
import { cancelTheirs, countUnfinished, redactOperations } from '../database/customers/forget-operations.js';
import { findOperation } from '../database/operations/operations.js';
import { recordStep } from '../database/operations/steps.js';
import { erasedPassRecord } from '../klaviyo/wallet-pass-record.js';
import { clearedProfileBody } from '../klaviyo/write-back.js';
import { PermanentError } from '../common/errors.js';
import { withDefaults } from '../passes/pass-view.js';
import type { EraseCustomerInput } from '../passes/operation-input.js';
import type { LoadedForChange } from '../database/passes/passes.js';
import { afterProfileJobs } from './after-profile-jobs.js';
import { isScopeMissing } from './backfills/visit.js';
import { changePass, type Decision } from './change-pass.js';
import { designOf, type PassDesign } from './pass-design.js';
import { writtenWalletsOf, type WrittenWallet } from '../passes/wallet.js';
import type { ActivityDeps, StepInput } from './deps.js';
import { KeyRefused, klaviyoCalls, type KlaviyoCall } from './klaviyo-calls.js';

const REDACT_BATCH = 2_000;

async function customerOf(deps: ActivityDeps, ref: StepInput): Promise<string> {
  const row = await findOperation(deps.database.tenant(ref.tenantId), ref.operationId);
  const customerId = (row?.input as Partial<EraseCustomerInput> | undefined)?.customerId;
  if (customerId === undefined) throw new PermanentError('operation-unknown', 'The operation names no customer.');
  return customerId;
}

/** Voids every pass of the customer and empties it in the same revision: what phones fetch from here on says nothing. */
export function voidPassesActivity(deps: ActivityDeps) {
  return async function voidPasses(ref: StepInput): Promise<{ passIds: string[]; wallets: WrittenWallet[] }> {
    const sql = deps.database.tenant(ref.tenantId);
    const customerId = await customerOf(deps, ref);
    await cancelTheirs(sql, { ...ref, customerId });
    const passIds = await listPassIds(sql, customerId);
    for (const passId of passIds) {
      await changePass<null>(deps, {
        ref: { ...ref, passId },
        change: 'state',
        step: 'void-passes',
        repeated: () => null,
        decide: async (loaded) => decideEmptied(loaded, await designOf(deps, loaded.pass)),
      });
    }
    await recordStep(sql, { ...ref, step: 'void-passes', state: 'succeeded', detail: { passes: passIds.length } });
    return { passIds, wallets: writtenWalletsOf(await deps.tenantSettings(ref.tenantId)) };
  };
}

/** The rule of the step: void and empty, whatever the pass holds. */
export function decideEmptied(
  { pass, operation }: LoadedForChange,
  { version }: Pick<PassDesign, 'version'>,
): Decision<null> {
  const state = pass.state === 'deleted' ? 'deleted' : 'voided';
  return {
    write: {
      after: {
        ...pass,
        state,
        state_sequence: operation.acceptance_sequence,
        data: withDefaults(version.design, {}),
        visuals: {},
        // What lay over the pass may be personal as well.
        messages: [],
        offers: [],
        live_key: null,
      },
      changed: { state: { from: pass.state, to: state } },
      changedFields: ['state'],
    },
    detail: {},
    result: () => null,
  };
}

export type ClearedProfile = 'cleared' | 'no-key' | 'no-profile' | 'key-refused';

/**
 * Takes everything of ours out of Klaviyo: the properties of the profile, and what the records of the passes say. A refused
 * key does not block the rest: the receipt says so.
 */
export function clearProfileActivity(deps: ActivityDeps) {
  return async function clearProfile(ref: StepInput): Promise<ClearedProfile> {
    const sql = deps.database.tenant(ref.tenantId);
    const customerId = await customerOf(deps, ref);
    const names = await loadCustomerNames(sql, customerId);
    const account = names && (await deps.klaviyo.forTenant(ref.tenantId));
    const call = account && klaviyoCalls(deps, { ...ref, step: 'clear-profile' }, account);
    if (names && call) {
      const passIds = await listPassIds(sql, customerId);
      await afterProfileJobs(sql, call, passIds, deps.now()).catch((error: unknown) => {
        if (!(error instanceof KeyRefused)) throw error;
      });
    }
    const result = !names ? 'no-profile' : call ? await clear(call, names) : 'no-key';
    const records = names && call && result !== 'key-refused' ? await emptyRecords(call, names.serialNumbers) : 0;
    const state = result === 'cleared' ? 'succeeded' : result === 'key-refused' ? 'failed' : 'skipped';
    await recordStep(sql, { ...ref, step: 'clear-profile', state, detail: { result, records } });
    await addToReceipt(sql, ref, { klaviyo: result, klaviyoRecords: records });
    return result;

    /** How many records were emptied; `refused` where Klaviyo takes none, as when its object was removed there. */
    async function emptyRecords(send: KlaviyoCall, serialNumbers: readonly string[]): Promise<number | 'refused'> {
      const { dataSourceId } = (await deps.tenantSettings(ref.tenantId)).klaviyo;
      if (dataSourceId === null) return 0;
      try {
        for (const serialNumber of serialNumbers) {
          await send('records', (client) => client.createRecord(dataSourceId, erasedPassRecord(serialNumber)));
        }
        return serialNumbers.length;
      } catch (error) {
        if (error instanceof KeyRefused || error instanceof PermanentError) return 'refused';
        throw error;
      }
    }
  };
}

async function clear(call: KlaviyoCall, names: CustomerNames): Promise<ClearedProfile> {
  const { klaviyoProfileId, email, passTypes } = names;
  try {
    const found =
      klaviyoProfileId === null && email !== null
        ? (await call('profiles', (client) => client.findProfiles('email', [email])))[0]?.id
        : klaviyoProfileId;
    if (found == null) return 'no-profile';
    await call('profiles', (client) => client.patchProfile(found, clearedProfileBody(found, passTypes)));
    return 'cleared';
  } catch (error) {
    if (error instanceof KeyRefused) return 'key-refused';
    if (isScopeMissing(error)) return 'key-refused';
    if (error instanceof PermanentError && error.code === 'klaviyo-not-found') return 'no-profile';
    throw error;
  }
}

/** How far the walk over the operations is. */
export interface RedactedSoFar {
  below: string | null;
  redacted: number;
  unfinished?: number;
}

/** Empties what requests of and about the customer said, one batch per call; `below` leads to the next one. */
export function redactOperationsActivity(deps: ActivityDeps) {
  return async function redactInputs(input: StepInput & RedactedSoFar): Promise<RedactedSoFar> {
    const sql = deps.database.tenant(input.tenantId);
    const ref = { tenantId: input.tenantId, operationId: input.operationId, run: input.run };
    const customerId = await customerOf(deps, ref);
    const batch = await redactOperations(sql, { ...ref, customerId }, input.below, REDACT_BATCH);
    const redacted = input.redacted + batch.redacted;
    // A run that began before this was counted brings no number.
    const unfinished = (input.unfinished ?? 0) + batch.unfinished;
    const state = batch.below === null ? 'succeeded' : 'running';
    await recordStep(sql, { ...ref, step: 'redact-operations', state, detail: { operations: redacted } });
    if (batch.below === null) await addToReceipt(sql, ref, { operations: redacted });
    return { below: batch.below, redacted, unfinished };
  };
}

/**
 * Removes the customer, once the phones have fetched the voided passes and nothing is under way for them, or nobody waits
 * any longer.
 */
export function eraseCustomerActivity(deps: ActivityDeps) {
  return async function eraseCustomer(
    input: StepInput & { waitForDevices: boolean; unfinished?: number },
  ): Promise<{ erased: true } | { erased: false; behind: number }> {
    const ref = { tenantId: input.tenantId, operationId: input.operationId, run: input.run };
    const sql = deps.database.tenant(ref.tenantId);
    const customerId = await customerOf(deps, ref);
    const [behind, underWay] = await Promise.all([
      countDevicesBehind(sql, customerId),
      countUnfinished(sql, { ...ref, customerId }),
    ]);
    // What the walk had to leave and has ended since is emptied by the next walk.
    const unfinished = Math.max(underWay, input.unfinished ?? 0);
    const detail = { devicesBehind: behind, operationsUnfinished: unfinished };
    if (behind + unfinished > 0 && input.waitForDevices) {
      await recordStep(sql, { ...ref, step: 'erase-customer', state: 'waiting', detail });
      return { erased: false, behind };
    }
    const removed = await removeCustomer(sql, { ...ref, customerId });
    // A repeated attempt finds nothing left and must not overwrite the counts of the first.
    if (removed.passes + removed.identifiers > 0) {
      await addToReceipt(sql, ref, { ...removed, devicesThatNeverFetched: behind });
    }
    await recordStep(sql, { ...ref, step: 'erase-customer', state: 'succeeded', detail });
    return { erased: true };
  };
}
