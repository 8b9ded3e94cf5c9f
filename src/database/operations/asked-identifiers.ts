import { sql, type Statement } from '../sql.js';

/** More than a request can hold: the known kinds and the 20 that a tenant may add. */
const MOST = 32;

/**
 * The identifiers in an operation's input, as rows of kind and value. The limit is for the planner, which else expects a
 * hundred of them and reads whole tables instead of probing an index a few times.
 */
export const askedIdentifiers = (input: Statement): Statement => sql`(
  select kind, value
  from jsonb_to_recordset(${input} -> 'identifiers') as i(kind text, value text)
  limit ${MOST}
)`;
