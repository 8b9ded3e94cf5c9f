import type { Sql } from '../connect.js';
import { raw, sql } from '../sql.js';
import type { OperationRow } from './operations.js';

/** The columns of a list: all but the input, which may be as long as a body. */
const LISTED = [
  'operation_id',
  'acceptance_sequence',
  'tenant_id',
  'kind',
  'origin',
  'idempotency_key',
  'repairs',
  'response',
  'flow_id',
  'test',
  'status',
  'outcome',
  'reason',
  'pass_id',
  'customer_id',
  'matched',
  'changed_fields',
  'revision',
  'run',
  'burst_id',
  'cancel_requested',
  'forgotten_at',
  'accepted_at',
  'dispatched_at',
  'started_at',
  'ended_at',
] as const satisfies readonly (keyof OperationRow)[];

/** An operation in a list. */
export type ListedOperation = Pick<OperationRow, (typeof LISTED)[number]>;

export interface OperationFilter {
  passId?: string;
  customerId?: string;
  status?: string;
  outcome?: string;
  kind?: string;
  origin?: string;
  /** What flows of Klaviyo post, or may have posted: requests to issue do not always name their flow. */
  fromFlows?: boolean;
  from?: Date;
  to?: Date;
  /** Acceptance sequence of the last row of the page before. */
  before?: string;
  limit: number;
}

/** Newest first; `before` continues a page. */
export async function listOperations(db: Sql, filter: OperationFilter): Promise<ListedOperation[]> {
  const { passId, customerId, status, outcome, kind, origin, fromFlows, from, to, before, limit } = filter;
  return db.query<ListedOperation>(sql`
    select ${raw(LISTED.join(', '))}
      from operations
     where tenant_id = ${db.tenantId}
       and (${passId ?? null}::uuid is null or pass_id = ${passId ?? null})
       and (${customerId ?? null}::uuid is null or customer_id = ${customerId ?? null})
       and (${status ?? null}::text is null or status = ${status ?? null})
       and (${outcome ?? null}::text is null or outcome = ${outcome ?? null})
       and (${kind ?? null}::text is null or kind = ${kind ?? null})
       and (${origin ?? null}::text is null or origin = ${origin ?? null})
       and (not ${fromFlows ?? false}
            or origin = 'klaviyo'
            -- One to issue, which may have become an update. An enrolment is answered with a serial number alone.
            or (origin = 'api' and response -> 'body' ? 'recipient'))
       and (${from ?? null}::timestamptz is null or accepted_at >= ${from ?? null})
       and (${to ?? null}::timestamptz is null or accepted_at < ${to ?? null})
       and (${before ?? null}::bigint is null or acceptance_sequence < ${before ?? null})
     order by acceptance_sequence desc
     limit ${limit}`);
}
