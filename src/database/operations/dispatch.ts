import { OPERATIONS_OF_BURSTS, type Flood } from '../../passes/burst-kind.js';
import { OPERATION_KINDS, type OperationKind } from '../../passes/operation.js';
import { askedIdentifiers } from './asked-identifiers.js';
import type { SystemSql } from '../connect.js';
import { sql } from '../sql.js';

export interface Dispatchable {
  tenant_id: string;
  operation_id: string;
  kind: OperationKind;
  run: number;
  /** The pass that the identifiers lead to at this moment, where it is one: a hint for operators' searches. */
  pass_hint: string | null;
  /** A test key or a test pass is concerned. */
  test: boolean;
  /** The span that accepted it, as a `traceparent`: what is started for it is a part of that trace. */
  trace_context: string | null;
}

/** What one dispatcher may start now. */
export interface Shares {
  dispatcherId: string;
  /** How many workflows of one tenant, started by this dispatcher, may wait for the end of their first step. */
  perTenant: number;
  /** Tenants that get nothing while another's few requests are served: this dispatcher started one for them just now. */
  giveWay: readonly string[];
  /** What goes as bursts. */
  flooded: readonly Flood[];
}

/** Operations `o` of a tenant of `room` whose time has come. */
const DUE = sql`
                  select operation_id, dispatch_after
                  from operations o
                  where o.status = 'accepted'
                    and o.tenant_id = r.tenant_id
                    and o.dispatch_after <= now()`;

/** A tenant with no more than this waiting and started is one that must not feel the others' floods. */
const SMALL = 2;

/**
 * Claims up to `limit` accepted operations for `leaseMs` each; a claim that a crash left over expires by itself.
 * Tenants take turns, oldest operation first, so that one tenant's flood delays only that tenant. Per tenant a
 * dispatcher starts no more than its share until a first step is done, which keeps the queues of engine and workers
 * short. One statement: a loose index scan finds the tenants that wait, and only claimed rows are locked.
 */
