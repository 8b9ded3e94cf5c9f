import type { Outcome, Step } from '../../passes/operation.js';
import type { Sql } from '../connect.js';
import { join, raw, sql, type Statement } from '../sql.js';
import type { ChangeKind, LoadedForChange, PassRow } from '../passes/passes.js';
import type { PassChange } from '../passes/write-change.js';
import { heldOperations, recordStepRows, type BurstRef } from './burst-steps.js';

export interface UndoneOperation {
  operationId: string;
  passId: string;
  acceptedAt: Date;
  operation: LoadedForChange['operation'];
  /** Kinds of change that this operation has made so far. */
  made: ChangeKind[];
  /** The revision of this kind of change, where an earlier run made it. */
  recorded: LoadedForChange['recorded'];
}

/** Running operations of a burst for which this run of theirs has not done a step yet, in the order of acceptance. */
export async function loadUndone(
  tenant: Sql,
  ref: BurstRef,
  ids: readonly string[],
  step: Step,
  change: ChangeKind,
): Promise<UndoneOperation[]> {
  return tenant.query<UndoneOperation>(sql`
    select o.operation_id as "operationId",
           o.pass_id as "passId",
           o.accepted_at as "acceptedAt",
           json_build_object('kind', o.kind, 'acceptance_sequence', o.acceptance_sequence::text, 'input', o.input,
             'status', o.status, 'cancel_requested', o.cancel_requested) as operation,
           array(select r.change from pass_revisions r
                  where r.pass_id = o.pass_id and r.operation_id = o.operation_id) as made,
           (select json_build_object('revision', r.revision, 'changed', r.changed) from pass_revisions r
             where r.pass_id = o.pass_id and r.operation_id = o.operation_id and r.change = ${change}) as recorded
      from operations o
     where ${undone(ref, ids, step)}
     order by o.acceptance_sequence`);
}

/** Condition on operations `o` of a burst that are not through with a step. */
export const undone = (ref: BurstRef, ids: readonly string[], step: Step): Statement => sql`
           o.tenant_id = ${ref.tenantId}
       and o.operation_id = any(${ids}::uuid[])
       and o.burst_id = ${ref.burstId}
       and o.status = 'running'
       and ${notDone(step)}`;

/** Evidence of an earlier run of the operation does not count. */
export const notDone = (step: Step) => sql`not exists (
  select from operation_steps s
   where s.operation_id = o.operation_id
     and s.step = ${step}
     and s.state in ('succeeded', 'skipped')
     and s.ended_at >= o.dispatched_at)`;

/** Passes as they are now, by id. */
export async function loadPasses(tenant: Sql, passIds: readonly string[]): Promise<Map<string, PassRow>> {
  const rows = await tenant.query<PassRow>(
    sql`select * from passes where tenant_id = ${tenant.tenantId} and pass_id = any(${passIds}::uuid[])`,
  );
  return new Map(rows.map((row) => [row.pass_id, row]));
}

/** A pass as a burst read it and as it leaves it. */
export interface BurstPass {
  before: PassRow;
  after: PassRow;
}

/** What one operation did to its pass in one step. */
export interface BurstChange {
  operationId: string;
  passId: string;
  detail: Record<string, unknown>;
  /** How the operation ends with it; absent where it goes on. */
  outcome?: Outcome;
  /** Absent where nothing changed that a phone could see. */
  revision?: { number: number } & Pick<PassChange, 'changed' | 'changedFields' | 'recomputed'>;
}

const WRITTEN = [
  'data',
  'field_sequences',
  'visuals',
  'state',
  'state_sequence',
  'pass_type_id',
  'pass_type_version',
  'type_sequence',
  'apple_pass_type_identifier',
  'live_key',
  'messages',
  'offers',
] as const satisfies readonly (keyof PassRow)[];
const assignments = join(WRITTEN.map((column) => raw(`${column} = g.${column}`)));

/**
 * Writes the passes of a burst with the revisions, steps and summaries of the operations that changed them: one statement,
 * one tag for each pass type. A pass that another writer changed meanwhile, or one of whose operations has left the burst,
 * is not written at all. Returns the passes that were.
 */
