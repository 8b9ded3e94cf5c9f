import { loadWithCustomerHits, recordFoundCustomer } from '../database/customers/customers.js';
import { claimSync } from '../database/customers/sync-claim.js';
import { endAsCovered } from '../database/operations/covered.js';
import { endRun, recordStep, runEnded } from '../database/operations/steps.js';
import { chooseCustomer } from '../passes/choose-customer.js';
import { isIdentifying } from '../passes/choose-recipient.js';
import { FINAL_STATUSES, type Outcome, type RecordedOutcome } from '../passes/operation.js';
import { writtenWalletsOf, type WrittenWallet } from '../passes/wallet.js';
import type { ActivityDeps, StepInput } from './deps.js';
import { CANCELLED } from './find-pass.js';
import { klaviyoWord, mergeIfOnePerson } from './merge-customers.js';
import { readInput } from './read-input.js';
import { knownOperation } from './known-operation.js';

export type FoundCustomer =
  | { found: true; customerId: string; fetch: boolean; wallets: WrittenWallet[]; writeBack: boolean }
  /** `ask`: Klaviyo is to be asked first, whether two customers are one person. */
  | { found: false; lookAgainAfterMs: number; ask?: true }
  | { found: false; outcome: RecordedOutcome };

/**
 * Leads a changed profile to exactly one customer, and lets the syncs of one customer go one window after the other: those
 * that a later one covers end here.
 */
export function findCustomerActivity(deps: ActivityDeps) {
  return async function findCustomer(ref: StepInput): Promise<FoundCustomer> {
    const sql = deps.database.tenant(ref.tenantId);
    const [loaded, settings, account] = await Promise.all([
      loadWithCustomerHits(sql, ref).then(knownOperation),
      deps.tenantSettings(ref.tenantId),
      deps.klaviyo.forTenant(ref.tenantId),
    ]);
    const { operation, hits } = loaded;
    if (operation.cancel_requested || FINAL_STATUSES.includes(operation.status)) {
      // An ending that is stored already stays.
      return { found: false, outcome: await endRun(sql, { ...ref, ...CANCELLED }) };
    }
    if (operation.run !== ref.run) throw runEnded();
    const step = { ...ref, step: 'find-customer' } as const;
    const end = async (outcome: Outcome, reason: string): Promise<FoundCustomer> => {
      return { found: false, outcome: await endRun(sql, { ...ref, status: 'succeeded', outcome, reason }) };
    };

    const input = readInput<'profile-sync'>(operation, 'identifiers');
    const askedNow = input.asked?.run === ref.run;
    const gone = askedNow ? input.asked!.gone : [];
    const identifying = hits
      .filter(({ kind }) => isIdentifying(kind, settings.identifyBy))
      // A profile that Klaviyo no longer knows gives way to the one that is there.
      .map((hit) => (gone.includes(hit.klaviyoProfileId ?? '') ? { ...hit, klaviyoProfileId: null } : hit));
    const choice = chooseCustomer(input.klaviyoProfileId, identifying);
    if (choice.outcome === 'ambiguous-identifiers' || choice.outcome === 'identifier-conflict') {
      if (account && !askedNow) {
        await recordStep(sql, { ...step, state: 'waiting', detail: { waitingFor: 'what Klaviyo says of them' } });
        return { found: false, lookAgainAfterMs: 50, ask: true };
      }
      const word = klaviyoWord(input, ref.run, settings);
      const customerIds = [...new Set(identifying.map((hit) => hit.customerId))];
      // Merged, they are found as one.
      if (word && (await mergeIfOnePerson(deps, ref, word, customerIds))) return { found: false, lookAgainAfterMs: 50 };
    }
    if (choice.outcome !== 'found') {
      await recordStep(sql, { ...step, state: 'succeeded', detail: { matched: [], reason: choice.reason } });
      return end(choice.outcome, choice.reason);
    }
    const { customerId, matched } = choice;
    const windowMs = settings.pushWindowSeconds * 1000;
    const claimed = await claimSync(sql, { ...ref, customerId, windowMs });
    const state = claimed.claim === 'wait' ? 'waiting' : 'succeeded';
    const detail = {
      matched,
      ...(claimed.claim === 'wait' && { waitingFor: 'the next sync of this customer' }),
      ...(claimed.claim === 'covered' && { coveredBy: claimed.by }),
    };
    await recordFoundCustomer(sql, { ...step, state, detail }, { customerId, matched });
    if (claimed.claim === 'wait') return { found: false, lookAgainAfterMs: claimed.forMs };
    if (claimed.claim === 'covered') {
      const outcome = await endAsCovered(sql, ref, claimed.by);
      // It ended in between: this one takes its own turn.
      return outcome ? { found: false, outcome } : { found: false, lookAgainAfterMs: 50 };
    }
    if (!account) {
      const reason = 'The tenant has no Klaviyo API key: what the webhook said is taken.';
      await recordStep(sql, { ...ref, step: 'fetch-profile', state: 'skipped', detail: { reason } });
    }
    return {
      found: true,
      customerId,
      fetch: account !== null && !askedNow,
      wallets: writtenWalletsOf(settings),
      writeBack: settings.klaviyo.writeBack,
    };
  };
}
