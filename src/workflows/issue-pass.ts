import { upsertSearchAttributes } from '@temporalio/workflow';
import type { OperationInput, OperationResult } from './inputs.js';
import { asOperation } from './operation-scope.js';
import { runDurably, runStep } from './run-step.js';
import { PASS } from './search-attributes.js';
import { writeBack } from './write-back.js';

/** The pass is live since its acceptance: what follows is Google's object and Klaviyo, neither of which holds the other. */
export async function issuePass(input: OperationInput): Promise<OperationResult> {
  return asOperation(input, async () => {
    const { passId, google, writeBack: tellKlaviyo, recorded } = await runStep('create-pass', input, 'database');
    upsertSearchAttributes([{ key: PASS, value: passId }]);
    const target = { ...input, passId };
    const told = await Promise.allSettled([
      google ? runDurably('update-google-object', target, 'wallet') : null,
      tellKlaviyo ? writeBack({ ...target, event: 'created' }) : null,
    ]);
    for (const part of told) if (part.status === 'rejected') throw part.reason;
    return { outcome: 'created', passId, recorded };
  });
}
