import { randomUUID } from 'node:crypto';
import {
  FORMED_KINDS,
  OPERATIONS_OF_BURSTS,
  type BurstKind,
  type Flood,
  type FormedKind,
} from '../../passes/burst-kind.js';
import { MOST_LINKS } from '../../tracing/spans.js';
import type { Sql, SystemSql } from '../connect.js';
import { isUnfinished } from '../operations/fragments.js';
import { join, sql } from '../sql.js';
import type { BurstRef } from './burst-steps.js';

export interface DispatchableBurst extends BurstRef {
  kind: BurstKind;
  /** In the order of acceptance. */
  operationIds: string[];
  /** The spans that accepted some of its operations, as `traceparent`s; null where none was traced. */
  traceContexts: string[] | null;
}

/** Of the first operations of a burst: a span has room for so many links. */
export const TRACE_CONTEXTS = sql`(
      select array_agg(o.trace_context) filter (where o.trace_context is not null)
        from operations o
       where o.tenant_id = bursts.tenant_id
         and o.operation_id = any(bursts.operation_ids[1:${MOST_LINKS}::int]))`;

export interface BurstShares {
  dispatcherId: string;
  /** From so many waiting operations of one tenant on that bursts of one kind take, they go as a burst. */
  atLeast: number;
  /** The most that one burst takes. */
  most: number;
  /** How many bursts of one tenant this dispatcher may have whose phones have not been told. */
  atOnce: number;
  /** What a burst should take until its phones are told: the next one's size follows from the last one's time. */
  aimMs: number;
}

/** The kind of burst that takes an operation; null where none does. */
const BURST_OF_OPERATION = sql`case
  ${join(
    FORMED_KINDS.map((kind) => sql`when o.kind = any(${OPERATIONS_OF_BURSTS[kind]}::text[]) then ${kind}::text`),
    ' ',
  )} end`;

/**
 * Forms one burst of the tenant and kind that have waited longest for their turn: up to `most` of the oldest waiting
 * operations, fewer where the last such burst took long. Returns it, and all floods. Test operations stay out, and those that
 * have left a burst.
 */
export async function claimBurst(
  system: SystemSql,
  leaseMs: number,
  shares: BurstShares,
): Promise<{ burst: DispatchableBurst | null; flooded: Flood[] }> {
  const { atLeast, most } = shares;
  const burstId = randomUUID();
  const [row] = await system.query<{
    kind: FormedKind | null;
    tenant_id: string | null;
    operation_ids: string[] | null;
    trace_contexts: string[] | null;
    flooded: Flood[] | null;
  }>(sql`
    with recursive waiting as (
      (select tenant_id from operations where status = 'accepted' order by tenant_id limit 1)
      union all
      select (select o.tenant_id from operations o where o.status = 'accepted' and o.tenant_id > w.tenant_id
               order by o.tenant_id limit 1)
        from waiting w where w.tenant_id is not null
    ), flooded as materialized (
      select w.tenant_id,
             k.kind,
             (select count(*) from bursts b
               where b.tenant_id = w.tenant_id
                 and b.dispatched_by = ${shares.dispatcherId}
                 and b.kind <> 'write-back'
                 and b.notified_at is null
                 and b.created_at > now() - interval '1 minute') as under_way,
             last.created_at as last_at,
             last.size as last_size,
             last.ms as last_ms
        from waiting w
       cross join lateral (
         select kind, count(*) as due
           from (select ${BURST_OF_OPERATION} as kind, burst_id, alone, test from operations o
                  where o.status = 'accepted' and o.tenant_id = w.tenant_id and o.dispatch_after <= now()
                  order by o.dispatch_after limit ${4 * atLeast}) o
          where kind is not null and burst_id is null and not alone and not test
          group by kind) k
        left join lateral (
         select b.created_at, cardinality(b.operation_ids) as size,
                extract(epoch from b.notified_at - b.created_at)::float8 * 1000 as ms
           from bursts b where b.tenant_id = w.tenant_id and b.kind = k.kind
          order by b.created_at desc limit 1) last on true
       where w.tenant_id is not null
         and k.due >= ${atLeast}
    ), chosen as materialized (
      select tenant_id,
             kind,
             greatest(${atLeast}, least(${most},
               -- Twice the last size at most: one quick burst says little.
               coalesce(least(2 * last_size, last_size * ${shares.aimMs}::float8 / greatest(last_ms, 1)), ${most})))::int as size
        from flooded
       where under_way < ${shares.atOnce}
       order by last_at nulls first
       limit 1
    ), due as materialized (
      select o.operation_id
        from chosen c
       cross join lateral (
         select operation_id, ${BURST_OF_OPERATION} as kind, burst_id, alone, test, dispatch_after from operations o
          where o.status = 'accepted' and o.tenant_id = c.tenant_id and o.dispatch_after <= now()
          order by o.dispatch_after limit ${4 * most}) o
       where o.kind = c.kind and o.burst_id is null and not o.alone and not o.test
       order by o.dispatch_after
       limit (select size from chosen)
    ), locked as materialized (
      select o.operation_id
        from operations o
       where o.operation_id in (select operation_id from due)
         and o.status = 'accepted' and o.burst_id is null and not o.alone and o.dispatch_after <= now()
       order by o.operation_id
         for update skip locked
    ), claimed as (
      update operations o set
        burst_id = ${burstId}::uuid,
        dispatch_after = now() + ${leaseMs}::double precision * interval '1 millisecond',
        dispatched_at = now(),
        dispatched_by = ${shares.dispatcherId}::uuid
      where o.operation_id in (select operation_id from locked)
      returning o.tenant_id, o.operation_id, o.acceptance_sequence, o.trace_context
    ), formed as (
      insert into bursts (burst_id, tenant_id, kind, operation_ids, dispatched_by, lease_until)
      select ${burstId}::uuid, tenant_id, (select kind from chosen), array_agg(operation_id order by acceptance_sequence), ${shares.dispatcherId}::uuid,
             now() + ${leaseMs}::double precision * interval '1 millisecond'
        from claimed
       group by tenant_id
      returning tenant_id, kind, operation_ids
    )
    select formed.kind,
           formed.tenant_id,
           formed.operation_ids,
           (select array_agg(trace_context) filter (where trace_context is not null) from claimed) as trace_contexts,
           (select jsonb_agg(jsonb_build_object('tenantId', tenant_id, 'kind', kind)) from flooded) as flooded
      from (select) one left join formed on true`);
  const { kind, tenant_id: tenantId, operation_ids: operationIds, trace_contexts: traceContexts, flooded } = row!;
  return {
    burst:
      kind !== null && tenantId !== null && operationIds !== null
        ? { kind, tenantId, burstId, operationIds, traceContexts }
        : null,
    flooded: flooded ?? [],
  };
}

