import { OPERATIONS_OF_BURSTS } from '../../passes/burst-kind.js';
import type { Hit } from '../../passes/choose-pass.js';
import type { LifecycleInput, PushUpdateInput } from '../../passes/operation-input.js';
import type { Sql } from '../connect.js';
import { askedIdentifiers } from '../operations/asked-identifiers.js';
import { leadsOf } from '../operations/leads.js';
import { sql } from '../sql.js';
import { heldOperations, operationsOf, type BurstRef } from './burst-steps.js';
import type { FoundEvidence } from '../operations/steps.js';

export interface WaitingOperation {
  operationId: string;
  input: PushUpdateInput & Partial<LifecycleInput>;
  cancelRequested: boolean;
  acceptedAt: Date;
  /** Bytes of the input as text, or of the largest pass that it leads to; as stored, a repetitive one looks small. */
  bytes: number;
  hits: Hit[];
  /** Whose the pass is that was named at acceptance. */
  namedCustomerId: string | null;
}

/**
 * The operations of a burst that have found no pass yet, each with every pass that one of its identifiers leads to, in one
 * round trip. `offset 0` keeps the planner at index probes: it would else read whole tables for hundreds of operations.
 */
export async function loadWaiting(tenant: Sql, ref: BurstRef, ids: readonly string[]): Promise<WaitingOperation[]> {
  const { tenantId } = tenant;
  return tenant.query<WaitingOperation>(sql`
    with operation as materialized (
      select operation_id, acceptance_sequence, input, cancel_requested, accepted_at
        from operations
       where tenant_id = ${tenantId}
         and operation_id = any(${ids}::uuid[])
         and burst_id = ${ref.burstId}
         and status = 'accepted'
    ), asked as materialized (
      select o.operation_id, i.kind, i.value
        from operation o cross join lateral ${askedIdentifiers(sql`o.input`)} i
    ), leads as (${leadsOf(tenantId, 'operation_id')}
    ), hit as materialized (
      -- Else the planner, which expects one row where statistics are old, aggregates all of them again for each row.
      select l.operation_id,
             jsonb_agg(jsonb_build_object('kind', l.kind, 'passId', p.pass_id, 'customerId', p.customer_id,
               'state', p.state, 'passTypeId', p.pass_type_id, 'passTypeName', t.name)) as hits,
             max(octet_length(p.data::text)) as bytes
        from leads l
        join lateral (select * from passes p where p.tenant_id = ${tenantId} and p.pass_id = l.pass_id offset 0) p on true
        join pass_types t on t.tenant_id = ${tenantId} and t.pass_type_id = p.pass_type_id
       group by l.operation_id
    )
    select o.operation_id as "operationId",
           o.input,
           o.cancel_requested as "cancelRequested",
           o.accepted_at as "acceptedAt",
           greatest(octet_length(o.input::text), hit.bytes, octet_length(named.data::text)) as bytes,
           coalesce(hit.hits, '[]') as hits,
           named.customer_id as "namedCustomerId"
      from operation o
      left join hit using (operation_id)
      left join lateral (select customer_id, data from passes p
                          where p.tenant_id = ${tenantId} and p.pass_id = (o.input ->> 'passId')::uuid offset 0) named on true
     order by o.acceptance_sequence`);
}

/** Marks operations as running on the passes that they found, with the step's evidence. */
export async function recordFoundMany(
  tenant: Sql,
  ref: BurstRef,
  found: readonly (FoundEvidence & { operationId: string; passId: string })[],
): Promise<void> {
  if (found.length === 0) return;
  const ids = found.map(({ operationId }) => operationId);
  await tenant.query(sql`
    with held as materialized (${heldOperations(ref, ids, 'accepted')}
    ), found as materialized (
      select f.*
        from jsonb_to_recordset(${JSON.stringify(found)}::jsonb)
               as f ("operationId" uuid, "passId" uuid, "customerId" uuid, matched text[], at timestamptz)
        join held on held.operation_id = f."operationId"
    ), steps as (
      insert into operation_steps (tenant_id, operation_id, step, state, attempts, started_at, ended_at, detail)
      select ${tenant.tenantId}::text, "operationId", 'find-pass', 'succeeded', 1, at, at, jsonb_build_object('matched', matched)
        from found
      on conflict (operation_id, step) do update set
        state = excluded.state,
        attempts = operation_steps.attempts + 1,
        ended_at = excluded.ended_at,
        detail = operation_steps.detail || excluded.detail
    )
    update operations o set
      status = 'running',
      started_at = coalesce(o.started_at, f.at),
      pass_id = f."passId",
      customer_id = f."customerId",
      matched = f.matched
    from found f
    where o.tenant_id = ${tenant.tenantId}
      and o.operation_id = f."operationId"`);
}

/** How many running operations of a burst ask for each step. */
export interface AskedSteps {
  convert: number;
  apply: number;
  recompute: number;
  state: number;
  messages: number;
  ends: number;
  /** Beginnings and ends. */
  offers: number;
}

export async function countAsked(tenant: Sql, ref: BurstRef): Promise<AskedSteps> {
  const [row] = await tenant.query<AskedSteps>(sql`
    select count(*) filter (where o.input ->> 'passType' is not null)::int as convert,
           count(*) filter (where coalesce(o.input -> 'data', '{}') <> '{}')::int as apply,
           count(*) filter (where o.input -> 'updateMetadata' = 'true')::int as recompute,
           count(*) filter (where o.kind = any(${OPERATIONS_OF_BURSTS['change-state']}::text[]))::int as state,
           count(*) filter (where o.kind = 'send-message')::int as messages,
           count(*) filter (where o.kind = 'end-message')::int as ends,
           count(*) filter (where o.kind in ('start-offer', 'end-offer'))::int as offers
      from ${operationsOf(ref)}
     where o.status = 'running'`);
  return row!;
}
