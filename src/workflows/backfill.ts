import { CancellationScope, continueAsNew, isCancellation, patched, sleep } from '@temporalio/workflow';
import type { OperationInput, OperationResult } from './inputs.js';
import { asOperation } from './operation-scope.js';
import { runDurably } from './run-step.js';

/** Slices of one run: keeps the history far below the server's limit, however many passes a tenant has. */
const SLICES = 400;

/** All passes of a tenant to Klaviyo, slice by slice; pausing is a mark in the database that the next slice meets. */
export async function backfill(input: OperationInput): Promise<OperationResult> {
  let finished = false;
  const result = await asOperation(input, async () => {
    try {
      for (let slice = 0; slice < SLICES; slice++) {
        const { state, waitMs } = await runDurably('backfill', input, 'writeBack');
        finished = state === 'finished';
        if (finished) return { outcome: 'written-back' };
        if (waitMs > 0) await sleep(waitMs);
      }
      return { outcome: 'written-back', continues: true };
    } catch (error) {
      if (isCancellation(error) && patched('settle-sent-job')) {
        await CancellationScope.nonCancellable(() => settleSentJob(input));
      }
      throw error;
    }
  });
  if (!finished) await continueAsNew<typeof backfill>(input);
  return result;
}

/** What Klaviyo works on cannot be called back: what changes meanwhile is written again before the backfill ends. */
async function settleSentJob(input: OperationInput): Promise<void> {
  for (let look = 0; look < SLICES; look++) {
    const step = { ...input, settles: true } as const;
    // Its step says why it failed; the cancellation stands.
    const slice = await runDurably('backfill', step, 'writeBack').catch(() => null);
    if (slice === null || slice.state !== 'running') return;
    if (slice.waitMs > 0) await sleep(slice.waitMs);
  }
}
