import type { JsonValue } from '../../common/json.js';
import type { PassFilter } from '../../passes/campaign.js';
import type { Hit } from '../../passes/choose-pass.js';
import { ZONE_PROPERTIES } from '../../passes/customer-zone.js';
import type { Identifier } from '../../passes/operation-input.js';
import type { Sql } from '../connect.js';
import { leadsOf } from '../operations/leads.js';
import { placesOf } from './places-of.js';
import { join, raw, sql } from '../sql.js';

/** A pass that may become a row, with what its holder's profile says of the time zone. */
export interface AudiencePass {
  passId: string;
  customerId: string;
  zone: string | null;
}

const ZONE = sql`coalesce(${join(ZONE_PROPERTIES.map((name) => raw(`c.properties ->> '${name}'`)))})`;

/** The next passes that a filter takes, by id after `cursor`: one page, whatever the size of the audience. */
export async function filterPasses(
  db: Sql,
  wanted: { filter: PassFilter; test: boolean; cursor: string | null; limit: number },
): Promise<AudiencePass[]> {
  const { filter, test, cursor, limit } = wanted;
  return db.query<AudiencePass>(sql`
    select p.pass_id as "passId", p.customer_id as "customerId", ${ZONE} as zone
      from passes p
      join customers c on c.tenant_id = p.tenant_id and c.customer_id = p.customer_id
      join pass_types t on t.tenant_id = p.tenant_id and t.pass_type_id = p.pass_type_id
     where p.tenant_id = ${db.tenantId}
       and p.pass_id > coalesce(${cursor}::uuid, '00000000-0000-0000-0000-000000000000')
       and p.test = ${test}
       and p.state = any(${filter.states}::text[])
       and (${filter.passTypes ?? null}::text[] is null
            or t.name = any(${filter.passTypes ?? null}::text[])
            or p.pass_type_id = any(${filter.passTypes ?? null}::text[]))
       and (${filter.updatedBefore ?? null}::timestamptz is null or p.modified_at < ${filter.updatedBefore ?? null})
       and (${filter.updatedAfter ?? null}::timestamptz is null or p.modified_at >= ${filter.updatedAfter ?? null})
       and not exists (
             select
               from jsonb_to_recordset(${JSON.stringify(filter.fields)}::jsonb) f (field text, "is" text, value jsonb)
              where not coalesce(case f."is"
                      when 'set' then coalesce(p.data -> f.field, 'null') <> 'null'
                      when 'unset' then coalesce(p.data -> f.field, 'null') = 'null'
                      when 'equal' then p.data -> f.field = f.value
                      when 'notEqual' then coalesce(p.data -> f.field, 'null') <> f.value
                      when 'greater' then jsonb_typeof(p.data -> f.field) = jsonb_typeof(f.value)
                                          and p.data -> f.field > f.value
                      when 'less' then jsonb_typeof(p.data -> f.field) = jsonb_typeof(f.value)
                                       and p.data -> f.field < f.value
                    end, false))
       and case ${filter.installedOn ?? 'all'}::text
             when 'all' then true
             when 'apple' then ${ON_APPLE}
             when 'google' then ${ON_GOOGLE}
             when 'any' then ${ON_APPLE} or ${ON_GOOGLE}
             else not ${ON_APPLE} and not ${ON_GOOGLE}
           end
     order by p.pass_id
     limit ${limit}`);
}

/** Condition: an iPhone that can be pushed holds the pass `p`. */
export const ON_APPLE = sql`exists (
  select from apple_registrations r join apple_devices d using (device_id)
   where r.tenant_id = p.tenant_id and r.pass_id = p.pass_id and d.token_gone_at is null)`;
/** Condition: somebody saved the pass `p` to Google Wallet. */
export const ON_GOOGLE = sql`exists (
  select from google_objects g
   where g.tenant_id = p.tenant_id and g.pass_id = p.pass_id and g.saved_at is not null and g.removed_at is null)`;

export interface NewRow {
  state: 'read' | 'waiting' | 'holdout' | 'refused';
  line: number | null;
  identifiers: Identifier[] | null;
  given: Record<string, JsonValue> | null;
  passId: string | null;
  customerId: string | null;
  dueAt: Date | null;
  reason: string | null;
}

