import type { JsonValue } from '../../common/json.js';
import type { Database, Sql, SystemSql } from '../connect.js';
import { own, recordStep, tellMerchant, type RunRef } from '../operations/fragments.js';
import { runEnded } from '../operations/steps.js';
import { sql } from '../sql.js';

/** Pulled events and the log of deliveries are kept this long. */
export const EVENT_RETENTION_DAYS = 30;

export interface EventRow {
  event_id: string;
  position: string | null;
  tenant_id: string;
  type: string;
  payload: Record<string, JsonValue>;
  created_at: Date;
}

/**
 * Writes `customer.updated` with its step, once per operation; false where the change came from the merchant, who is not
 * told it again.
 * @throws PermanentError `run-ended` where the operation has ended, or another run has taken over.
 */
export async function recordCustomerEvent(db: Sql, ref: RunRef, customerId: string): Promise<boolean> {
  const told = tellMerchant({
    type: 'customer.updated',
    passId: sql`null::uuid`,
    customerId: sql`${customerId}::uuid`,
    payload: sql`jsonb_build_object(
      'changedFields', coalesce(to_jsonb(own.changed_fields), '[]'),
      'acceptanceSequence', own.acceptance_sequence::text)`,
    from: sql`where own.origin <> 'merchant'`,
  });
  const step = 'sync-merchant';
  const detail = { reason: 'The change came from the merchant.' };
  const [row] = await db.query<{ origin: string }>(sql`
    with ${own(ref)},
    told as (${told}),
    step as (${recordStep({ step, state: 'succeeded' }, sql`and own.origin <> 'merchant'`)}),
    skipped as (${recordStep({ step, state: 'skipped', detail }, sql`and own.origin = 'merchant'`)})
    select origin from own`);
  if (!row) throw runEnded();
  return row.origin !== 'merchant';
}

/**
 * Gives new events their place in the stream, completes them by what is true now, and makes a delivery for each endpoint
 * that asked for them. One process at a time, until its commit: positions become visible in their order. Returns how many.
 */
export async function fanOutEvents(system: Database['system'], limit: number): Promise<number> {
  return system.transaction(async (inside) => {
    // Positions follow the clock, in microseconds: after a restored backup they go on above all that merchants have seen.
    const [lock] = await inside.query<{ taken: boolean }>(sql`
      select taken,
             case when taken and exists (select from events where not fanned_out)
               then setval('event_positions', greatest(
                 nextval('event_positions'),
                 (extract(epoch from clock_timestamp()) * 1000000)::bigint))
             end
        from (select pg_try_advisory_xact_lock(7272009) as taken offset 0) lock`);
    if (!lock?.taken) return 0;
    const rows = await inside.query(
      sql`
        with
          batch as materialized (
            select event_id, tenant_id, pass_id, customer_id
            from events
            where not fanned_out
            order by sequence
            limit ${limit}
          ),
          numbered as materialized (
            select *, nextval('event_positions') as position
            from batch
          ),
          placed as (
            update events e
            set
              fanned_out = true,
              position = n.position,
              payload = e.payload || jsonb_strip_nulls(
                jsonb_build_object(
                  'orderKey',
                  n.position::text,
                  'origin',
                  e.origin,
                  'operationId',
                  e.operation_id,
                  'serialNumber',
                  p.serial_number,
                  'passTemplate',
                  p.pass_type_id,
                  'revision',
                  p.revision,
                  'state',
                  p.state,
                  'customerId',
                  coalesce(c.external_customer_id, c.customer_id::text)
                )
              ) || case
                when e.payload ? 'changedFields' then jsonb_build_object(
                  'changedFields',
                  (
                    select
                      coalesce(
                        jsonb_agg(case when e.type like 'customer.%' then substr(f, 10) else f end),
                        '[]'
                      )
                    from jsonb_array_elements_text(e.payload -> 'changedFields') f
                    where (f like 'customer.%') = (e.type like 'customer.%')
                  )
                )
                else '{}'
              end
            from numbered n
              left join passes p on p.tenant_id = n.tenant_id
              and p.pass_id = n.pass_id
              -- A parameter of its own: row level security keeps a coalesce of columns from the index.
              left join lateral (
                select coalesce(n.customer_id, p.customer_id) as customer_id
              ) who on true
              left join lateral (
                select c.external_customer_id, c.customer_id
                from customers c
                where c.tenant_id = n.tenant_id
                  and c.customer_id = who.customer_id
                offset 0
              ) c on true
            where e.event_id = n.event_id
            returning e.event_id, e.tenant_id, e.type, e.origin
          ),
          delivered as (
            insert into deliveries (delivery_id, tenant_id, endpoint_id, event_id)
            select gen_random_uuid(), p.tenant_id, w.endpoint_id, p.event_id
            from placed p
              join webhook_endpoints w on w.tenant_id = p.tenant_id
              and w.state = 'enabled'
              and p.type = any (w.event_types)
            where p.origin <> 'merchant'
            on conflict (endpoint_id, event_id) do nothing
          )
        select event_id
        from placed`,
    );
    return rows.length;
  });
}

/** The tenant's stream after a position, oldest first; what came from the merchant itself is left out. */
export async function listEvents(
  db: Sql,
  filter: { after: string; types: string[] | null; limit: number },
): Promise<EventRow[]> {
  return db.query<EventRow>(
    sql`
      select event_id, position, tenant_id, type, payload, created_at
      from events
      where tenant_id = ${db.tenantId}
        and position > ${filter.after}
        and origin <> 'merchant'
        and (${filter.types}::text[] is null or type = any (${filter.types}))
        and created_at > now() - ${EVENT_RETENTION_DAYS}::int * interval '1 day'
      order by position
      limit ${filter.limit}`,
  );
}

/** Deletes what is older than the retention, a slice at a time, with its deliveries. Returns how many. */
export async function deleteOldEvents(system: SystemSql, limit = 1_000): Promise<number> {
  const rows = await system.query(
    sql`
      delete from events
      where event_id in (
          select event_id
          from events
          where created_at < now() - ${EVENT_RETENTION_DAYS}::int * interval '1 day'
          limit ${limit}
        )
      returning event_id`,
  );
  return rows.length;
}
