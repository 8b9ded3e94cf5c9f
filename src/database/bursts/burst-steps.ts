import type { Outcome, Step, StepState } from '../../passes/operation.js';
import type { Sql } from '../connect.js';
import { isUnfinished } from '../operations/fragments.js';
import { empty, raw, sql, type Statement } from '../sql.js';

/** Names a burst in every statement: an operation that has left it is no longer written to. */
export interface BurstRef {
  tenantId: string;
  burstId: string;
}

export interface BegunStep {
  /** In the order of acceptance. */
  operationIds: string[];
  /** How often this step was begun, this time included. */
  attempt: number;
}

/** Counts the beginning of a step before its work: a worker that dies in it leaves the count behind. */
export async function beginBurstStep(tenant: Sql, ref: BurstRef, step: Step | 'end'): Promise<BegunStep | undefined> {
  const [row] = await tenant.query<BegunStep>(sql`
    update bursts set
      attempts = attempts || jsonb_build_object(${step}::text, coalesce((attempts ->> ${step}::text)::int, 0) + 1)
    where tenant_id = ${tenant.tenantId}
      and burst_id = ${ref.burstId}
    returning operation_ids as "operationIds",
              (attempts ->> ${step}::text)::int as attempt`);
  return row;
}

/** Operations of a burst that find-pass is to look at, in the order of acceptance. */
export async function listUnfound(tenant: Sql, ref: BurstRef, ids: readonly string[]): Promise<string[]> {
  const rows = await tenant.query<{ operation_id: string }>(sql`
    select operation_id
      from operations
     where tenant_id = ${tenant.tenantId}
       and operation_id = any(${ids}::uuid[])
       and burst_id = ${ref.burstId}
       and status = 'accepted'
     order by acceptance_sequence`);
  return rows.map((row) => row.operation_id);
}

/** What a step says of one operation: its evidence, and (with `outcome`) the operation's end. */
export interface BurstStepRecord {
  operationId: string;
  state: StepState;
  detail: Record<string, unknown>;
  outcome?: Outcome;
  reason?: string | null;
  /** With an outcome; `succeeded` unless told. */
  status?: 'succeeded' | 'cancelled';
}

/** The operations `o` that a burst still has, for a `from`: by its list of them, whose index finds each. */
export const operationsOf = (ref: BurstRef): Statement => sql`
           bursts b
      join operations o
        on o.tenant_id = b.tenant_id
       and o.operation_id = any(b.operation_ids)
       and o.burst_id = b.burst_id
       and b.tenant_id = ${ref.tenantId}
       and b.burst_id = ${ref.burstId}`;

/** Rows that another part of a statement names, locked in one order: two bursts may name the same ones. */
export const lockedRows = (
  { tenantId }: BurstRef,
  { table, key, from }: { table: 'messages' | 'offers'; key: 'message_id' | 'offer_id'; from: string },
): Statement => sql`
  select t.${raw(key)}
    from ${raw(table)} t
   where t.tenant_id = ${tenantId}
     and t.${raw(key)} = any(array(select ${raw(key)} from ${raw(from)}))
   order by t.${raw(key)}
     for no key update`;

/** The operations of a burst that a list of records names, locked in one order; those that left it are not among them. */
export const heldOperations = (
  ref: BurstRef,
  ids: readonly string[],
  status?: 'accepted' | 'running',
): Statement => sql`
  select o.operation_id
    from operations o
   where o.tenant_id = ${ref.tenantId}
     and o.operation_id = any(${ids}::uuid[])
     and o.burst_id = ${ref.burstId}
     and ${isUnfinished('o')}
     ${status ? sql`and o.status = ${status}` : empty}
   order by o.operation_id
     for no key update`;

/** Records one attempt of a step for every row of `from`: operation_id, state, error, detail. */
export const recordStepRows = (tenantId: string, step: Step, from: string): Statement => sql`
  insert into operation_steps (tenant_id, operation_id, step, state, attempts, ended_at, last_error, detail)
  select ${tenantId}::text,
         r.operation_id,
         ${step}::text,
         r.state,
         case when r.state = 'waiting' then 0 else 1 end,
         case when r.state in ('succeeded', 'failed', 'skipped') then clock_timestamp() end,
         r.error,
         r.detail
    from ${raw(from)} r
  on conflict (operation_id, step) do update set
    state = excluded.state,
    attempts = operation_steps.attempts + excluded.attempts,
    ended_at = excluded.ended_at,
    last_error = coalesce(excluded.last_error, operation_steps.last_error),
    detail = operation_steps.detail || excluded.detail`;