export async function writeBurstChanges(
  tenant: Sql,
  ref: BurstRef,
  work: { step: Step; change: ChangeKind; passes: readonly BurstPass[]; changes: readonly BurstChange[] },
): Promise<Set<string>> {
  const { tenantId } = tenant;
  const passes = work.passes.map(({ before, after }) => ({
    pass_id: before.pass_id,
    read_version: before.lock_version,
    lock_version: after.lock_version,
    revision: after.revision,
    seen: after.revision > before.revision,
    ...Object.fromEntries(WRITTEN.map((column) => [column, after[column]])),
  }));
  const changes = work.changes.map(({ operationId, passId, detail, revision }) => ({
    operation_id: operationId,
    pass_id: passId,
    state: 'succeeded',
    detail,
    revision: revision?.number ?? null,
    changed: revision?.changed ?? null,
    changed_fields: revision?.changedFields ?? null,
    recomputed: revision?.recomputed ?? null,
  }));
  const ids = changes.map(({ operation_id }) => operation_id);
  const rows = await tenant.query<{ pass_id: string }>(sql`
    with held as materialized (${heldOperations(ref, ids, 'running')}
    ), asked as materialized (
      select *
        from jsonb_to_recordset(${JSON.stringify(changes)}::jsonb)
               as c (operation_id uuid, pass_id uuid, state text, error jsonb, detail jsonb, revision int, changed jsonb, changed_fields text[], recomputed jsonb)
    ), given as materialized (
      select *
        from jsonb_to_recordset(${JSON.stringify(passes)}::jsonb)
               as g (pass_id uuid, read_version int, lock_version int, revision int, seen boolean, data jsonb,
                     field_sequences jsonb, visuals jsonb, state text, state_sequence bigint, pass_type_id text,
                     pass_type_version int, type_sequence bigint, apple_pass_type_identifier text, live_key text,
                     messages jsonb, offers jsonb)
       where not exists (select from asked a
                          where a.pass_id = g.pass_id and a.operation_id not in (select operation_id from held))
    ), bumped as (
      -- Tags before passes: the order in which every writer locks.
      insert into update_tags (tenant_id, apple_pass_type_identifier, tag)
      select ${tenantId}::text, apple_pass_type_identifier, 1
        from given
       where seen and apple_pass_type_identifier is not null
       group by apple_pass_type_identifier
       order by apple_pass_type_identifier
      on conflict (tenant_id, apple_pass_type_identifier) do update set tag = update_tags.tag + 1
      returning apple_pass_type_identifier, tag
    ), locked as materialized (
      select p.pass_id
        from passes p
        join given g on g.pass_id = p.pass_id and g.read_version = p.lock_version
       where p.tenant_id = ${tenantId}
         and (select count(*) from bumped) >= 0
       order by p.pass_id
         for update of p
    ), written as (
      update passes p set
        ${assignments},
        revision = g.revision,
        lock_version = g.lock_version,
        update_tag = case when g.seen then coalesce((
          select tag from bumped b where b.apple_pass_type_identifier = g.apple_pass_type_identifier), p.update_tag)
          else p.update_tag end,
        modified_at = case when g.seen then
          greatest(date_trunc('second', now()), date_trunc('second', p.modified_at) + interval '1 second')
          else p.modified_at end
      from given g
      where p.tenant_id = ${tenantId}
        and p.pass_id = g.pass_id
        and p.lock_version = g.read_version
        and p.pass_id in (select pass_id from locked)
      returning p.pass_id
    ), done as materialized (
      select a.*
        from asked a
        join held using (operation_id)
       where a.pass_id in (select pass_id from written)
    ), audit as (
      insert into pass_revisions (tenant_id, pass_id, revision, operation_id, change, changed)
      select ${tenantId}::text, pass_id, revision, operation_id, ${work.change}::text, changed
        from done
       where revision is not null
    ), summary as (
      update operations o set
        revision = d.revision,
        changed_fields = (select array_agg(distinct f) from unnest(coalesce(o.changed_fields, '{}') || d.changed_fields) f)
      from done d
      where o.tenant_id = ${tenantId}
        and o.operation_id = d.operation_id
        and d.revision is not null
    ), steps as (${recordStepRows(tenantId, work.step, 'done')}
      returning operation_id, started_at, ended_at
    ), recomputed as (
      insert into operation_steps (tenant_id, operation_id, step, state, attempts, started_at, ended_at, detail)
      select ${tenantId}::text, operation_id, 'recompute-metadata', 'succeeded', 1, s.started_at,
             -- Readers list steps by time: this one comes after the step that it belongs to.
             s.ended_at + interval '1 microsecond',
             d.recomputed
        from done d
        join steps s using (operation_id)
       where d.recomputed is not null
      on conflict (operation_id, step) do update set
        state = excluded.state,
        ended_at = excluded.ended_at,
        detail = operation_steps.detail || excluded.detail
    )
    select pass_id from written`);
  return new Set(rows.map((row) => row.pass_id));
}
