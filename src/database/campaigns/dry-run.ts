import type { RowValue } from '../../passes/campaign-message.js';
import type { Sql } from '../connect.js';
import { sql } from '../sql.js';
import { ON_APPLE, ON_GOOGLE } from './audience.js';
import { PROFILE } from './profile-of.js';

/** What a dry run has counted of the rows that would be sent to, up to the row `upTo`. */
export interface DryRun {
  upTo: string;
  apple: number;
  google: number;
  both: number;
  none: number;
  /** Of messages: customers who have not agreed to the channel that the tenant asks for. */
  withoutConsent: number;
  /** Of messages: customers whose cap is used up now. */
  overCap: number;
  /** Customers without a value that the action asks for, in the order of `rowValuesOf`. */
  missing?: number[];
}

export const NOTHING_COUNTED: DryRun = {
  upTo: '0',
  apple: 0,
  google: 0,
  both: 0,
  none: 0,
  withoutConsent: 0,
  overCap: 0,
};

export interface Holds {
  /** Channel of consents without which nothing is sent; null: none. */
  channel: string | null;
  /** At most so many messages of marketing in so many hours; null: no cap. */
  cap: { most: number; hours: number } | null;
}

/** Counts the rows after `dryRun.upTo`, one page of them. The same one where there are no more. */
export async function countPage(
  tx: Sql,
  campaignId: string,
  { dryRun, holds, now, limit }: { dryRun: DryRun; holds: Holds; now: Date; limit: number },
): Promise<DryRun> {
  const { channel, cap } = holds;
  const [page] = await tx.query<Omit<DryRun, 'upTo' | 'missing'> & { upTo: string | null }>(sql`
    with page as materialized (
      select row_number, state, pass_id, customer_id
        from campaign_rows
       where tenant_id = ${tx.tenantId}
         and campaign_id = ${campaignId}
         and row_number > ${dryRun.upTo}::bigint
       order by row_number
       limit ${limit}
    ), seen as (
      select ${ON_APPLE} as apple,
             ${ON_GOOGLE} as google,
             ${channel}::text is not null and not coalesce((
               select k.granted
                 from consents k
                where k.tenant_id = p.tenant_id
                  and k.customer_id = p.customer_id
                  and k.channel = ${channel}
                order by k.given_at desc
                limit 1), false) as "withoutConsent",
             (select count(*)
                from messages m
               where m.tenant_id = p.tenant_id
                 and m.customer_id = p.customer_id
                 and m.class = 'marketing'
                 and m.claimed_at > ${now}::timestamptz - make_interval(hours => ${cap?.hours ?? 0}::int))
               >= ${cap?.most ?? null}::int as "overCap"
        from page r
        -- offset 0: else all passes are read for each page.
        join lateral (select * from passes p where p.tenant_id = ${tx.tenantId} and p.pass_id = r.pass_id offset 0) p on true
       where r.state = 'waiting'
    )
    select (select max(row_number)::text from page) as "upTo",
           count(*) filter (where apple and not google)::int as apple,
           count(*) filter (where google and not apple)::int as google,
           count(*) filter (where apple and google)::int as both,
           count(*) filter (where not apple and not google)::int as none,
           count(*) filter (where "withoutConsent")::int as "withoutConsent",
           count(*) filter (where "overCap")::int as "overCap"
      from seen`);
  if (!page?.upTo) return dryRun;
  const { upTo, ...counted } = page;
  const names = Object.keys(counted) as (keyof typeof counted)[];
  return { ...dryRun, ...Object.fromEntries(names.map((name) => [name, dryRun[name] + counted[name]])), upTo };
}

/** Counts, over the rows after `after` up to `upTo`, who has nothing under each of the names. */
export async function countMissing(
  tx: Sql,
  campaignId: string,
  { values, after, upTo }: { values: readonly RowValue[]; after: string; upTo: string },
): Promise<number[]> {
  if (values.length === 0) return [];
  const counted = await tx.query<{ rows: number }>(sql`
    with page as materialized (
      select r.given, c.properties
        from campaign_rows r
        -- offset 0: else all customers are read for each page.
        join lateral (select ${PROFILE} as properties from customers c
                       where c.tenant_id = ${tx.tenantId} and c.customer_id = r.customer_id offset 0) c on true
       where r.tenant_id = ${tx.tenantId}
         and r.campaign_id = ${campaignId}
         and r.row_number > ${after}::bigint
         and r.row_number <= ${upTo}::bigint
         and r.state = 'waiting'
    )
    select (select count(*)::int
              from page
             where btrim(coalesce(case v.source when 'column' then page.given ->> v.name
                                                else page.properties ->> v.name end, '')) = '') as rows
      from rows from (jsonb_to_recordset(${JSON.stringify(values)}::jsonb) as (source text, name text))
           with ordinality as v (source, name, n)
     order by v.n`);
  return counted.map(({ rows }) => rows);
}
