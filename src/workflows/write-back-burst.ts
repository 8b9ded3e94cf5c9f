import { CancellationScope, sleep } from '@temporalio/workflow';
import { inSlices } from './in-slices.js';
import { runDurably, runStep } from './run-step.js';
import { walletsOf } from '../passes/wallet.js';
import { WALLET_STEPS } from './wallet-steps.js';
import { KEY_LOOKS, keyNeverReplaced, keyPauseMs } from './write-back.js';

type Ref = { tenantId: string; burstId: string };

const STEPS = ['burst-write-back-profile', 'burst-write-back-object', 'burst-write-back-event'] as const;
const LONGEST_POLL_MS = 32_000;

/**
 * Tells Klaviyo of up to 10,000 operations of a tenant's bursts by bulk jobs: profiles, then records, then events. Each step
 * takes all operations that are through with the step before. Other wallets are told meanwhile.
 */
export async function writeBackBurst(ref: Ref): Promise<void> {
  try {
    const begun = await runStep('burst-begin-gathered', ref, 'burst');
    const elsewhere = walletsOf(begun).map((wallet) => inSlices(WALLET_STEPS[wallet].burst, ref));
    await Promise.all([...elsewhere, tellKlaviyo(ref)]);
    await runStep('burst-end-told', ref, 'burst');
  } finally {
    // After a cancellation, too: operations that have not ended go on one by one.
    await CancellationScope.nonCancellable(() => runStep('end-burst', ref, 'burst'));
  }
}

async function tellKlaviyo(ref: Ref): Promise<void> {
  for (const step of STEPS) {
    // A key without the scopes of bulk imports: profile by profile, with record and event of each.
    if ((await toTheEnd(step, ref)) === 'singly') return inSlices('burst-write-back', ref);
  }
}

async function toTheEnd(step: (typeof STEPS)[number], ref: Ref): Promise<'done' | 'singly'> {
  for (let looks = 0, polls = 0; ;) {
    const { state, waitMs } = await runDurably(step, ref, 'slices');
    if (state === 'done' || state === 'singly') return state;
    if (state === 'key-refused') {
      if (looks === KEY_LOOKS) throw keyNeverReplaced();
      await sleep(keyPauseMs(looks++));
    } else if (state === 'in-job') {
      await sleep(Math.min(1_000 * 2 ** polls++, LONGEST_POLL_MS));
    } else if (waitMs > 0) {
      await sleep(waitMs);
    }
  }
}
