import type { JsonValue } from '../../common/json.js';
import type { Sql, SystemSql } from '../connect.js';
import { sql } from '../sql.js';

export interface OfferRow {
  offer_id: string;
  pass_id: string;
  acceptance_sequence: string;
  pass_type_id: string | null;
  fields: Record<string, JsonValue>;
  priority: number;
  starts_at: Date;
  ends_at: Date;
  uses: number | null;
  used: number;
  notify_at_end: boolean;
  state: 'planned' | 'active' | 'ended';
  started_at: Date | null;
  ended_at: Date | null;
  /** A pass of its own at Google, where it has one. */
  google_object_id: string | null;
  google_state: 'begun' | 'linked' | 'refused' | 'ended' | null;
  /** The last of its two times that an operation was accepted for. */
  asked: AskedOfOffer | null;
}

/** The operations that an offer asks for by its times. */
export type AskedOfOffer = 'start-offer' | 'end-offer';

export type NewOffer = Omit<
  OfferRow,
  'used' | 'state' | 'started_at' | 'ended_at' | 'google_object_id' | 'google_state'
>;

/** Keeps an offer until its time; harmless when repeated. Returns it as it is now. */
export async function keepOffer(db: Sql, offer: NewOffer): Promise<OfferRow | undefined> {
  await db.query(sql`
    insert into offers (
      offer_id, tenant_id, pass_id, acceptance_sequence, pass_type_id, fields, priority, starts_at, ends_at, uses, notify_at_end,
      asked)
    values (
      ${offer.offer_id},
      ${db.tenantId},
      ${offer.pass_id},
      ${offer.acceptance_sequence}::bigint,
      ${offer.pass_type_id},
      ${JSON.stringify(offer.fields)}::jsonb,
      ${offer.priority},
      ${offer.starts_at}::timestamptz,
      ${offer.ends_at}::timestamptz,
      ${offer.uses}::integer,
      ${offer.notify_at_end},
      ${offer.asked})
        on conflict (offer_id) do nothing`);
  return findOffer(db, offer.offer_id);
}

/** An offer, or undefined. */
export async function findOffer(db: Sql, offerId: string): Promise<OfferRow | undefined> {
  const [row] = await db.query<OfferRow>(sql`
    select * from offers where tenant_id = ${db.tenantId} and offer_id = ${offerId}`);
  return row;
}

/** The offers of a pass, newest first. */
export async function listOffers(db: Sql, passId: string, limit: number): Promise<OfferRow[]> {
  return db.query<OfferRow>(sql`
    select *
      from offers
     where tenant_id = ${db.tenantId}
       and pass_id = ${passId}
     order by created_at desc, offer_id
     limit ${limit}`);
}

/** The newest offers of the tenant. */
export async function listNewestOffers(db: Sql, limit: number): Promise<OfferRow[]> {
  return db.query<OfferRow>(sql`
    select *
      from offers
     where tenant_id = ${db.tenantId}
     order by created_at desc, offer_id
     limit ${limit}`);
}

/** The pass shows the offer from now on; one that was ended meanwhile stays ended. */
export async function markStarted(db: Sql, offerId: string): Promise<void> {
  await db.query(sql`
    update offers
       set state = 'active',
           started_at = now()
     where tenant_id = ${db.tenantId}
       and offer_id = ${offerId}
       and state = 'planned'`);
}

/** From now on nothing starts the offer. */
export async function markOfferEnded(db: Sql, offerId: string): Promise<void> {
  await db.query(sql`
    update offers
       set state = 'ended',
           ended_at = coalesce(ended_at, now())
     where tenant_id = ${db.tenantId} and offer_id = ${offerId}`);
}

export interface DueOffer {
  tenant_id: string;
  pass_id: string;
  offer_id: string;
  kind: AskedOfOffer;
}

/** Offers of all tenants whose beginning or end is due and not asked for yet, the longest overdue first. */
export async function listDueOffers(system: SystemSql, now: Date, limit: number): Promise<DueOffer[]> {
  return system.query<DueOffer>(sql`
    select due.tenant_id, due.pass_id, due.offer_id, due.kind
      from (
        (select tenant_id, pass_id, offer_id, 'start-offer' as kind, starts_at as at
           from offers
          where state = 'planned'
            and asked is null
            and starts_at <= ${now}::timestamptz
            and ends_at > ${now}::timestamptz
          order by starts_at
          limit ${limit})
        union all
        (select tenant_id, pass_id, offer_id, 'end-offer' as kind, ends_at as at
           from offers
          where state <> 'ended'
            and asked is distinct from 'end-offer'
            and ends_at <= ${now}::timestamptz
          order by ends_at
          limit ${limit})
      ) due
     order by due.at, due.offer_id
     limit ${limit}`);
}

/** Notes what has been asked for, so that nobody looks at it again: an operation that failed is the operator's to retry. */
export async function markAsked(system: SystemSql, due: readonly DueOffer[]): Promise<void> {
  await system.query(sql`
    with asked as materialized (
      select o.offer_id, a.kind
        from unnest(${due.map((one) => one.offer_id)}::uuid[], ${due.map(({ kind }) => kind)}::text[]) as a (offer_id, kind)
        join offers o on o.offer_id = a.offer_id
       order by o.offer_id
         for no key update of o
    )
    update offers o
       set asked = asked.kind
      from asked
     where o.offer_id = asked.offer_id`);
}

/** Some offers as they are now, by their ids. */
export async function findOffers(db: Sql, ids: readonly string[]): Promise<Map<string, OfferRow>> {
  if (ids.length === 0) return new Map();
  const rows = await db.query<OfferRow>(sql`
    select * from offers where tenant_id = ${db.tenantId} and offer_id = any(${ids}::uuid[])`);
  return new Map(rows.map((row) => [row.offer_id, row]));
}
