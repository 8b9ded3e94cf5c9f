import type { SystemSql } from './connect.js';
import { raw, sql, type Statement } from './sql.js';

/** Rows whose workflow runs, as the partial indexes know them. `dispatch_after` keeps when one was started or compared. */
const UNDER_WAY = {
  operations: { table: raw('operations'), key: raw('operation_id'), is: raw("status in ('running', 'retrying')") },
  deliveries: { table: raw('deliveries'), key: raw('delivery_id'), is: raw("status in ('delivering', 'retrying')") },
};

export interface ComparisonTimes {
  /** How long a row rests after it was started or compared. */
  settledMs: number;
  againMs: number;
}

/** Takes up to `limit` rows to compare with Temporal, oldest first; each comes again after `againMs`. Add `returning`. */
export const takeUnderWay = (
  what: keyof typeof UNDER_WAY,
  limit: number,
  { settledMs, againMs }: ComparisonTimes,
): Statement => {
  const { table, key, is } = UNDER_WAY[what];
  return sql`
    update ${table}
       set dispatch_after = now() + ${againMs - settledMs}::double precision * interval '1 millisecond'
     where ${key} in (
             select ${key}
               from ${table}
              where ${is}
                and dispatch_after < now() - ${settledMs}::double precision * interval '1 millisecond'
              order by dispatch_after
              limit ${limit}
                for update skip locked)`;
};

/** How many operations and deliveries are under way. */
export interface UnderWayCounts {
  operations: number;
  deliveries: number;
}

/** Lets workers compare everything that is under way at their next look. */
export async function compareAllSoon(system: SystemSql): Promise<UnderWayCounts> {
  const { operations, deliveries } = UNDER_WAY;
  const longAgo = sql`now() - interval '1 hour'`;
  const [row] = await system.query<UnderWayCounts>(sql`
    with operations_due as (
      update operations set dispatch_after = ${longAgo} where ${operations.is} returning 1
    ),
    deliveries_due as (
      update deliveries set dispatch_after = ${longAgo} where ${deliveries.is} returning 1
    )
    select (select count(*)::int from operations_due) as operations,
           (select count(*)::int from deliveries_due) as deliveries`);
  return row!;
}

export async function countUnderWay(system: SystemSql): Promise<UnderWayCounts> {
  const { operations, deliveries } = UNDER_WAY;
  const [row] = await system.query<UnderWayCounts>(sql`
    select (select count(*)::int from operations where ${operations.is}) as operations,
           (select count(*)::int from deliveries where ${deliveries.is}) as deliveries`);
  return row!;
}
