import type { Sql } from '../connect.js';
import { sql } from '../sql.js';

export interface RowCount {
  state: string;
  outcome: string | null;
  rows: number;
  pushed: number;
  /** Of the last minute. */
  recent: number;
}

/** Rows of a campaign by state and outcome. */
export async function countRows(db: Sql, campaignId: string): Promise<RowCount[]> {
  return db.query<RowCount>(sql`
    select state,
           outcome,
           count(*)::int as rows,
           count(*) filter (where pushed)::int as pushed,
           count(*) filter (where done_at > now() - interval '1 minute')::int as recent
      from campaign_rows
     where tenant_id = ${db.tenantId}
       and campaign_id = ${campaignId}
     group by state, outcome
     order by state, outcome`);
}

export interface RowTrouble {
  state: string;
  outcome: string | null;
  reason: string;
  rows: number;
}

/** Why rows did not get what they were to get, the commonest reason first. */
export async function countReasons(db: Sql, campaignId: string, limit: number): Promise<RowTrouble[]> {
  return db.query<RowTrouble>(sql`
    select state,
           outcome,
           left(reason, 300) as reason,
           count(*)::int as rows
      from campaign_rows
     where tenant_id = ${db.tenantId}
       and campaign_id = ${campaignId}
       and state in ('done', 'unreached')
       and reason is not null
     group by 1, 2, 3
     order by rows desc, reason
     limit ${limit}`);
}

/** How many rows an iPhone has fetched since their operation changed the pass. Google tells nobody. */
export async function countFetched(db: Sql, campaignId: string): Promise<number> {
  const [row] = await db.query<{ fetched: number }>(sql`
    select count(*)::int as fetched
      from campaign_rows r
     where r.tenant_id = ${db.tenantId}
       and r.campaign_id = ${campaignId}
       and r.pushed
       and exists (
             select
               from apple_registrations a
              where a.tenant_id = r.tenant_id
                and a.pass_id = r.pass_id
                and a.fetched_revision >= r.revision)`);
  return row!.fetched;
}

export interface ResultRow {
  row: string;
  line: number | null;
  serialNumber: string | null;
  state: string;
  operationId: string | null;
  outcome: string | null;
  reason: string | null;
  pushed: boolean;
  fetched: boolean;
}

/** The next rows after `after`, in their order, as somebody downloads them. */
export async function listRows(
  db: Sql,
  campaignId: string,
  page: { after: string; limit: number; faulty?: boolean },
): Promise<ResultRow[]> {
  return db.query<ResultRow>(sql`
    select r.row_number as row,
           r.line,
           p.serial_number as "serialNumber",
           r.state,
           r.operation_id as "operationId",
           r.outcome,
           r.reason,
           r.pushed,
           exists (
             select
               from apple_registrations a
              where a.tenant_id = r.tenant_id
                and a.pass_id = r.pass_id
                and r.pushed
                and a.fetched_revision >= r.revision) as fetched
      from (
        select *
          from campaign_rows
         where tenant_id = ${db.tenantId}
           and campaign_id = ${campaignId}
           and row_number > ${page.after}::bigint
           and (not ${page.faulty ?? false} or state = 'refused')
         order by row_number
         limit ${page.limit}
      ) r
      -- offset 0: else all passes are read for each page.
      left join lateral (select serial_number from passes p
                          where p.tenant_id = r.tenant_id and p.pass_id = r.pass_id offset 0) p on true
     order by r.row_number`);
}
