import {
  countAsked,
  loadWaiting,
  recordFoundMany,
  type AskedSteps,
  type WaitingOperation,
} from '../../database/bursts/find-passes.js';
import { listUnfound, recordBurstStep, type BurstStepRecord, type Leaver } from '../../database/bursts/burst-steps.js';
import type { FoundEvidence } from '../../database/operations/steps.js';
import { findPassesBeingCreated } from '../../database/passes/find-pass.js';
import type { Choice } from '../../passes/choose-pass.js';
import type { TenantSettings } from '../../passes/tenant-settings.js';
import { couldAppear, nextLookMs, waitingFor } from '../../passes/wait-for-pass.js';
import type { ActivityDeps } from '../deps.js';
import { chooseFor } from '../find-pass.js';
import { writtenWalletsOf, type WrittenWallet } from '../../passes/wallet.js';
import { inSlices, type BurstStepInput, type Slice } from './burst-step.js';

export interface FoundPasses extends AskedSteps {
  wallets: WrittenWallet[];
  writeBack: boolean;
  /** When the next look for passes that are on their way is worth it; null where none is waited for. */
  lookAgainAfterMs: number | null;
}

/** A larger operation runs alone: a burst holds all its passes in memory at once. */
const LARGE_BYTES = 16 * 1024;

/** Finds the pass of each operation of a burst: one query for all, and one that records them. */
export function findPassesActivity(deps: ActivityDeps) {
  return async function findPasses(ref: BurstStepInput): Promise<FoundPasses> {
    const settings = await deps.tenantSettings(ref.tenantId);
    const waits: Waits = { lookAgainAfterMs: null };
    const unfound = (tenant: Slice['tenant'], ids: string[]) => listUnfound(tenant, ref, ids);
    await inSlices(deps, ref, 'find-pass', unfound, (slice) => findSlice(deps, settings, slice, waits), 'found');
    // Counted in the database: an earlier attempt may have found some.
    const asked = await countAsked(deps.database.tenant(ref.tenantId), ref);
    return {
      ...asked,
      ...waits,
      wallets: writtenWalletsOf(settings),
      writeBack: settings.klaviyo.writeBack,
    };
  };
}

type Waits = Pick<FoundPasses, 'lookAgainAfterMs'>;

interface Absent {
  operation: WaitingOperation;
  choice: Exclude<Choice, { outcome: 'found' }>;
  waitedMs: number;
}

async function findSlice(
  deps: ActivityDeps,
  settings: TenantSettings,
  { tenant, ref, operationIds, leave }: Slice,
  waits: Waits,
): Promise<void> {
  const found: (FoundEvidence & { operationId: string; passId: string })[] = [];
  const records: BurstStepRecord[] = [];
  const leavers: Leaver[] = [];
  const absent: Absent[] = [];
  const nowMs = deps.now();
  for (const operation of await loadWaiting(tenant, ref, operationIds)) {
    const { operationId, input } = operation;
    if (operation.cancelRequested) {
      const reason = 'It was cancelled before it began.';
      records.push({ operationId, state: 'skipped', detail: {}, outcome: 'cancelled', status: 'cancelled', reason });
    } else if (operation.bytes > LARGE_BYTES) {
      leavers.push({ operationId });
    } else if (input.identifiers === undefined && input.passId === undefined) {
      // Emptied by the retention or an erasure; alone, the operation says so.
      leavers.push({ operationId });
    } else {
      const choice = chooseFor(input, operation.hits, settings, operation.namedCustomerId ?? undefined);
      if (choice.outcome !== 'found') {
        absent.push({ operation, choice, waitedMs: nowMs - operation.acceptedAt.getTime() });
        continue;
      }
      const { passId, customerId, matched } = choice;
      found.push({ operationId, passId, customerId, matched, at: new Date(nowMs).toISOString() });
    }
  }
  records.push(...(await recordsOfAbsent(tenant, settings, absent, waits)));
  await recordFoundMany(tenant, ref, found);
  await recordBurstStep(tenant, ref, 'find-pass', records);
  await leave(leavers);
}

/** Looks again later for a pass that may be on its way. Without one, or with several, the operation ends. */
async function recordsOfAbsent(
  tenant: Slice['tenant'],
  settings: TenantSettings,
  absent: readonly Absent[],
  waits: Waits,
): Promise<BurstStepRecord[]> {
  const waiting = absent.filter(
    ({ choice, operation, waitedMs }) =>
      couldAppear(choice, operation.input) && waitedMs < settings.waitForPassSeconds * 1000,
  );
  const ids = waiting.map(({ operation }) => operation.operationId);
  const creating = ids.length > 0 ? await findPassesBeingCreated(tenant, ids) : new Set<string>();
  return absent.map((one) => {
    const { operationId } = one.operation;
    const beingCreated = creating.has(operationId);
    const pauseMs = waiting.includes(one) ? nextLookMs(one.waitedMs, beingCreated, settings) : null;
    if (pauseMs === null) {
      const { outcome, reason } = one.choice;
      return { operationId, state: 'succeeded', detail: { matched: [], reason }, outcome, reason };
    }
    waits.lookAgainAfterMs = Math.min(waits.lookAgainAfterMs ?? pauseMs, pauseMs);
    return { operationId, state: 'waiting', detail: { waitingFor: waitingFor(beingCreated) } };
  });
}