export async function claimAccepted(
  system: SystemSql,
  limit: number,
  leaseMs: number,
  shares: Shares,
): Promise<Dispatchable[]> {
  const inBursts = shares.flooded.flatMap(({ tenantId, kind }) =>
    OPERATIONS_OF_BURSTS[kind].map((ofOperation) => ({ tenantId, kind: ofOperation })),
  );
  return system.query<Dispatchable>(
    sql`
      with recursive
        waiting as (
          (
            select tenant_id
            from operations
            where status = 'accepted'
            order by tenant_id
            limit 1
          )
          union all
          select
            (
              select o.tenant_id
              from operations o
              where o.status = 'accepted' and o.tenant_id > w.tenant_id
              order by o.tenant_id
              limit 1
            )
          from waiting w
          where w.tenant_id is not null
        ),
        at_work as (
          -- A claim sets dispatch_after: these were claimed within the last second and have done their first step.
          select tenant_id, count(*) as n
          from operations
          where status = 'running'
            and dispatch_after <= now() + ${leaseMs}::double precision * interval '1 millisecond'
            and dispatch_after > now() + (${leaseMs}::double precision - 1000) * interval '1 millisecond'
          group by tenant_id
        ),
        in_bursts as materialized (
          select tenant_id, array_agg(kind) as kinds
          from unnest(
              ${inBursts.map(({ tenantId }) => tenantId)}::text[],
              ${inBursts.map(({ kind }) => kind)}::text[]
            ) as f (tenant_id, kind)
          group by tenant_id
        ),
        burden as (
          select t.tenant_id, s.mine, s.pending + d.due + t.at_work as size
          from (select tenant_id, coalesce(n, 0) as at_work from waiting full join at_work using (tenant_id)) t
            cross join lateral (
              select
                count(*) as pending,
                count(*) filter (where o.dispatched_by = ${shares.dispatcherId}::uuid and o.burst_id is null) as mine
              from operations o
              where o.status = 'accepted'
                and o.tenant_id = t.tenant_id
                and o.dispatch_after > now()
                -- No claim lasts longer: what is paused, or has its time later, is not counted one by one.
                and o.dispatch_after <= now() + ${leaseMs}::double precision * interval '1 millisecond'
            ) s
            cross join lateral (
              select count(*) as due
              from (
                  select
                  from operations o
                  where o.status = 'accepted'
                    and o.tenant_id = t.tenant_id
                    and o.dispatch_after <= now()
                  order by o.dispatch_after
                  limit ${SMALL + 1}
                ) o
            ) d
        ),
        room as (
          -- Where bursts take all that a tenant has waiting, there is nothing to look for among it: a probe for each other kind.
          select
            tenant_id,
            coalesce(in_bursts.kinds, '{}') as kinds_in_bursts,
            least(${limit}, ${shares.perTenant}::int - mine) as free,
            in_bursts.kinds is not null
              and not exists (
                select
                from unnest(${OPERATION_KINDS}::text[]) as other (kind)
                  cross join lateral (
                    select
                    from operations u
                    where u.tenant_id = burden.tenant_id
                      and u.status = 'accepted'
                      and u.kind = other.kind
                    limit 1
                  ) waits
                where other.kind <> all (in_bursts.kinds)
              ) as all_in_bursts
          from burden
            left join in_bursts using (tenant_id)
          where size <= ${SMALL}::int
            or tenant_id <> all (${shares.giveWay}::text[])
            or not exists (select from burden where size between 1 and ${SMALL}::int)
        ),
        due as (
          select
            d.operation_id,
            d.dispatch_after,
            r.free,
            row_number() over (partition by r.tenant_id order by d.dispatch_after) as turn
          from room r
            cross join lateral (
              select *
              from (
                  ${DUE}
                    and o.burst_id is null
                    and not o.alone
                    -- Of "<> all" the planner expects no row, and sorts the whole queue instead of reading its beginning.
                    and array_position(r.kinds_in_bursts, o.kind) is null
                  order by o.dispatch_after
                  limit case when r.all_in_bursts then 0 else greatest(0, r.free) end
                  for update skip locked
                ) others
              union all
              -- They have an index of their own: behind a flood they would be looked for among all of it.
              select *
              from (
                  ${DUE}
                    and o.alone
                  order by o.dispatch_after
                  limit greatest(0, r.free)
                  for update skip locked
                ) apart
            ) d
        ),
        claimed as (
          update operations
          set
            dispatch_after = now() + ${leaseMs}::double precision * interval '1 millisecond',
            dispatched_at = now(),
            dispatched_by = ${shares.dispatcherId}::uuid
          where operation_id in (
              select operation_id
              from due
              where turn <= free
              order by turn, dispatch_after
              limit ${limit}
            )
          returning
            tenant_id,
            operation_id,
            kind,
            run,
            test,
            trace_context,
            coalesce(
              pass_id,
              (
                select case when count(distinct p.pass_id) = 1 then (array_agg(p.pass_id)) [1] end
                from ${askedIdentifiers(sql`operations.input`)} i
                  left join customer_identifiers c on c.tenant_id = operations.tenant_id
                  and c.kind = i.kind
                  and c.value = i.value
                  join lateral (
                    select pass_id
                    from passes
                    where customer_id = c.customer_id and tenant_id = operations.tenant_id
                    union all
                    select pass_id
                    from passes
                    where i.kind = 'serialNumber'
                      and serial_number = i.value
                      and tenant_id = operations.tenant_id
                  ) p on true
              )
            ) as pass_hint
        )
      select
        c.tenant_id,
        c.operation_id,
        c.kind,
        c.run,
        c.pass_hint,
        c.trace_context,
        c.test
        or coalesce(p.test, false) as test
      from claimed c left join passes p on p.pass_id = c.pass_hint`,
  );
}

/**
 * Gives operations back that could not be started. After an outage (`afterMs` null) they keep their place, so that the
 * oldest start first; one that cannot be started for a reason of its own is due again after a pause, behind the others.
 */
export async function releaseClaims(
  system: SystemSql,
  operationIds: readonly string[],
  afterMs: number | null,
): Promise<void> {
  await system.query(sql`
    update operations
    set dispatch_after = coalesce(now() + ${afterMs}::double precision * interval '1 millisecond', accepted_at)
    where operation_id = any (${operationIds}::uuid[]) and status = 'accepted'`);
}
