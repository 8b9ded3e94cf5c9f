import type { Outcome } from '../passes/operation.js';

/** Every workflow takes this one object: ids only; the steps read the rest from PostgreSQL. */
export interface OperationInput {
  tenantId: string;
  operationId: string;
  /** Present where a test key or a test pass is concerned: its steps are kept out of the metrics. */
  test?: true;
}

export interface OperationResult {
  outcome: Outcome;
  passId?: string;
  revision?: number | null;
  /** The last step has already written the ending. */
  recorded?: boolean;
}
