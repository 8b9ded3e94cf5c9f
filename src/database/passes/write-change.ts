import type { Sql } from '../connect.js';
import { recordStepStatement, type FoundEvidence, type StepRecord } from '../operations/steps.js';
import { sql as statement } from '../sql.js';
import type { ChangeKind, PassRow } from './passes.js';

export interface PassChange {
  before: PassRow;
  after: Pick<
    PassRow,
    | 'data'
    | 'field_sequences'
    | 'visuals'
    | 'state'
    | 'state_sequence'
    | 'pass_type_id'
    | 'pass_type_version'
    | 'type_sequence'
    | 'live_key'
    | 'apple_pass_type_identifier'
  >;
  change: ChangeKind;
  /** What goes into the audit trail: names, old and new values. */
  changed: Record<string, unknown>;
  /** Field names that the operation's status shows. */
  changedFields: string[];
  step: StepRecord;
  /** Detail of the step recompute-metadata, where the change takes visuals with it. */
  recomputed?: Record<string, unknown>;
  /** Evidence of find-pass that stands nowhere yet. */
  found?: FoundEvidence | undefined;
}

/**
 * Writes a change with its revision, its tag, its step and the operation's summary in one statement: all or nothing.
 * Returns the new revision, or undefined where another writer was faster: load again and merge anew.
 */
export async function writeChange(sql: Sql, change: PassChange): Promise<number | undefined> {
  const { before, after, step, found } = change;
  const { tenantId } = sql;
  const apple = after.apple_pass_type_identifier;
  const matched = found?.matched ?? null;
  const foundAt = found?.at ?? null;
  const recomputed = change.recomputed ? JSON.stringify(change.recomputed) : null;
  const [row] = await sql.query<{ revision: number }>(statement`
    with bumped as (
      insert into update_tags (tenant_id, apple_pass_type_identifier, tag)
      select ${tenantId}::text, ${apple}::text, 1
      where ${apple}::text is not null
      on conflict (tenant_id, apple_pass_type_identifier) do update set tag = update_tags.tag + 1
      returning tag
    ), changed as (
      update passes set
        data = ${JSON.stringify(after.data)},
        field_sequences = ${JSON.stringify(after.field_sequences)},
        visuals = ${JSON.stringify(after.visuals)},
        state = ${after.state},
        state_sequence = ${after.state_sequence},
        pass_type_id = ${after.pass_type_id},
        pass_type_version = ${after.pass_type_version},
        type_sequence = ${after.type_sequence},
        apple_pass_type_identifier = ${apple},
        live_key = ${after.live_key},
        revision = revision + 1,
        lock_version = lock_version + 1,
        update_tag = coalesce((select tag from bumped), update_tag),
        -- Devices compare whole seconds: each revision is at least one later than the one before it.
        modified_at = greatest(date_trunc('second', now()), date_trunc('second', modified_at) + interval '1 second')
      where tenant_id = ${tenantId}
        and pass_id = ${before.pass_id}
        and lock_version = ${before.lock_version}
      returning revision
    ), audit as (
      insert into pass_revisions (tenant_id, pass_id, revision, operation_id, change, changed)
      select
        ${tenantId}::text,
        ${before.pass_id}::uuid,
        revision,
        ${step.operationId}::uuid,
        ${change.change}::text,
        ${JSON.stringify(change.changed)}::jsonb
      from changed
    ), summary as (
      update operations set
        revision = (select revision from changed),
        pass_id = ${before.pass_id},
        status = case when status = 'accepted' then 'running' else status end,
        started_at = coalesce(started_at, ${foundAt}::timestamptz, clock_timestamp()),
        customer_id = coalesce(${found?.customerId ?? null}::uuid, customer_id),
        matched = coalesce(${matched}::text[], matched),
        changed_fields = (
          select array_agg(distinct f)
          from unnest(coalesce(changed_fields, '{}') || ${change.changedFields}::text[]) f
        )
      where tenant_id = ${tenantId}
        and operation_id = ${step.operationId}
        and exists (select from changed)
    ), found as (
      insert into operation_steps (tenant_id, operation_id, step, state, attempts, started_at, ended_at, detail)
      select
        ${tenantId}::text,
        ${step.operationId}::uuid,
        'find-pass',
        'succeeded',
        1,
        ${foundAt}::timestamptz,
        ${foundAt}::timestamptz,
        jsonb_build_object('matched', ${matched}::text[])
      from changed
      where ${matched}::text[] is not null
      on conflict (operation_id, step) do nothing
    ), step as (
      ${recordStepStatement(step, 'changed')}
      returning started_at, ended_at
    ), recomputed as (
      insert into operation_steps (tenant_id, operation_id, step, state, attempts, started_at, ended_at, detail)
      select
        ${tenantId}::text,
        ${step.operationId}::uuid,
        'recompute-metadata',
        'succeeded',
        1,
        started_at,
        -- Readers list steps by time: this one comes after the step that it belongs to.
        ended_at + interval '1 microsecond',
        ${recomputed}::jsonb
      from step
      where ${recomputed}::jsonb is not null
      on conflict (operation_id, step) do update set
        state = excluded.state,
        ended_at = excluded.ended_at,
        detail = operation_steps.detail || excluded.detail
    )
    select revision from changed`);
  return row?.revision;
}
