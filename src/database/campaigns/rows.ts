import type { JsonValue } from '../../common/json.js';
import type { Outcome } from '../../passes/operation.js';
import type { Sql } from '../connect.js';
import type { NewOperation } from '../operations/operations.js';
import { sql } from '../sql.js';
import { PROFILE } from './profile-of.js';
import type { CampaignRow } from './campaigns.js';
import { placesOf } from './places-of.js';

/** Takes over how the operations of rows have ended. Returns how many have not, and how many of them somebody is at. */
export async function settleRows(tx: Sql, campaignId: string): Promise<{ open: number; inFlight: number }> {
  await tx.query(sql`
    update campaign_rows r
       set state = 'done',
           outcome = o.outcome,
           reason = case when o.status = 'failed' or o.outcome in ('pass-not-found', 'message-held-back') then o.reason end,
           revision = o.revision,
           done_at = o.ended_at,
           pushed = exists (
             select
               from notifications n
              where n.tenant_id = o.tenant_id
                and n.operation_id = o.operation_id
                and n.state in ('delivered', 'covered', 'scheduled')
                -- An object is written at Google before anybody has saved it.
                and (n.platform = 'apple' or exists (
                  select
                    from google_objects g
                   where g.tenant_id = n.tenant_id
                     and g.pass_id = n.pass_id
                     and g.saved_at is not null
                     and g.removed_at is null)))
      from operations o
     where r.tenant_id = ${tx.tenantId}
       and r.campaign_id = ${campaignId}
       and r.state = 'accepted'
       and o.tenant_id = r.tenant_id
       and o.operation_id = r.operation_id
       and o.ended_at is not null`);
  const [row] = await tx.query<{ open: number; inFlight: number }>(sql`
    select count(*)::int as open,
           count(*) filter (where o.dispatch_after < 'infinity')::int as "inFlight"
      from campaign_rows r
      join operations o on o.tenant_id = r.tenant_id and o.operation_id = r.operation_id
     where r.tenant_id = ${tx.tenantId}
       and r.campaign_id = ${campaignId}
       and r.state = 'accepted'`);
  return row!;
}

export interface NextRow {
  row_number: string;
  pass_id: string;
  customer_id: string;
  given: Record<string, JsonValue> | null;
  /** Null where the pass was erased. */
  serial_number: string | null;
  test: boolean;
  properties: Record<string, JsonValue> | null;
}

/** The next rows whose time has come, with what their operations are made of. */
export async function nextRows(tx: Sql, campaignId: string, now: Date, limit: number): Promise<NextRow[]> {
  if (limit <= 0) return [];
  return tx.query<NextRow>(sql`
    select r.row_number,
           r.pass_id,
           p.customer_id,
           r.given,
           p.serial_number,
           p.test,
           ${PROFILE} as properties
      from (
        select *
          from campaign_rows
         where tenant_id = ${tx.tenantId}
           and campaign_id = ${campaignId}
           and state = 'waiting'
           and due_at <= ${now}
         order by due_at, row_number
         limit ${limit}
      ) r
      left join passes p on p.tenant_id = r.tenant_id and p.pass_id = r.pass_id
      left join customers c on c.tenant_id = p.tenant_id and c.customer_id = p.customer_id
     order by r.due_at, r.row_number`);
}

/** When the next waiting row is due, or null where none waits. */
export async function nextDue(tx: Sql, campaignId: string): Promise<Date | null> {
  const [row] = await tx.query<{ due_at: Date | null }>(sql`
    select min(due_at) as due_at
      from campaign_rows
     where tenant_id = ${tx.tenantId}
       and campaign_id = ${campaignId}
       and state = 'waiting'`);
  return row!.due_at;
}

/** The operation of one row. */
export type RowOperation = Pick<NewOperation, 'kind' | 'input'> & { row: NextRow };

/** A row that is done without an operation. */
export interface SkippedRow {
  rowNumber: string;
  outcome: Outcome;
  reason: string | null;
}

/** Under which key the operation of a row is accepted: whatever is repeated, it is one. */
const keyOf = (campaignId: string): string => `campaign:${campaignId}:`;

/**
 * Accepts an operation for each row and marks the rows, in the transaction of the caller. Skipped rows are done without
 * one.
 */
export async function acceptRows(
  tx: Sql,
  campaign: Pick<CampaignRow, 'campaign_id'>,
  operations: readonly RowOperation[],
  skipped: readonly SkippedRow[],
): Promise<void> {
  const prefix = keyOf(campaign.campaign_id);
  if (operations.length > 0) {
    const rows = operations.map(({ row, kind, input }) => ({
      key: prefix + row.row_number,
      kind,
      input,
      passId: row.pass_id,
      customerId: row.customer_id,
      test: row.test,
    }));
    await tx.query(sql`
      insert into operations (operation_id, tenant_id, kind, origin, idempotency_key, input, pass_id, customer_id, test)
      select gen_random_uuid(), ${tx.tenantId}, o.kind, 'operator', o.key, o.input, o."passId", o."customerId", o.test
        from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) o
               (key text, kind text, input jsonb, "passId" uuid, "customerId" uuid, test boolean)
          on conflict (tenant_id, idempotency_key) where idempotency_key is not null do nothing`);
  }
  const done = [
    ...operations.map(({ row }) => ({ rowNumber: row.row_number, outcome: null, reason: null })),
    ...skipped,
  ];
  // A statement of its own: it must see what the one before it wrote.
  await tx.query(sql`
    with place as materialized (${placesOf(
      tx,
      campaign.campaign_id,
      done.map(({ rowNumber }) => rowNumber),
    )}
    ), told as materialized (
      select n.*, o.operation_id
        from jsonb_to_recordset(${JSON.stringify(done)}::jsonb) n ("rowNumber" bigint, outcome text, reason text)
        left join lateral (
          select o.operation_id
            from operations o
           where o.tenant_id = ${tx.tenantId}
             and o.idempotency_key = ${prefix} || n."rowNumber"::text
          offset 0) o on true
    )
    update campaign_rows r
       set state = case when told.operation_id is null then 'done' else 'accepted' end,
           operation_id = told.operation_id,
           outcome = told.outcome,
           reason = told.reason,
           given = null
      from place
      join told on told."rowNumber" = place.row_number
     where r.tenant_id = ${tx.tenantId}
       and r.ctid = place.at
       and place.state = 'waiting'`);
}
