import { leaveBurst, recordBurstStep, type Leaver } from '../../database/bursts/burst-steps.js';
import { beginGathered, gatherTold } from '../../database/bursts/gather.js';
import { loadUnwritten, type UnwrittenOperation } from '../../database/bursts/write-back.js';
import type { TenantSql } from '../../database/connect.js';
import { findWriteBackPasses } from '../../database/klaviyo/write-back.js';
import { PermanentError, TransientError } from '../../common/errors.js';
import type { Step } from '../../passes/operation.js';
import type { TenantSettings } from '../../passes/tenant-settings.js';
import { walletsOf, type FoundWallets, type WrittenWallet } from '../../passes/wallet.js';
import type { ActivityDeps, KlaviyoAccount } from '../deps.js';
import { KeyRefused, klaviyoCalls, type KlaviyoCall } from '../klaviyo-calls.js';
import type { Subject } from '../write-back-step.js';
import { isScopeMissing, subjectsOf as subjectsOfPasses } from '../backfills/visit.js';
import type { BurstStepInput } from './burst-step.js';

/** How far a step of gathered write-back has come. */
export interface WroteMany {
  state: 'done' | 'more' | 'in-job' | 'key-refused' | 'singly';
  /** With `more`: how long the account's limits ask to wait. */
  waitMs: number;
}

/** Moves operations whose phones have been told from their burst to the tenant's gathering. */
export function gatherToldActivity(deps: ActivityDeps) {
  return async function gather(input: BurstStepInput & FoundWallets): Promise<{ gathered: number }> {
    return { gathered: await gatherTold(deps.database.tenant(input.tenantId), input, walletsOf(input)) };
  };
}

export function beginGatheredActivity(deps: ActivityDeps) {
  return async function begin(ref: BurstStepInput): Promise<{ wallets: WrittenWallet[] }> {
    const begun = await beginGathered(deps.database.tenant(ref.tenantId), ref);
    if (!begun) throw new PermanentError('burst-unknown', 'The burst is not in the database: its tenant was deleted.');
    return begun;
  };
}

/** What one step of gathered write-back has at hand. */
export interface Gathering {
  deps: ActivityDeps;
  tenant: TenantSql;
  ref: BurstStepInput;
  step: Step;
  settings: TenantSettings['klaviyo'];
  /** Calls on behalf of some operations: the first one keeps the account's turn. */
  callFor(operations: readonly UnwrittenOperation[]): KlaviyoCall;
  record(records: Parameters<typeof recordBurstStep>[3]): Promise<void>;
  leave(leavers: readonly Leaver[]): Promise<void>;
}

/** Well below the time-out of a step of a burst. */
const SLICE_MS = 20_000;
const MOST = 10_000;

/**
 * Runs one step of gathered write-back for as long as a slice lasts. `work` sends and records one job's worth, and says
 * whether more is left.
 */
export async function inGathering(
  deps: ActivityDeps,
  ref: BurstStepInput,
  step: Step,
  after: Step,
  work: (gathering: Gathering) => Promise<'more' | 'done' | 'in-job'>,
): Promise<WroteMany> {
  const { tenantId } = ref;
  const tenant = deps.database.tenant(tenantId);
  const [account, settings] = await Promise.all([deps.klaviyo.forTenant(tenantId), deps.tenantSettings(tenantId)]);
  const record: Gathering['record'] = (records) => recordBurstStep(tenant, ref, step, records);
  const ofAll = async (of: (operation: UnwrittenOperation) => Parameters<Gathering['record']>[0][number]) =>
    record((await loadUnwritten(tenant, ref, step, after, MOST)).map(of));
  if (!account) {
    await ofAll(({ operationId }) => ({
      operationId,
      state: 'skipped',
      detail: { note: 'The tenant has no Klaviyo key.' },
    }));
    return { state: 'done', waitMs: 0 };
  }
  const gathering: Gathering = {
    deps,
    tenant,
    ref,
    step,
    settings: settings.klaviyo,
    callFor: (operations) => callsOf(deps, tenantId, step, account, operations[0]!),
    record,
    leave: (leavers) => leaveBurst(tenant, ref, step, leavers),
  };
  const endsAt = performance.now() + SLICE_MS;
  try {
    for (;;) {
      const state = await work(gathering);
      if (state !== 'more' || performance.now() > endsAt || deps.stopping?.aborted) return { state, waitMs: 0 };
    }
  } catch (error) {
    if (error instanceof KeyRefused) {
      const waitingFor =
        'Klaviyo refuses the tenant’s key: set another one. What is to be written waits and is written then.';
      await ofAll(({ operationId }) => ({ operationId, state: 'waiting', detail: { waitingFor } }));
      return { state: 'key-refused', waitMs: 0 };
    }
    if (isScopeMissing(error)) return { state: 'singly', waitMs: 0 };
    const asksToWait = error instanceof TransientError && WAITS.has(error.code);
    if (!asksToWait) throw error;
    return { state: 'more', waitMs: error.retryAfterMs ?? 1_000 };
  }
}

const WAITS = new Set(['klaviyo-budget', 'klaviyo-throttled']);

const callsOf = (
  deps: ActivityDeps,
  tenantId: string,
  step: Step,
  account: KlaviyoAccount,
  { operationId, run }: UnwrittenOperation,
): KlaviyoCall => klaviyoCalls(deps, { tenantId, operationId, run, step }, account);

/** The passes of some operations as they are now, without those that are gone or whose holder nothing names. */
export async function subjectsOf(
  { deps, tenant, settings }: Gathering,
  operations: readonly UnwrittenOperation[],
): Promise<Map<string, Subject>> {
  const rows = await findWriteBackPasses(tenant, [...new Set(operations.map(({ passId }) => passId))]);
  const subjects = await subjectsOfPasses({ deps, sql: tenant, settings }, [...rows.values()]);
  return new Map(subjects.map((subject) => [subject.row.pass_id, subject]));
}

/** The record of an operation that has nothing to write. */
export const skipped = ({ operationId }: UnwrittenOperation, note: string) =>
  ({ operationId, state: 'skipped', detail: { note } }) as const;

export const GONE = 'The pass has gone, or nothing names its holder in Klaviyo.';