/** Bursts whose first step has not been done within their lease: they are started again. */
export async function claimStaleBursts(
  system: SystemSql,
  limit: number,
  leaseMs: number,
): Promise<DispatchableBurst[]> {
  return system.query<DispatchableBurst>(sql`
    update bursts set
      lease_until = now() + ${leaseMs}::double precision * interval '1 millisecond'
    where burst_id in (
      select burst_id from bursts
       where lease_until <= now()
       order by lease_until limit ${limit}
         for update skip locked)
    returning kind, tenant_id as "tenantId", burst_id as "burstId", operation_ids as "operationIds",
              ${TRACE_CONTEXTS} as "traceContexts"`);
}

/** A burst that could not be started is due again after a pause. */
export async function releaseBurst(tenant: Sql, { burstId }: BurstRef, afterMs: number): Promise<void> {
  await tenant.query(sql`
    update bursts set
      lease_until = now() + ${afterMs}::double precision * interval '1 millisecond'
    where tenant_id = ${tenant.tenantId}
      and burst_id = ${burstId}
      and lease_until is not null`);
}

/**
 * Lets every operation go that a burst has not ended: each waits for a run of its own, in which the steps find what is
 * done. Returns how many there were.
 */
export async function dissolveBurst(tenant: Sql, { burstId }: BurstRef): Promise<number> {
  const rows = await tenant.query(sql`
    with ended as (
      update bursts set
        ended_at = coalesce(ended_at, clock_timestamp()),
        notified_at = coalesce(notified_at, clock_timestamp()),
        lease_until = null,
        sealed_at = coalesce(sealed_at, clock_timestamp())
      where tenant_id = ${tenant.tenantId}
        and burst_id = ${burstId}
      returning operation_ids
    )
    update operations o set
      burst_id = null,
      status = 'accepted',
      dispatch_after = now(),
      dispatched_at = null,
      dispatched_by = null
    from ended
    where o.tenant_id = ${tenant.tenantId}
      and o.operation_id = any(ended.operation_ids)
      and o.burst_id = ${burstId}
      and ${isUnfinished('o')}
    returning o.operation_id`);
  return rows.length;
}