/** Adds rows after the last one; a pass that has a row already becomes a duplicate. */
export async function insertRows(db: Sql, campaignId: string, from: bigint, rows: readonly NewRow[]): Promise<void> {
  if (rows.length === 0) return;
  await db.query(sql`
    insert into campaign_rows (
      tenant_id, campaign_id, row_number, line, state, identifiers, given, pass_id, customer_id, due_at, reason)
    select ${db.tenantId},
           ${campaignId},
           ${String(from)}::bigint + n,
           r.line,
           r.state,
           r.identifiers,
           r.given,
           r."passId",
           r."customerId",
           r."dueAt",
           r.reason
      from rows from (jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as (
             line int, state text, identifiers jsonb, given jsonb,
             "passId" uuid, "customerId" uuid, "dueAt" timestamptz, reason text)) with ordinality
             as r (line, state, identifiers, given, "passId", "customerId", "dueAt", reason, n)`);
}

export interface ReadRow {
  row_number: string;
  identifiers: Identifier[];
  hits: (Hit & { test: boolean; zone: string | null })[];
}

/** The next rows that have not led to a pass, each with every pass that one of its identifiers leads to. */
export async function loadReadRows(db: Sql, campaignId: string, limit: number): Promise<ReadRow[]> {
  const { tenantId } = db;
  const rows = await db.query<Omit<ReadRow, 'hits'>>(sql`
    select row_number, identifiers
      from campaign_rows
     where tenant_id = ${tenantId}
       and campaign_id = ${campaignId}
       and state = 'read'
     order by row_number
     limit ${limit}`);
  const named = rows.flatMap(({ row_number: row, identifiers }) =>
    identifiers.map(({ kind, value }) => ({ row, kind, value })),
  );
  // Flat, and not joined with the rows: after an upload the planner expects one row, and would read each pair.
  const found = await db.query<{ row_number: string; hit: ReadRow['hits'][number] }>(sql`
    with asked as materialized (
      select row as row_number, kind, value
        from jsonb_to_recordset(${JSON.stringify(named)}::jsonb) i (row bigint, kind text, value text)
    ), leads as (${leadsOf(tenantId, 'row_number')}
    )
    select l.row_number,
           jsonb_build_object('kind', l.kind, 'passId', p.pass_id, 'customerId', p.customer_id,
             'state', p.state, 'passTypeId', p.pass_type_id, 'passTypeName', t.name, 'test', p.test,
             'zone', ${ZONE}) as hit
      from leads l
      join lateral (select * from passes p where p.tenant_id = ${tenantId} and p.pass_id = l.pass_id offset 0) p on true
      join lateral (select properties from customers c
                     where c.tenant_id = ${tenantId} and c.customer_id = p.customer_id offset 0) c on true
      join pass_types t on t.tenant_id = ${tenantId} and t.pass_type_id = p.pass_type_id`);
  const hits = new Map(rows.map(({ row_number: row }): [string, ReadRow['hits']] => [row, []]));
  for (const { row_number: row, hit } of found) hits.get(row)!.push(hit);
  return rows.map((row) => ({ ...row, hits: hits.get(row.row_number)! }));
}

export interface ResolvedRow {
  rowNumber: string;
  state: 'waiting' | 'holdout' | 'unreached';
  passId: string | null;
  customerId: string | null;
  dueAt: Date | null;
  reason: string | null;
}

/** Writes to which pass each row led, and forgets by what; the second row of a pass is a duplicate. */
export async function resolveRows(db: Sql, campaignId: string, rows: readonly ResolvedRow[]): Promise<void> {
  const numbers = rows.map(({ rowNumber }) => rowNumber);
  await db.query(sql`
    with found as (
      select f.*, row_number() over (partition by f."passId" order by f."rowNumber") as nth
        from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) f
               ("rowNumber" bigint, state text, "passId" uuid, "customerId" uuid, "dueAt" timestamptz, reason text)
    ), judged as materialized (
      select f.*, f."passId" is not null and (f.nth > 1 or o.pass_id is not null) as twice
        from found f
        left join lateral (
          select o.pass_id
            from campaign_rows o
           where o.tenant_id = ${db.tenantId}
             and o.campaign_id = ${campaignId}
             and o.pass_id = f."passId"
          offset 0) o on true
    ), place as materialized (${placesOf(db, campaignId, numbers)})
    update campaign_rows r
       set state = case when j.twice then 'duplicate' else j.state end,
           pass_id = case when not j.twice then j."passId" end,
           customer_id = case when not j.twice then j."customerId" end,
           due_at = j."dueAt",
           reason = j.reason,
           identifiers = null,
           given = case when j.twice or j.state <> 'waiting' then null else r.given end
      from place
      join judged j on j."rowNumber" = place.row_number
     where r.tenant_id = ${db.tenantId}
       and r.ctid = place.at
       and place.state = 'read'`);
}
