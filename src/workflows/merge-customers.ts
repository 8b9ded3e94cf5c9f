import type { OperationInput, OperationResult } from './inputs.js';
import { asOperation } from './operation-scope.js';
import { runStep } from './run-step.js';

/** Merges two customers. Operations of their own void the passes that the merged customer has twice. */
export async function mergeCustomers(input: OperationInput): Promise<OperationResult> {
  return asOperation(input, async () => {
    const { merged } = await runStep('merge-customers', input, 'database');
    return { outcome: merged ? 'merged' : 'unchanged' };
  });
}
