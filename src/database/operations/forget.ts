import { sql, type Statement } from '../sql.js';

/** Why an operation's contents are gone; this word replaces the idempotency key. */
type Cause = 'aged' | 'erased';

/** Statuses after which nothing happens any more, as a condition on `status`. */
export const isFinished: Statement = sql`status in ('succeeded', 'failed', 'cancelled')`;

/** What an operation loses when it is emptied; status, order and counts stay for good. For `update operations set`. */
export const forgetContents = (cause: Cause): Statement => sql`
  input = '{}',
  repairs = '[]',
  response = null,
  body_hash = null,
  idempotency_key = case when idempotency_key is null then null else ${`${cause}/`}::text || operation_id end,
  forgotten_at = coalesce(forgotten_at, now()),
  retention_due = false`;
