import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { OperationInput, OperationResult } from './inputs.js';
import { asOperation } from './operation-scope.js';
import { runStep } from './run-step.js';

// Signals, not updates: pausing a migration needs no answer.
export const pauseMigration = defineSignal('pause');
export const resumeMigration = defineSignal('resume');
export const isMigrationPaused = defineQuery<boolean>('paused');

/** Moves the passes of a type to its current version, at the pace that was asked for; its progress is in the database. */
export async function migratePasses(input: OperationInput & { paused?: boolean }): Promise<OperationResult> {
  const { tenantId, operationId } = input;
  const ref = { tenantId, operationId };
  let paused = input.paused ?? false;
  let goesOn = false;
  setHandler(pauseMigration, () => void (paused = true));
  setHandler(resumeMigration, () => void (paused = false));
  setHandler(isMigrationPaused, () => paused);
  const result = await asOperation(ref, async () => {
    for (;;) {
      await condition(() => !paused);
      const batch = await runStep('migrate-passes', ref, 'bulk');
      if (batch.done) return { outcome: batch.cancelled ? 'cancelled' : 'migrated' };
      await sleep(batch.pauseMs);
      if (workflowInfo().continueAsNewSuggested) {
        goesOn = true;
        return { outcome: 'migrated', continues: true };
      }
    }
  });
  if (goesOn) await continueAsNew<typeof migratePasses>({ ...ref, paused });
  return result;
}
