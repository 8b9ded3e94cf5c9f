import type { Outcome, RecordedOutcome } from '../passes/operation.js';

/** Every workflow takes this one object: ids only; the steps read the rest from PostgreSQL. */
export interface OperationInput {
  tenantId: string;
  operationId: string;
  /** Present where a test key or a test pass is concerned: its steps are kept out of the metrics. */
  test?: true;
}

interface Result {
  passId?: string;
  revision?: number | null;
}

/**
 * How a workflow ended. `recorded`: the last step has written the ending, whose outcome is the proof. `continues`: the
 * workflow goes on as a new one, the operation has not ended.
 */
export type OperationResult = Result &
  (
    | { outcome: RecordedOutcome; recorded: true }
    | { outcome: Outcome; recorded?: false }
    | { outcome: Outcome; continues: true }
  );
