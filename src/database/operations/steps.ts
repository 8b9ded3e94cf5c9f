import type { Outcome, Step, StepState } from '../../passes/operation.js';
import type { Sql } from '../connect.js';
import { raw, sql as statement, type Statement } from '../sql.js';

export interface OperationRef {
  tenantId: string;
  operationId: string;
}

export interface StepRecord extends OperationRef {
  step: Step;
  state: StepState;
  detail?: Record<string, unknown>;
  error?: { code: string; message: string };
}

/**
 * The one text that records a step: each call is one attempt. `detail` is merged, the last error stays readable after a
 * success. Parameters $1 to $6: tenant, operation, step, state, error, detail. `from` names a CTE that must have a row.
 */
export const recordStepSql = (from?: string): string => `
  insert into operation_steps (tenant_id, operation_id, step, state, attempts, ended_at, last_error, detail)
  select $1::text, $2::uuid, $3::text, $4::text, case when $4::text = 'waiting' then 0 else 1 end,
         case when $4::text in ('succeeded', 'failed', 'skipped') then clock_timestamp() end, $5::jsonb, $6::jsonb${from ? ` from ${from}` : ''}
  on conflict (operation_id, step) do update set
    state = excluded.state,
    attempts = operation_steps.attempts + excluded.attempts,
    ended_at = excluded.ended_at,
    last_error = coalesce(excluded.last_error, operation_steps.last_error),
    detail = operation_steps.detail || excluded.detail`;

export const stepValues = (record: StepRecord): unknown[] => [
  record.tenantId,
  record.operationId,
  record.step,
  record.state,
  record.error ? JSON.stringify(record.error) : null,
  JSON.stringify(record.detail ?? {}),
];

/** `recordStepSql` as a fragment. `from` names a CTE of the statement around it. */
export const recordStepStatement = (record: StepRecord, from: string): Statement => statement`
  insert into operation_steps (
    tenant_id,
    operation_id,
    step,
    state,
    attempts,
    ended_at,
    last_error,
    detail
  )
  select
    ${record.tenantId}::text,
    ${record.operationId}::uuid,
    ${record.step}::text,
    ${record.state}::text,
    case when ${record.state}::text = 'waiting' then 0 else 1 end,
    case when ${record.state}::text in ('succeeded', 'failed', 'skipped') then clock_timestamp() end,
    ${record.error ? JSON.stringify(record.error) : null}::jsonb,
    ${JSON.stringify(record.detail ?? {})}::jsonb
  from ${raw(from)}
  on conflict (operation_id, step) do update set
    state = excluded.state,
    attempts = operation_steps.attempts + excluded.attempts,
    ended_at = excluded.ended_at,
    last_error = coalesce(excluded.last_error, operation_steps.last_error),
    detail = operation_steps.detail || excluded.detail`;

/** Records one attempt of a step. A retrying step makes its operation `retrying`, a running one makes it `running` again. */
export async function recordStep(sql: Sql, record: StepRecord): Promise<void> {
  await sql.query(
    `with step as (${recordStepSql()})
     update operations set
       status = case when $4::text = 'retrying' then 'retrying' else 'running' end,
       started_at = coalesce(started_at, clock_timestamp())
     where tenant_id = $1 and operation_id = $2 and status in ('accepted', 'running', 'retrying')
       and (status <> case when $4::text = 'retrying' then 'retrying' else 'running' end or started_at is null)`,
    stepValues(record),
  );
}

export interface Ending extends OperationRef {
  status: 'succeeded' | 'failed' | 'cancelled';
  outcome: Outcome;
  reason: string | null;
  /** Ends this run only; another one has been started meanwhile. */
  run?: number;
}

/**
 * Ends an operation, and tells the merchant of a failed one; a second ending changes nothing. Without a reason of its
 * own, the failed step's error is the reason. True where it was this call that ended it.
 */
export async function endOperation(sql: Sql, ending: Ending): Promise<boolean> {
  const rows = await sql.query(
    `with ended as (
       update operations set status = $3, outcome = $4, ended_at = clock_timestamp(),
              started_at = coalesce(started_at, clock_timestamp()),
              reason = coalesce($5::text, (select last_error ->> 'message' from operation_steps s
                where s.operation_id = $2 and s.state = 'failed' and $3::text = 'failed' order by ended_at desc limit 1))
        where tenant_id = $1 and operation_id = $2 and status in ('accepted', 'running', 'retrying')
          and ($6::int is null or run = $6)
       returning *
     ), told as (
     insert into events (event_id, tenant_id, type, operation_id, origin, pass_id, customer_id, payload)
     select gen_random_uuid(), tenant_id, 'operation.failed', operation_id, 'system', pass_id, customer_id,
            jsonb_strip_nulls(jsonb_build_object('kind', kind, 'outcome', outcome, 'reason', reason,
              'acceptanceSequence', acceptance_sequence::text))
       from ended where status = 'failed'
     on conflict do nothing
     )
     select from ended`,
    [ending.tenantId, ending.operationId, ending.status, ending.outcome, ending.reason, ending.run ?? null],
  );
  return rows.length > 0;
}

/** Records a step and ends the operation in the same statement: the last step of a quick operation costs one round trip. */
export async function recordLastStep(
  sql: Sql,
  record: StepRecord,
  ending: Omit<Ending, keyof OperationRef>,
): Promise<void> {
  await sql.query(
    `with step as (${recordStepSql()})
     update operations set status = $7, outcome = $8, reason = $9, ended_at = clock_timestamp(),
            started_at = coalesce(started_at, clock_timestamp())
      where tenant_id = $1 and operation_id = $2 and status in ('accepted', 'running', 'retrying')`,
    [...stepValues(record), ending.status, ending.outcome, ending.reason],
  );
}

/** How find-pass came to its pass: kinds of identifier, never their values. */
export interface FoundEvidence {
  customerId: string;
  matched: string[];
  /** ISO 8601. */
  at: string;
}

/** Marks an operation as running on the pass that it found, with the step's evidence. */
export async function recordFound(
  sql: Sql,
  ref: OperationRef,
  found: FoundEvidence & { passId: string },
): Promise<void> {
  const record: StepRecord = { ...ref, step: 'find-pass', state: 'succeeded', detail: { matched: found.matched } };
  await sql.query(
    `with step as (${recordStepSql()})
     update operations set status = 'running', started_at = coalesce(started_at, $10::timestamptz),
            pass_id = $7, customer_id = $8, matched = $9
      where tenant_id = $1 and operation_id = $2`,
    [...stepValues(record), found.passId, found.customerId, found.matched, found.at],
  );
}
