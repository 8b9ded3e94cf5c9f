import { PermanentError } from '../common/errors.js';

/**
 * What a step read of its operation.
 * @throws PermanentError `operation-unknown` where there is no such row.
 */
export function knownOperation<T>(found: T | null | undefined): T {
  if (found) return found;
  throw new PermanentError(
    'operation-unknown',
    'The operation is not in the database: it was erased, or a backup without it was restored.',
  );
}
