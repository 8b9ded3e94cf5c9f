import type { Sql } from '../connect.js';
import { raw, sql } from '../sql.js';

export interface DispatchableDelivery {
  tenant_id: string;
  delivery_id: string;
  run: number;
  /** The operation whose event it carries, if one made it. */
  operation_id: string | null;
}

/** First attempts of one endpoint under way at a time; of one that fails few, for each may hold a worker's slot for long. */
const AT_ONCE = 50;
const AT_ONCE_FAILING = 4;
/** An attempt takes less, with all its retries: a delivery that is under way for longer has lost its workflow. */
export const LOST_MINUTES = 15;
const LOST_AFTER = raw(`interval '${LOST_MINUTES} minutes'`);

/**
 * Takes deliveries that wait to be started, each for `leaseMs`. Tenants take turns, the oldest of each first; for each
 * endpoint only so many as it has room for. Loose scans of the index find who waits, whatever their queues hold. Runs as
 * the system.
 */
export async function claimDeliveries(system: Sql, limit: number, leaseMs: number): Promise<DispatchableDelivery[]> {
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
             case when e.failing_since is null then ${AT_ONCE}::integer else ${AT_ONCE_FAILING}::integer end
               - claimed.n - under_way.n as free
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
              limit least(${limit}, greatest(0, r.free))
                for update skip locked) d
    )
    update deliveries
       set dispatch_after = now() + ${leaseMs}::double precision * interval '1 millisecond'
     where delivery_id in (select delivery_id from due order by turn, dispatch_after limit ${limit})
       and status = 'accepted'
    returning tenant_id, delivery_id, run, (
                select e.operation_id from events e where e.event_id = deliveries.event_id) as operation_id`);
}

/** Its workflow runs: no sweep starts it again. Runs as the system. */
export async function markDelivering(system: Sql, delivery: DispatchableDelivery): Promise<void> {
  await system.query(sql`
    update deliveries
       set status = 'delivering'
     where tenant_id = ${delivery.tenant_id}
       and delivery_id = ${delivery.delivery_id}
       and run = ${delivery.run}
       and status = 'accepted'`);
}
