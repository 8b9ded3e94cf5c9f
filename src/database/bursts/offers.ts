import type { NewOffer } from '../offers/offers.js';
import type { Sql } from '../connect.js';
import { isUnfinished } from '../operations/fragments.js';
import { sql } from '../sql.js';
import { heldOperations, lockedRows, operationsOf, type BurstRef } from './burst-steps.js';

/**
 * Keeps the offers that operations of a burst make, until their time; harmless when repeated. One whose operation has left, or
 * whose pass has gone, is not kept.
 */
export async function keepOffers(tenant: Sql, ref: BurstRef, offers: readonly NewOffer[]): Promise<void> {
  if (offers.length === 0) return;
  const ids = offers.map(({ offer_id: id }) => id);
  await tenant.query(sql`
    with held as materialized (${heldOperations(ref, ids, 'running')}
    ), given as materialized (
      select g.*
        from jsonb_to_recordset(${JSON.stringify(offers)}::jsonb)
               as g (offer_id uuid, pass_id uuid, acceptance_sequence bigint, pass_type_id text, fields jsonb, priority int,
                     starts_at timestamptz, ends_at timestamptz, uses int, notify_at_end boolean, asked text)
        join held on held.operation_id = g.offer_id
    ), locked as materialized (
      -- As the foreign key would, but in the order in which every writer locks passes.
      select p.pass_id
        from passes p
       where p.tenant_id = ${tenant.tenantId}
         and p.pass_id in (select pass_id from given)
       order by p.pass_id
         for key share
    )
    insert into offers (
      offer_id, tenant_id, pass_id, acceptance_sequence, pass_type_id, fields, priority, starts_at, ends_at, uses, notify_at_end,
      asked)
    select offer_id, ${tenant.tenantId}::text, pass_id, acceptance_sequence, pass_type_id, fields, priority, starts_at, ends_at,
           uses, notify_at_end, asked
      from given
      join locked using (pass_id)
     order by pass_id, offer_id
    on conflict (offer_id) do nothing`);
}

/** Passes show the offers of a burst that its operations have laid over them; harmless when repeated. */
export async function markOffersStarted(tenant: Sql, ref: BurstRef): Promise<void> {
  await tenant.query(sql`
    with begun as materialized (
      select coalesce((o.input ->> 'offerId')::uuid, o.operation_id) as offer_id
        from ${operationsOf(ref)}
        join pass_revisions r on r.pass_id = o.pass_id and r.operation_id = o.operation_id and r.change = 'offer'
       where o.kind = 'start-offer'
         and ${isUnfinished('o')}
    ), locked as materialized (${lockedRows(ref, { table: 'offers', key: 'offer_id', from: 'begun' })}
    )
    update offers f
       set state = 'active',
           started_at = now()
      from locked
     where f.tenant_id = ${tenant.tenantId}
       and f.offer_id = locked.offer_id
       and f.state = 'planned'`);
}

/** From now on nothing starts the offers whose ends a burst brings; harmless when repeated. */
export async function markOffersEnded(tenant: Sql, ref: BurstRef): Promise<void> {
  await tenant.query(sql`
    with ending as materialized (
      select (o.input ->> 'offerId')::uuid as offer_id
        from ${operationsOf(ref)}
       where o.status = 'running'
         and o.kind = 'end-offer'
    ), locked as materialized (${lockedRows(ref, { table: 'offers', key: 'offer_id', from: 'ending' })}
    )
    update offers f
       set state = 'ended',
           ended_at = coalesce(f.ended_at, now())
      from locked
     where f.tenant_id = ${tenant.tenantId}
       and f.offer_id = locked.offer_id`);
}
