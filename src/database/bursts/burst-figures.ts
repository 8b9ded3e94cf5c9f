import type { SystemSql } from '../connect.js';
import { sql } from '../sql.js';

/** How bursts go, over the last minute. */
export interface BurstFigures {
  running: number;
  /** Operations of a burst, on average; 0 where none was formed. */
  size: number;
  /** Operations whose phones were told in bursts, a second. */
  perSecond: number;
}

/** For metrics. */
export async function readBurstFigures(system: SystemSql): Promise<BurstFigures> {
  const [row] = await system.query<BurstFigures>(sql`
    select count(*) filter (where ended_at is null and kind <> 'write-back')::int as running,
           coalesce(avg(cardinality(operation_ids)) filter (where created_at > now() - interval '1 minute' and kind <> 'write-back'), 0)::float8 as size,
           coalesce(sum(cardinality(operation_ids)) filter (where notified_at > now() - interval '1 minute' and kind <> 'write-back'), 0)::float8 / 60
             as "perSecond"
      from bursts
     where ended_at is null
        or created_at > now() - interval '10 minutes'`);
  return row!;
}

/** Removes what was a burst so many days ago; its operations stay. */
export async function deleteOldBursts(system: SystemSql, days: number): Promise<number> {
  const rows = await system.query(sql`
    delete from bursts
     where ended_at < now() - ${days}::int * interval '1 day'
    returning burst_id`);
  return rows.length;
}
