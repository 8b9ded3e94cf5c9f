import type { SystemSql } from '../connect.js';
import { raw, sql } from '../sql.js';

export interface DispatchableDelivery {
  tenant_id: string;
  delivery_id: string;
  endpoint_id: string;
  run: number;
  /** The operation whose event it carries, if one made it. */
  operation_id: string | null;
  /** The span that accepted that operation, as a `traceparent`. */
  trace_context: string | null;
}

/** First attempts of one endpoint under way at a time; of one that fails few, for each may hold a worker's slot for long. */
const AT_ONCE = 50;
const AT_ONCE_FAILING = 4;
/** Of all endpoints of one tenant: a few times what workers attempt at once. The others wait as rows, which costs nothing. */
const AT_ONCE_OF_TENANT = 100;
/** An attempt takes less, with all its retries: a delivery that is under way for longer has lost its workflow. */
export const LOST_MINUTES = 15;
/** Where more wait than have room, they go when so many have it: one run takes them together. */
const TOGETHER = 20;
const LOST_AFTER = raw(`interval '${LOST_MINUTES} minutes'`);

/**
 * Takes deliveries that wait to be started, each for `leaseMs`. Tenants take turns, the oldest of each first; for each
 * endpoint only so many as it has room for. Loose scans of the index find who waits, however long the queues are.
 */
export async function claimDeliveries(
  system: SystemSql,
  limit: number,
  leaseMs: number,
): Promise<DispatchableDelivery[]> {
  return system.query<DispatchableDelivery>(sql`
    with recursive waiting as (
      (select tenant_id, endpoint_id
         from deliveries
        where status = 'accepted'
        order by tenant_id, endpoint_id
        limit 1)
      union all
      select next.tenant_id, next.endpoint_id
        from waiting w
       cross join lateral (
             select d.tenant_id, d.endpoint_id
               from deliveries d
              where d.status = 'accepted'
                and (d.tenant_id, d.endpoint_id) > (w.tenant_id, w.endpoint_id)
              order by d.tenant_id, d.endpoint_id
              limit 1) next
    ),
    room as (
      select w.tenant_id,
             w.endpoint_id,
             e.failing_since is not null as failing,
             case when e.failing_since is null then ${AT_ONCE}::integer else ${AT_ONCE_FAILING}::integer end
               - claimed.n - under_way.n as free,
             ${AT_ONCE_OF_TENANT}::integer
               - sum(claimed.n + under_way.n) over (partition by w.tenant_id) as free_of_tenant
        from waiting w
        join webhook_endpoints e on e.tenant_id = w.tenant_id and e.endpoint_id = w.endpoint_id
       cross join lateral (
             select count(*)::integer as n
               from deliveries d
              where d.status = 'accepted'
                and d.tenant_id = w.tenant_id
                and d.endpoint_id = w.endpoint_id
                and d.dispatch_after > now()) claimed
       cross join lateral (
             select count(*)::integer as n
               from deliveries d
              where d.status = 'delivering'
                and d.endpoint_id = w.endpoint_id
                and d.dispatch_after > now() - ${LOST_AFTER}) under_way
    ),
    due as (
      select d.delivery_id,
             d.dispatch_after,
             r.free_of_tenant,
             row_number() over (partition by r.tenant_id order by d.dispatch_after) as turn
        from room r
       cross join lateral (
             select delivery_id, dispatch_after
               from deliveries d
              where d.status = 'accepted'
                and d.tenant_id = r.tenant_id
                and d.endpoint_id = r.endpoint_id
                and d.dispatch_after <= now()
              order by d.dispatch_after
              limit case
                    when r.free < ${TOGETHER}::integer
                     and not r.failing
                     and exists (
                         select
                           from deliveries more
                          where more.status = 'accepted'
                            and more.tenant_id = r.tenant_id
                            and more.endpoint_id = r.endpoint_id
                            and more.dispatch_after <= now()
                         offset greatest(0, r.free) limit 1)
                    then 0
                    else least(${limit}, greatest(0, r.free))
                    end
                for update skip locked) d
    )
    update deliveries
       set dispatch_after = now() + ${leaseMs}::double precision * interval '1 millisecond'
     where delivery_id in (
             select delivery_id
               from due
              where turn <= free_of_tenant
              order by turn, dispatch_after
              limit ${limit})
       and status = 'accepted'
    returning tenant_id, delivery_id, endpoint_id, run, (
                select e.operation_id from events e where e.event_id = deliveries.event_id) as operation_id, (
                select o.trace_context
                  from events e
                  join operations o on o.tenant_id = e.tenant_id and o.operation_id = e.operation_id
                 where e.event_id = deliveries.event_id) as trace_context`);
}

/** Notes that the workflow of these deliveries of one tenant runs: no sweep starts it again. */
export async function markDelivering(
  system: SystemSql,
  tenantId: string,
  deliveries: readonly { delivery_id: string; run: number }[],
): Promise<void> {
  await system.query(sql`
    update deliveries d
       set status = 'delivering'
      from unnest(${deliveries.map((one) => one.delivery_id)}::uuid[], ${deliveries.map((one) => one.run)}::int[])
             as started (delivery_id, run)
     where d.tenant_id = ${tenantId}
       and d.delivery_id = started.delivery_id
       and d.run = started.run
       and d.status = 'accepted'`);
}
