import type { Sql } from '../connect.js';
import { sql } from '../sql.js';

export interface RowCount {
  state: string;
  outcome: string | null;
  rows: number;
  pushed: number;
}

/** Rows of a campaign by state and outcome, as triggers keep them: the same work for ten rows and for a million. */
export async function countRows(db: Sql, campaignId: string): Promise<RowCount[]> {
  return db.query<RowCount>(sql`
    select state,
           nullif(outcome, '') as outcome,
           rows::int as rows,
           pushed::int as pushed
      from campaign_counts
     where tenant_id = ${db.tenantId}
       and campaign_id = ${campaignId}
       and rows > 0
     order by state, outcome`);
}

/** How many rows were done in the last minute. */
export async function countRecent(db: Sql, campaignId: string): Promise<number> {
  const [row] = await db.query<{ rows: number }>(sql`
    select count(*)::int as rows
      from campaign_rows
     where tenant_id = ${db.tenantId}
       and campaign_id = ${campaignId}
       and done_at > now() - interval '1 minute'`);
  return row!.rows;
}

/** When the first and the last of the waiting rows are due; null where none waits. */
export async function dueTimes(db: Sql, campaignId: string): Promise<{ first: Date; last: Date } | null> {
  const waiting = sql`
      from campaign_rows
     where tenant_id = ${db.tenantId}
       and campaign_id = ${campaignId}
       and state = 'waiting'`;
  const [row] = await db.query<{ first: Date | null; last: Date | null }>(sql`
    select (select min(due_at) ${waiting}) as first, (select max(due_at) ${waiting}) as last`);
  const { first, last } = row!;
  return first && last && { first, last };
}

/** Rows in trouble that one look reads. */
export const TROUBLED_ROWS = 10_000;

export interface RowTrouble {
  state: string;
  outcome: string | null;
  reason: string;
  rows: number;
}

/** Why rows did not get what they were to get, the commonest reason first, among the last `TROUBLED_ROWS` of them. */
export async function countReasons(db: Sql, campaignId: string, limit: number): Promise<RowTrouble[]> {
  return db.query<RowTrouble>(sql`
    select state,
           outcome,
           left(reason, 300) as reason,
           count(*)::int as rows
      from (
        select state, outcome, reason
          from campaign_rows
         where tenant_id = ${db.tenantId}
           and campaign_id = ${campaignId}
           and state in ('done', 'unreached')
           and reason is not null
         order by row_number desc
         limit ${TROUBLED_ROWS}
      ) last
     group by 1, 2, 3
     order by rows desc, reason
     limit ${limit}`);
}

/** How far the fetches of a campaign are counted. */
export interface FetchCount {
  /** Rows up to this one are counted in this round. */
  upTo: string;
  counted: number;
  /** Of the last whole round. */
  known: number;
}

const FETCH_PAGE = 20_000;
/** One look counts no further than this. */
const FETCH_MS = 150;

/** Counts the next page of rows; undefined while somebody else has the campaign. */
async function countFetchedPage(db: Sql, campaignId: string): Promise<FetchCount | undefined> {
  const [row] = await db.query<{ fetch_count: FetchCount }>(sql`
    with turn as materialized (
      select campaign_id,
             coalesce((fetch_count ->> 'upTo')::bigint, 0) as up_to,
             coalesce((fetch_count ->> 'counted')::int, 0) as counted,
             coalesce((fetch_count ->> 'known')::int, 0) as known
        from campaigns
       where tenant_id = ${db.tenantId}
         and campaign_id = ${campaignId}
         for update skip locked
    ), page as materialized (
      select r.*
        from turn
       cross join lateral (
         select row_number, pass_id, revision, pushed
           from campaign_rows
          where tenant_id = ${db.tenantId}
            and campaign_id = turn.campaign_id
            and row_number > turn.up_to
          order by row_number
          limit ${FETCH_PAGE}) r
    ), found as (
      select count(*) as rows,
             max(row_number) as up_to,
             count(*) filter (where pushed and exists (
               select
                 from apple_registrations a
                where a.tenant_id = ${db.tenantId}
                  and a.pass_id = page.pass_id
                  and a.fetched_revision >= page.revision))::int as fetched
        from page
    )
    update campaigns c
       set fetch_count = case when found.rows < ${FETCH_PAGE}
             then jsonb_build_object('upTo', '0', 'counted', 0, 'known', turn.counted + found.fetched)
             else jsonb_build_object(
               'upTo', found.up_to::text, 'counted', turn.counted + found.fetched, 'known', turn.known) end
      from turn, found
     where c.tenant_id = ${db.tenantId}
       and c.campaign_id = turn.campaign_id
    returning c.fetch_count`);
  return row?.fetch_count;
}

/**
 * How many rows an iPhone has fetched since their operation changed the pass; Google tells nobody. Fetches come long after a
 * campaign, and phones that fetch must not wait for its counts: each look counts some pages on from the one before, and beyond
 * what it can count in its time says what the last whole round has found.
 */
export async function countFetched(db: Sql, campaignId: string, known: FetchCount | null): Promise<number> {
  const startedMs = performance.now();
  let at = known;
  do {
    const next = await countFetchedPage(db, campaignId);
    at = next ?? at;
    if (!next || next.upTo === '0') break;
  } while (performance.now() - startedMs < FETCH_MS);
  return at === null ? 0 : Math.max(at.known, at.counted);
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
