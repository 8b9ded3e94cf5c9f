import type { EventType } from '../../passes/event-type.js';
import { UNFINISHED_STATUSES, type Outcome, type Step, type StepState } from '../../passes/operation.js';
import { empty, raw, sql, type Statement } from '../sql.js';

export interface OperationRef {
  tenantId: string;
  operationId: string;
}

/** One run of an operation. A retry is the next run; the workflow id names it. */
export interface RunRef extends OperationRef {
  run: number;
}

export interface StepRecord extends RunRef {
  step: Step;
  state: StepState;
  detail?: Record<string, unknown>;
  error?: { code: string; message: string };
}

export interface RunEnding {
  status: 'succeeded' | 'failed' | 'cancelled';
  outcome: Outcome;
  reason: string | null;
}

/** Condition: the operation has not ended. `table` is its name or alias in the statement. */
export const isUnfinished = (table = 'operations'): Statement =>
  raw(`${table}.status in (${UNFINISHED_STATUSES.map((status) => `'${status}'`).join(', ')})`);

/**
 * The guard of every write that a step makes: the CTE `own` holds the operation while it has not ended and while this
 * run is its newest, locked against an ending until the statement commits. All other fragments read from `own`.
 * A worker that was frozen, or a former run, finds no row and writes nothing.
 */
export const own = (ref: RunRef): Statement => sql`own as materialized (
  select *
    from operations
   where tenant_id = ${ref.tenantId}
     and operation_id = ${ref.operationId}::uuid
     and run = ${ref.run}::integer
     and ${isUnfinished()}
     for no key update
)`;

/** As `own`, for a person's request about an operation, whatever its run. */
export const ownOfAnyRun = (ref: OperationRef): Statement => sql`own as materialized (
  select *
    from operations
   where tenant_id = ${ref.tenantId}
     and operation_id = ${ref.operationId}::uuid
     and ${isUnfinished()}
     for no key update
)`;

/** Updates the operation of `own`. */
export const updateOwn = (changes: Statement, only: Statement = empty): Statement => sql`
  update operations
     set ${changes}
    from own
   where operations.tenant_id = own.tenant_id
     and operations.operation_id = own.operation_id
     ${only}`;

/** Changes of an operation that a step has begun to work on. */
export const RUNNING = sql`status = 'running', started_at = coalesce(operations.started_at, clock_timestamp())`;

/** The names of changed fields that an operation shows, with those of an earlier step. */
export const addChangedFields = (names: readonly string[]): Statement => sql`(
  select array_agg(distinct f)
    from unnest(coalesce(operations.changed_fields, '{}') || ${names}::text[]) f)`;

/**
 * Records one attempt of a step: `detail` is merged, the last error stays readable after a success. `only` is a
 * condition, as `and exists (select from changed)`.
 */
export const recordStep = (record: Omit<StepRecord, keyof RunRef>, only: Statement = empty): Statement => sql`
  insert into operation_steps (tenant_id, operation_id, step, state, attempts, ended_at, last_error, detail)
  select own.tenant_id,
         own.operation_id,
         ${record.step}::text,
         ${record.state}::text,
         case when ${record.state}::text = 'waiting' then 0 else 1 end,
         case when ${record.state}::text in ('succeeded', 'failed', 'skipped') then clock_timestamp() end,
         ${record.error ? JSON.stringify(record.error) : null}::jsonb,
         ${JSON.stringify(record.detail ?? {})}::jsonb
    from own
   where true ${only}
      on conflict (operation_id, step) do update
     set state = excluded.state,
         attempts = operation_steps.attempts + excluded.attempts,
         ended_at = excluded.ended_at,
         last_error = coalesce(excluded.last_error, operation_steps.last_error),
         detail = operation_steps.detail || excluded.detail`;

/** Ends the operation. Without a reason of its own, the failed step's error is the reason. */
export const endOperation = (ending: RunEnding, only: Statement = empty): Statement => sql`
  ${updateOwn(
    sql`status = ${ending.status}::text,
        outcome = ${ending.outcome}::text,
        started_at = coalesce(operations.started_at, clock_timestamp()),
        ended_at = clock_timestamp(),
        reason = coalesce(${ending.reason}::text, (
          select last_error ->> 'message'
            from operation_steps s
           where s.operation_id = own.operation_id
             and s.state = 'failed'
             and ${ending.status}::text = 'failed'
           order by s.ended_at desc
           limit 1))`,
    only,
  )}
  returning operations.*`;

/** The statements are SQL in terms of `own` and `from`. */
export interface MerchantEvent {
  type: EventType;
  /** Default: the operation's. */
  origin?: Statement;
  passId: Statement;
  customerId: Statement;
  payload: Statement;
  /** What is joined to `own`, as `join pass on true where …`: one row tells the merchant once. */
  from: Statement;
}

/**
 * The id of an event, derived from its subject: sent again, after a lost answer or a restored backup, it is the same event to
 * its receiver. UUID version 8 (RFC 9562).
 */
export const eventId = (parts: { operationId: Statement; type: Statement; passId: Statement; run?: Statement }) => sql`
  overlay(overlay(
    md5(concat_ws('/', ${parts.operationId}, ${parts.type}, ${parts.passId}, ${parts.run ?? sql`null`}))
    placing '8' from 13 for 1) placing 'a' from 17 for 1)::uuid`;

/** Tells the merchant of what an operation did, once per operation, type and pass; of a failure once per run. */
export const tellMerchant = (event: MerchantEvent): Statement => sql`
  insert into events (event_id, tenant_id, type, operation_id, origin, pass_id, customer_id, payload)
  select ${eventId({
    operationId: sql`own.operation_id`,
    type: sql`${event.type}::text`,
    passId: event.passId,
    ...(event.type === 'operation.failed' && { run: sql`own.run` }),
  })},
         own.tenant_id,
         ${event.type}::text,
         own.operation_id,
         ${event.origin ?? sql`own.origin`},
         ${event.passId},
         ${event.customerId},
         ${event.payload}
    from own ${event.from}
      on conflict do nothing`;
