import { ApplicationFailure, CancellationScope, isCancellation } from '@temporalio/workflow';
import type { Outcome } from '../passes/operation.js';
import type { OperationInput, OperationResult } from './inputs.js';
import { describeFailure, isPermanent, runStep } from './run-step.js';

const OUTCOME_OF_CODE: Record<string, Outcome> = {
  'invalid-data': 'invalid-data',
  'unknown-pass-type': 'invalid-data',
  'state-conflict': 'state-conflict',
  'apns-refused': 'provider-refused',
  'klaviyo-unauthorized': 'provider-refused',
  'klaviyo-scope-missing': 'provider-refused',
  'klaviyo-invalid': 'provider-refused',
  'klaviyo-not-found': 'provider-refused',
  'klaviyo-duplicate-profile': 'provider-refused',
};

const outcomeOf = (code: string): Outcome =>
  OUTCOME_OF_CODE[code] ?? (code.startsWith('google-') ? 'provider-refused' : 'internal-error');

/**
 * Runs the steps of an operation and writes how it ended, whatever happens. An outcome completes the workflow; a failed
 * workflow means that someone must act.
 */
export async function asOperation(
  input: OperationInput,
  run: () => Promise<OperationResult>,
): Promise<OperationResult> {
  try {
    const result = await run();
    if (!('continues' in result) && !result.recorded) {
      // Everything is done: a cancellation that comes now must not hide what the pass and the wallets show.
      await CancellationScope.nonCancellable(() =>
        runStep('record-outcome', { ...input, status: 'succeeded', outcome: result.outcome, reason: null }, 'database'),
      );
    }
    return result;
  } catch (error) {
    const cancelled = isCancellation(error);
    const { code, message } = describeFailure(error);
    const outcome = cancelled ? 'cancelled' : isPermanent(error) ? outcomeOf(code) : 'gave-up';
    await CancellationScope.nonCancellable(() =>
      runStep(
        'record-outcome',
        { ...input, status: cancelled ? 'cancelled' : 'failed', outcome, reason: null },
        'database',
      ),
    );
    if (cancelled) throw error;
    throw ApplicationFailure.create({ message, type: code, nonRetryable: true });
  }
}
