import type { Sql } from '../connect.js';
import { sql } from '../sql.js';

/** Seconds that the oldest operation has waited for a worker, by tenant, longest first. Runs as the system or a tenant. */
export async function listLongestWaits(
  db: Sql,
  atLeastSeconds: number,
): Promise<{ tenantId: string; waitingSeconds: number }[]> {
  const rows = await db.query<{ tenant_id: string; seconds: number }>(sql`
    select tenant_id, extract(epoch from now() - min(accepted_at))::float8 as seconds
      from operations
     where status = 'accepted'
     group by tenant_id
    having min(accepted_at) < now() - ${atLeastSeconds}::float8 * interval '1 second'
     order by 2 desc
     limit 100`);
  return rows.map(({ tenant_id: tenantId, seconds }) => ({ tenantId, waitingSeconds: Math.floor(seconds) }));
}
