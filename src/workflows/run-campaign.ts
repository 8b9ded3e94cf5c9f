import { continueAsNew, sleep, workflowInfo } from '@temporalio/workflow';
import type { OperationInput, OperationResult } from './inputs.js';
import { asOperation } from './operation-scope.js';
import { runStep } from './run-step.js';

/** Carries a campaign on, slice by slice, until it is prepared, paused or done; its progress is in the database. */
export async function runCampaign(input: OperationInput): Promise<OperationResult> {
  let goesOn = false;
  const result = await asOperation(input, async () => {
    for (;;) {
      const slice = await runStep('run-campaign', input, 'bulk');
      if (slice.done) return { outcome: slice.outcome };
      await sleep(slice.pauseMs);
      if (workflowInfo().continueAsNewSuggested) {
        goesOn = true;
        return { outcome: 'sent', continues: true };
      }
    }
  });
  if (goesOn) await continueAsNew<typeof runCampaign>(input);
  return result;
}
