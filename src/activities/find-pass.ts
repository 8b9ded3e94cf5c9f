import { customerOfPass, findPassesBeingCreated, loadWithHits } from '../database/passes/find-pass.js';
import { endRun, recordFound, recordStep, runEnded, type FoundEvidence } from '../database/operations/steps.js';
import { choosePass, type Choice, type Hit } from '../passes/choose-pass.js';
import { isIdentifying } from '../passes/choose-recipient.js';
import type { LifecycleInput, PushUpdateInput } from '../passes/operation-input.js';
import { FINAL_STATUSES, type RecordedOutcome } from '../passes/operation.js';
import type { TenantSettings } from '../passes/tenant-settings.js';
import { stepsAskedFor } from '../passes/update-outcome.js';
import { writtenWalletsOf, type WrittenWallet } from '../passes/wallet.js';
import { couldAppear, nextLookMs, waitingFor } from '../passes/wait-for-pass.js';
import type { ActivityDeps, StepInput } from './deps.js';
import type { FoundPasses } from './loaded-pass-cache.js';
import { readInput } from './read-input.js';
import { knownOperation } from './known-operation.js';

export type FoundPass =
  | {
      found: true;
      passId: string;
      convert: boolean;
      apply: boolean;
      recompute: boolean;
      /** Accepting the operation has changed the pass already. */
      renewed?: boolean;
      wallets: WrittenWallet[];
      writeBack: boolean;
      /**
       * All are told by one local step first. Said by local tries alone: they run in the worker that runs the workflow, so its
       * code knows the word, and histories of former releases lack it.
       */
      tellsAtOnce?: true;
      /** What the next step writes down together with its own change; absent where it is stored already. */
      evidence?: FoundEvidence;
    }
  | { found: false; lookAgainAfterMs: number }
  | { found: false; outcome: RecordedOutcome };

export const CANCELLED = { status: 'cancelled', outcome: 'cancelled', reason: null } as const;

/**
 * Leads the identifiers of an operation to exactly one pass, and says which steps the operation asks for. A pass
 * that is being created right now is worth another look; no pass or several is an outcome that ends the operation.
 */
export function findPassActivity(deps: ActivityDeps, foundPasses: FoundPasses) {
  return async function findPass(ref: StepInput): Promise<FoundPass> {
    const sql = deps.database.tenant(ref.tenantId);
    const [loaded, settings] = await Promise.all([
      loadWithHits(sql, ref.operationId).then(knownOperation),
      deps.tenantSettings(ref.tenantId),
    ]);
    const { operation, hits, pass } = loaded;
    if (operation.cancel_requested || FINAL_STATUSES.includes(operation.status)) {
      // An ending that is stored already stays.
      return { found: false, outcome: await endRun(sql, { ...ref, ...CANCELLED }) };
    }
    if (operation.run !== ref.run) throw runEnded();
    const input = (
      operation.input['passId'] === undefined
        ? readInput<'push-update'>(operation, 'identifiers')
        : readInput<'notify-pass'>(operation, 'passId')
    ) as PushUpdateInput & Partial<LifecycleInput>;
    const step = { ...ref, step: 'find-pass' } as const;
    const named = input.passId === undefined ? undefined : await customerOfPass(sql, input.passId);
    const choice = chooseFor(input, hits, settings, named);

    if (choice.outcome === 'found') {
      const { passId, customerId, matched } = choice;
      const asked = stepsAskedFor(input);
      const evidence: FoundEvidence = { customerId, matched, at: new Date(deps.now()).toISOString() };
      const recordedByNext =
        operation.kind === 'push-update' && operation.status === 'accepted' && (asked.convert || asked.apply);
      if (!recordedByNext) await recordFound(sql, ref, { passId, ...evidence });
      // With a revision, a run before this one has changed the pass: the step must find that again.
      else if (pass?.pass_id === passId && operation.revision === null)
        foundPasses.keep(ref, { pass, operation, recorded: null });
      return {
        found: true,
        passId,
        ...asked,
        wallets: writtenWalletsOf(settings),
        writeBack: settings.klaviyo.writeBack,
        ...(!ref.takesWaits && { tellsAtOnce: true as const }),
        ...(recordedByNext && { evidence }),
      };
    }
    const waitedMs = deps.now() - operation.accepted_at.getTime();
    if (couldAppear(choice, input) && waitedMs < settings.waitForPassSeconds * 1000) {
      const creating = (await findPassesBeingCreated(sql, [ref.operationId])).has(ref.operationId);
      const lookAgainAfterMs = nextLookMs(waitedMs, creating, settings);
      if (lookAgainAfterMs !== null) {
        await recordStep(sql, { ...step, state: 'waiting', detail: { waitingFor: waitingFor(creating) } });
        return { found: false, lookAgainAfterMs };
      }
    }
    await recordStep(sql, { ...step, state: 'succeeded', detail: { matched: [], reason: choice.reason } });
    const { outcome, reason } = choice;
    return { found: false, outcome: await endRun(sql, { ...ref, status: 'succeeded', outcome, reason }) };
  };
}

/** The pass that was named at acceptance, in whatever state it is now; else the one that the identifiers lead to. */
export function chooseFor(
  input: PushUpdateInput & Partial<LifecycleInput>,
  hits: readonly Hit[],
  settings: Pick<TenantSettings, 'identifyBy' | 'identifierMatching'>,
  namedCustomerId: string | undefined,
): Choice {
  if (input.passId === undefined) {
    const identifying = (input.identifiers ?? []).filter(({ kind }) => isIdentifying(kind, settings.identifyBy));
    return choosePass(identifying, hits, settings.identifierMatching);
  }
  return namedCustomerId === undefined
    ? { outcome: 'pass-not-found', reason: 'The pass was erased after the request was accepted.', unknown: [] }
    : { outcome: 'found', passId: input.passId, customerId: namedCustomerId, matched: ['serialNumber'] };
}
