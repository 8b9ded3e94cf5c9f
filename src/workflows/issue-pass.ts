import type { OperationInput, OperationResult } from './inputs.js';
import { asOperation } from './operation-scope.js';
import { runDurably, runStep } from './run-step.js';
import { namePass } from './name-pass.js';
import { walletsOf } from '../passes/wallet.js';
import { WALLET_STEPS } from './wallet-steps.js';
import { tellKlaviyo, writeBack } from './write-back.js';

/** The pass is live from its acceptance on. Google's object and Klaviyo follow side by side; neither waits for the other. */
export async function issuePass(input: OperationInput): Promise<OperationResult> {
  return asOperation(input, async () => {
    const created = await runStep('create-pass', input, 'database');
    const { passId } = created;
    namePass(passId);
    const target = { ...input, passId };
    const told = await Promise.allSettled([
      ...walletsOf(created).map((wallet) => runDurably(WALLET_STEPS[wallet].single, target, 'wallet')),
      inKlaviyo(created, target),
    ]);
    for (const part of told) if (part.status === 'rejected') throw part.reason;
    return created.recorded ? { outcome: created.outcome, passId, recorded: true } : { outcome: 'created', passId };
  });
}

/** Consents follow write-back, which makes the profile: Klaviyo's job for consents makes none. They are sent also if it fails. */
async function inKlaviyo(
  { writeBack: writesBack, consents }: { writeBack: boolean; consents: boolean },
  target: OperationInput & { passId: string },
): Promise<void> {
  try {
    if (writesBack) await writeBack({ ...target, event: 'created' });
  } finally {
    if (consents) await tellKlaviyo('hand-consents', { ...target, event: null });
  }
}
