import type { SystemSql } from '../connect.js';
import { sql } from '../sql.js';
import { takeUnderWay, type ComparisonTimes } from '../under-way.js';

export interface DeliveryUnderWay {
  tenant_id: string;
  delivery_id: string;
  run: number;
}

/** Takes up to `limit` deliveries that were started and not compared for a while. */
export async function claimDeliveriesUnderWay(
  system: SystemSql,
  limit: number,
  times: ComparisonTimes,
): Promise<DeliveryUnderWay[]> {
  return system.query<DeliveryUnderWay>(sql`
    ${takeUnderWay('deliveries', limit, times)}
    returning tenant_id, delivery_id, run`);
}

/** Starts a delivery again whose workflow is gone; false where it has ended or was started meanwhile. */
export async function deliverAnew(system: SystemSql, delivery: DeliveryUnderWay): Promise<boolean> {
  const rows = await system.query(sql`
    update deliveries
       set status = 'accepted',
           run = run + 1,
           dispatch_after = now(),
           next_attempt_at = null
     where tenant_id = ${delivery.tenant_id}
       and delivery_id = ${delivery.delivery_id}
       and run = ${delivery.run}
       and status in ('delivering', 'retrying')
    returning run`);
  return rows.length > 0;
}
