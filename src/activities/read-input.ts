import { PermanentError } from '../common/errors.js';
import type { OperationInputs } from '../passes/operation-input.js';
import type { OperationKind } from '../passes/operation.js';

/**
 * What an operation asked for, by its kind. Retention and erasures empty it, also while a worker holds the operation:
 * without what `needed` names there is nothing left to do, now or at any retry.
 */
export function readInput<Kind extends OperationKind>(
  operation: { input: Record<string, unknown> },
  ...needed: readonly (keyof OperationInputs[Kind] & string)[]
): OperationInputs[Kind] {
  if (needed.some((name) => operation.input[name] === undefined)) {
    throw new PermanentError(
      'operation-forgotten',
      'What this operation asked for was emptied by the retention or by an erasure. Send the request again.',
    );
  }
  return operation.input as OperationInputs[Kind];
}
