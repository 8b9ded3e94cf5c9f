import type { Sql } from '../connect.js';
import { sql } from '../sql.js';

/** The pass of its own that an offer has at Google, beside the card. */
export interface OfferObjectRow {
  offerId: string;
  objectId: string;
  objectType: 'generic' | 'loyalty' | 'offer';
  classId: string;
  /** `begun`: it may be at Google. `refused`: Google takes none, so the card shows the offer. */
  state: 'begun' | 'linked' | 'refused' | 'ended';
}

/** Offers' own objects of pass `p`, as a JSON list in an expression. */
export const OFFER_OBJECTS = sql`coalesce((
  select jsonb_agg(jsonb_build_object(
           'offerId', f.offer_id,
           'objectId', f.google_object_id,
           'objectType', f.google_object_type,
           'classId', f.google_class_id,
           'state', f.google_state) order by f.created_at, f.offer_id)
    from offers f
   where f.tenant_id = p.tenant_id
     and f.pass_id = p.pass_id
     and f.google_object_id is not null), '[]')`;

/** Keeps which object an offer has at Google, before it is made. False where the offer was erased meanwhile. */
export async function keepOfferObject(db: Sql, object: Omit<OfferObjectRow, 'state'>): Promise<boolean> {
  const rows = await db.query(sql`
    update offers
       set google_object_id = ${object.objectId},
           google_object_type = ${object.objectType},
           google_class_id = ${object.classId},
           google_state = coalesce(google_state, 'begun')
     where tenant_id = ${db.tenantId}
       and offer_id = ${object.offerId}
    returning 1`);
  return rows.length > 0;
}

/** Hands the object of an offer that has ended on to another one. False where one of the two was erased meanwhile. */
export async function handOverOfferObject(db: Sql, from: string, to: string): Promise<boolean> {
  const rows = await db.query(sql`
    with former as (
      select google_object_id, google_object_type, google_class_id
        from offers
       where tenant_id = ${db.tenantId}
         and offer_id = ${from}
         and google_state = 'ended'
    )
    update offers o
       set google_object_id = case when o.offer_id = ${to} then former.google_object_id end,
           google_object_type = case when o.offer_id = ${to} then former.google_object_type end,
           google_class_id = case when o.offer_id = ${to} then former.google_class_id end,
           google_state = case when o.offer_id = ${to} then 'begun' end
      from former
     where o.tenant_id = ${db.tenantId}
       and o.offer_id = any (${[from, to]}::uuid[])
    returning 1`);
  return rows.length === 2;
}

/** Keeps how far an offer's object is. */
export async function markOfferObject(db: Sql, offerId: string, state: OfferObjectRow['state']): Promise<void> {
  await db.query(sql`
    update offers
       set google_state = ${state}
     where tenant_id = ${db.tenantId}
       and offer_id = ${offerId}
       and google_object_id is not null`);
}

/** Whether a pass was emptied because its customer is erased. */
export async function isErased(db: Sql, passId: string): Promise<boolean> {
  const [row] = await db.query<{ erased: boolean }>(sql`
    select exists (
             select from pass_revisions r
               join operations o using (tenant_id, operation_id)
              where r.tenant_id = ${db.tenantId}
                and r.pass_id = ${passId}
                and r.change = 'state'
                and o.kind = 'erase-customer') as erased`);
  return row!.erased;
}
