import { sleep } from '@temporalio/workflow';
import type { FoundPass } from '../activities/find-pass.js';
import type { OperationInput } from './inputs.js';
import { runStep } from './run-step.js';
import { namePass } from './name-pass.js';

/** Leads an operation to its pass, waiting for one that is being created, and lets operators find the run by it. */
export async function findPass(input: OperationInput): Promise<Exclude<FoundPass, { lookAgainAfterMs: number }>> {
  for (;;) {
    const found = await runStep('find-pass', input, 'database');
    if (!('lookAgainAfterMs' in found)) {
      if (found.found) namePass(found.passId);
      return found;
    }
    await sleep(found.lookAgainAfterMs);
  }
}
