import type { Sql } from '../connect.js';
import { sql } from '../sql.js';
import { isUnfinished } from './fragments.js';

/** What is under way for one tenant. */
export interface Backlog {
  /** Accepted and not begun; counting stops at `COUNTED_MOST`. */
  waiting: number;
  running: number;
  /** Operations of a burst on average over the last minute; 0 where none was formed. */
  burstSize: number;
  /** Operations that bursts were through with in the last minute, a second. */
  perSecond: number;
  /** Operations of bursts whose phones have been notified and whose Google objects are still to be written. */
  google: number;
}

export const COUNTED_MOST = 1_000_000;

/** For the operator's page: counts an index of unfinished operations, and the bursts of the last minute. */
export async function readBacklog(db: Sql): Promise<Backlog> {
  const { tenantId } = db;
  const [row] = await db.query<Backlog>(sql`
    select o.waiting, o.running, b."burstSize", b."perSecond", g.google
      from (
        select count(*) filter (where status = 'accepted')::int as waiting,
               count(*) filter (where status <> 'accepted')::int as running
          from (
            select status
              from operations
             where tenant_id = ${tenantId}
               and ${isUnfinished()}
             limit ${COUNTED_MOST}) unfinished) o,
           (
        select coalesce(avg(cardinality(operation_ids)) filter (where created_at > now() - interval '1 minute'), 0)::float8 as "burstSize",
               coalesce(sum(cardinality(operation_ids)) filter (where notified_at > now() - interval '1 minute'), 0)::float8 / 60 as "perSecond"
          from bursts
         where tenant_id = ${tenantId}
           and kind <> 'write-back'
           and created_at > now() - interval '10 minutes') b,
           (
        select count(*)::int as google
          from operations u
          join operation_steps s on s.operation_id = u.operation_id and s.step = 'update-google-object' and s.state = 'waiting'
         where u.tenant_id = ${tenantId}
           and u.status = 'running'
           and u.burst_id is not null) g`);
  return row!;
}
