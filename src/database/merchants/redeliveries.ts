import type { Sql } from '../connect.js';
import { sql } from '../sql.js';
import { LOST_MINUTES } from './claim-deliveries.js';

const LOST = sql`(status = 'delivering' and dispatch_after < now() - ${LOST_MINUTES}::int * interval '1 minute')`;
const AGAIN = sql`status = 'accepted', run = run + 1, dispatch_after = now(), next_attempt_at = null, ended_at = null`;

/**
 * Delivers one event again from the start of the schedule. `endpoint-off`: it would be cancelled at once, save a test
 * event; `under-way`: its next attempt comes by itself.
 */
export async function redeliver(
  db: Sql,
  deliveryId: string,
): Promise<'again' | 'endpoint-off' | 'under-way' | 'unknown'> {
  const [row] = await db.query<{ again: boolean; off: boolean; known: boolean }>(
    sql`
      with
        off as (
          select
          from deliveries d
            join webhook_endpoints w on w.endpoint_id = d.endpoint_id
            and w.state = 'disabled'
            join events e on e.event_id = d.event_id
            and e.type <> 'webhook.test'
          where d.tenant_id = ${db.tenantId} and d.delivery_id = ${deliveryId}
        ),
        again as (
          update deliveries
          set ${AGAIN}
          where tenant_id = ${db.tenantId}
            and delivery_id = ${deliveryId}
            and not exists (select from off)
            and (status in ('delivered', 'exhausted', 'cancelled', 'retrying') or ${LOST})
          returning delivery_id
        )
      select exists (select from again) as again, exists (select from off) as off,
             exists (select from deliveries where tenant_id = ${db.tenantId} and delivery_id = ${deliveryId}) as known`,
  );
  if (row!.again) return 'again';
  if (row!.off) return 'endpoint-off';
  return row!.known ? 'under-way' : 'unknown';
}

/** Delivers everything again that an endpoint did not take. Returns how many. */
export async function redeliverFailed(db: Sql, endpointId: string): Promise<number> {
  const rows = await db.query(
    sql`update deliveries set ${AGAIN} where tenant_id = ${db.tenantId} and endpoint_id = ${endpointId}
        and (status in ('exhausted', 'cancelled') or ${LOST}) returning delivery_id`,
  );
  return rows.length;
}
