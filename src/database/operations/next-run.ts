import { sql } from '../sql.js';

/** What starts the next run of an operation: the former one writes nothing more from then on. */
export const NEXT_RUN = sql`
  status = 'accepted',
  run = operations.run + 1,
  outcome = null,
  reason = null,
  ended_at = null,
  dispatch_after = now(),
  dispatched_at = null,
  burst_id = null,
  alone = false`;
