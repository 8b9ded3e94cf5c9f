import { sleep } from '@temporalio/workflow';
import type { OperationInput, OperationResult } from './inputs.js';
import { asOperation } from './operation-scope.js';
import { runStep } from './run-step.js';

/** Batches grow: progress shows at once, and the history of half a million retries stays far below Temporal's limit. */
const BATCH_SECONDS = [1, 2, 5];

/** Retries all operations that match a filter, at the pace that was asked for. */
export async function retryOperations(input: OperationInput): Promise<OperationResult> {
  return asOperation(input, async () => {
    for (let batch = 0; ; batch++) {
      const seconds = BATCH_SECONDS[Math.min(batch, BATCH_SECONDS.length - 1)]!;
      const { done } = await runStep('retry-operations', { ...input, seconds }, 'database');
      if (done) return { outcome: 'retried' };
      await sleep(seconds * 1000);
    }
  });
}
