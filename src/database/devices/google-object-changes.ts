import { OFFER_CHANGE } from '../../passes/offer.js';
import type { Sql } from '../connect.js';
import type { PassRow } from '../passes/passes.js';
import { sql, type Statement } from '../sql.js';
import type { GoogleObjectRow } from './google-objects.js';

/**
 * Names of what changed after revision `after` (null: nothing counts, the object is new), up to `until`. What offers `beside`
 * the card brought and took away changed nothing on it.
 */
export async function changedSince(
  db: Sql,
  pass: Pick<PassRow, 'tenant_id' | 'pass_id'>,
  after: number | null,
  until: number,
  beside: readonly string[] = [],
): Promise<string[]> {
  if (after === null) return [];
  const rows = await db.query<{ name: string }>(namesChanged(pass, { after, until, beside }));
  return rows.map(({ name }) => name);
}

const namesChanged = (
  pass: Pick<PassRow, 'tenant_id' | 'pass_id'>,
  { after, until, beside }: { after: number | null; until: number; beside: readonly string[] },
): Statement => sql`
  select distinct jsonb_object_keys(changed) as name
    from pass_revisions
   where tenant_id = ${pass.tenant_id}
     and pass_id = ${pass.pass_id}
     and revision > ${after}::int
     and revision <= ${until}
     and coalesce(changed -> ${OFFER_CHANGE}::text ->> 'to', changed -> ${OFFER_CHANGE}::text ->> 'from', '') <> all (${beside}::text[])`;

/**
 * Top-level fields that any design of the tenant, present or past, has written into classes or objects of this Google
 * type: a PATCH clears none, so what a design has dropped is looked for at Google by these names. Without `messages`:
 * those that were added to an object one by one must outlive a design that had some of its own.
 */
export async function designedFields(
  db: Sql,
  googleType: GoogleObjectRow['object_type'],
  part: 'class' | 'object',
): Promise<string[]> {
  const rows = await db.query<{ field: string }>(fieldsOfDesigns(db.tenantId, googleType, part));
  return rows.map(({ field }) => field);
}

const fieldsOfDesigns = (
  tenantId: string,
  googleType: GoogleObjectRow['object_type'],
  part: 'class' | 'object',
): Statement => sql`
  select field
    from (
      select distinct jsonb_object_keys(design -> 'google' -> ${part}::text) as field
        from pass_type_versions
       where tenant_id = ${tenantId}
         and design -> 'google' ->> 'type' = ${googleType}) f
   where field <> 'messages'`;

/** What the write of an object must know beside the pass: `changedSince`, `designedFields`, the digest of its class, the step's notes. */
export interface KnownOfWrite {
  /** What earlier attempts of the step have written down. */
  noted: Record<string, unknown>;
  changed: string[];
  ownedFields: string[];
  classDigest: string | null;
}

/** All of it in one round trip. */
export async function findKnownOfWrite(
  db: Sql,
  pass: Pick<PassRow, 'tenant_id' | 'pass_id' | 'revision'>,
  target: { operationId: string; googleType: GoogleObjectRow['object_type']; classId: string },
  since: { after: number | null; beside: readonly string[] },
): Promise<KnownOfWrite> {
  const [row] = await db.query<KnownOfWrite>(sql`
    select array(${namesChanged(pass, { ...since, until: pass.revision })}) as changed,
           array(${fieldsOfDesigns(db.tenantId, target.googleType, 'object')}) as "ownedFields",
           (select digest from google_classes
             where tenant_id = ${db.tenantId} and class_id = ${target.classId}) as "classDigest",
           coalesce((
             select detail
               from operation_steps
              where tenant_id = ${db.tenantId}
                and operation_id = ${target.operationId}
                and step = 'update-google-object'), '{}') as noted`);
  return row!;
}