/** Records a step of many operations, and ends those that have an outcome, in one statement. */
export async function recordBurstStep(
  tenant: Sql,
  ref: BurstRef,
  step: Step,
  records: readonly BurstStepRecord[],
): Promise<void> {
  if (records.length === 0) return;
  const ids = records.map(({ operationId }) => operationId);
  await tenant.query(sql`
    with held as materialized (${heldOperations(ref, ids)}
    ), recorded as materialized (
      select r.*
        from jsonb_to_recordset(${JSON.stringify(records.map(asRow))}::jsonb)
               as r (operation_id uuid, state text, error jsonb, detail jsonb, outcome text, reason text, status text)
        join held using (operation_id)
    ), steps as (${recordStepRows(tenant.tenantId, step, 'recorded')}
    )
    update operations o set
      -- One that waits for its pass is looked at again by the burst: find-pass takes what is accepted.
      status = coalesce(r.status, case when r.state = 'waiting' then o.status else 'running' end),
      outcome = coalesce(r.outcome, o.outcome),
      reason = coalesce(r.reason, o.reason),
      started_at = coalesce(o.started_at, clock_timestamp()),
      ended_at = case when r.outcome is not null then clock_timestamp() end
    from recorded r
    where o.tenant_id = ${tenant.tenantId}
      and o.operation_id = r.operation_id
      and (r.outcome is not null or o.started_at is null)`);
}

const asRow = ({ operationId, state, detail, outcome, reason, status = 'succeeded' }: BurstStepRecord) => ({
  operation_id: operationId,
  state,
  detail,
  ...(outcome !== undefined && { outcome, reason: reason ?? null, status }),
});

export interface Leaver {
  operationId: string;
  /** What went wrong; absent where the operation only does better alone. */
  error?: { code: string; message: string };
}

/** Operations leave the burst and wait for runs of their own, in which the steps find what is done. */
export async function leaveBurst(tenant: Sql, ref: BurstRef, step: Step, leavers: readonly Leaver[]): Promise<void> {
  if (leavers.length === 0) return;
  const rows = leavers.map(({ operationId, error }) => ({
    operation_id: operationId,
    state: error ? 'retrying' : 'waiting',
    error: error ?? null,
    detail: { leftBurst: ref.burstId },
  }));
  const ids = leavers.map(({ operationId }) => operationId);
  await tenant.query(sql`
    with held as materialized (${heldOperations(ref, ids)}
    ), recorded as materialized (
      select r.*
        from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r (operation_id uuid, state text, error jsonb, detail jsonb)
        join held using (operation_id)
    ), steps as (${recordStepRows(tenant.tenantId, step, 'recorded')}
    )
    update operations o set
      burst_id = null,
      -- Else it would wait for the next burst, and leave that one for the same reason.
      alone = true,
      status = 'accepted',
      dispatch_after = now(),
      dispatched_at = null,
      dispatched_by = null
    from held
    where o.tenant_id = ${tenant.tenantId}
      and o.operation_id = held.operation_id`);
}

/** Ends operations whose last step has been recorded before. */
export async function endBurstOperations(
  tenant: Sql,
  ref: BurstRef,
  endings: readonly { operationId: string; outcome: Outcome; status?: 'succeeded' | 'cancelled'; reason?: string }[],
): Promise<void> {
  if (endings.length === 0) return;
  const rows = endings.map(({ operationId, outcome, status = 'succeeded', reason = null }) => ({
    operation_id: operationId,
    outcome,
    status,
    reason,
  }));
  await tenant.query(sql`
    update operations o set
      status = r.status,
      outcome = r.outcome,
      reason = coalesce(r.reason, o.reason),
      started_at = coalesce(o.started_at, clock_timestamp()),
      ended_at = clock_timestamp()
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r (operation_id uuid, outcome text, status text, reason text)
    where o.tenant_id = ${tenant.tenantId}
      and o.operation_id = r.operation_id
      and o.burst_id = ${ref.burstId}
      and o.status in ('accepted', 'running')`);
}

/** A step is through: its attempts are forgotten, and what it means for the dispatcher's next burst is noted once. */
export async function finishBurstStep(
  tenant: Sql,
  ref: BurstRef,
  step: Step | 'end',
  reached?: 'found' | 'notified' | 'ended',
): Promise<void> {
  const notified = reached === 'notified' || reached === 'ended';
  await tenant.query(sql`
    update bursts set
      attempts = attempts - ${step}::text,
      lease_until = case when ${reached !== undefined}::boolean then null else lease_until end,
      notified_at = case when ${notified}::boolean then coalesce(notified_at, clock_timestamp()) else notified_at end,
      ended_at = case when ${reached === 'ended'}::boolean then coalesce(ended_at, clock_timestamp()) else ended_at end
    where tenant_id = ${tenant.tenantId}
      and burst_id = ${ref.burstId}`);
}
