import type { Sql, TenantSql } from '../connect.js';
import { sql } from '../sql.js';

/**
 * Klaviyo's id of a profile has no unique key of its own: giving it to a customer requires this lock first, after the
 * customer's row, and sees who has it.
 */
async function findProfileOwner(db: Sql, customerId: string, profileId: string): Promise<string | undefined> {
  const lockName = `klaviyo-profile/${db.tenantId}/${profileId}`;
  await db.query(sql`select pg_advisory_xact_lock(hashtextextended(${lockName}, 0))`);
  const [other] = await db.query<{ customer_id: string }>(sql`
    select customer_id
      from customers
     where tenant_id = ${db.tenantId} and klaviyo_profile_id = ${profileId} and customer_id <> ${customerId}
     limit 1`);
  return other?.customer_id;
}

/** Gives a customer an identifier; the customer who has it already is returned instead, and nothing was written. */
export async function takeIdentifier(
  db: Sql,
  customerId: string,
  { kind, value }: { kind: string; value: string },
): Promise<string | undefined> {
  if (kind === 'klaviyoProfileId') return findProfileOwner(db, customerId, value);
  await db.query(sql`
    insert into customer_identifiers (tenant_id, kind, value, customer_id)
    values (${db.tenantId}, ${kind}, ${value}, ${customerId})
        on conflict (tenant_id, kind, value) do nothing`);
  // A statement of its own: the insert may have waited for another transaction, whose row its snapshot does not show.
  const [row] = await db.query<{ customer_id: string }>(sql`
    select customer_id
      from customer_identifiers
     where tenant_id = ${db.tenantId} and kind = ${kind} and value = ${value}`);
  return row?.customer_id === customerId ? undefined : row?.customer_id;
}

/** Remembers which profile the customer is in Klaviyo, unless another customer is known as that one; null forgets it. */
export async function setKlaviyoProfile(db: TenantSql, customerId: string, profileId: string | null): Promise<void> {
  const [seen] = await db.query<{ id: string | null }>(sql`
    select klaviyo_profile_id as id from customers where tenant_id = ${db.tenantId} and customer_id = ${customerId}`);
  if (!seen || seen.id === profileId) return;
  await db.transaction(async (inside) => {
    const [known] = await inside.query<{ id: string | null }>(sql`
      select klaviyo_profile_id as id
        from customers
       where tenant_id = ${db.tenantId} and customer_id = ${customerId}
         for no key update`);
    if (!known || known.id === profileId) return;
    if (profileId !== null && (await findProfileOwner(inside, customerId, profileId)) !== undefined) return;
    await inside.query(sql`
      update customers
         set klaviyo_profile_id = ${profileId}
       where tenant_id = ${db.tenantId} and customer_id = ${customerId}`);
  });
}

/** `setKlaviyoProfile` for many customers who have none yet, in as many round trips as for one. */
export async function setKlaviyoProfiles(
  db: TenantSql,
  found: readonly { customerId: string; profileId: string }[],
): Promise<void> {
  if (found.length === 0) return;
  const customerIds = found.map(({ customerId }) => customerId);
  const profileIds = found.map(({ profileId }) => profileId);
  await db.transaction(async (inside) => {
    await inside.query(sql`
      select customer_id
        from customers
       where tenant_id = ${db.tenantId} and customer_id = any(${customerIds}::uuid[])
       order by customer_id
         for no key update`);
    const locks = [...new Set(profileIds)].sort().map((id) => `klaviyo-profile/${db.tenantId}/${id}`);
    await inside.query(sql`
      select pg_advisory_xact_lock(hashtextextended(name, 0)) from unnest(${locks}::text[]) as name`);
    await inside.query(sql`
      update customers c
         set klaviyo_profile_id = f.profile_id
        from (
          -- One customer for each profile.
          select distinct on (profile_id) customer_id, profile_id
            from unnest(${customerIds}::uuid[], ${profileIds}::text[]) as given (customer_id, profile_id)
           order by profile_id, customer_id
        ) f
       where c.tenant_id = ${db.tenantId}
         and c.customer_id = f.customer_id
         and c.klaviyo_profile_id is null
         and not exists (
           select from customers o where o.tenant_id = ${db.tenantId} and o.klaviyo_profile_id = f.profile_id)`);
  });
}

/** Forgets the identifiers of one kind that a customer no longer has. */
export async function dropIdentifiers(db: Sql, customerId: string, kind: string, keep: string | null): Promise<void> {
  await db.query(sql`
    delete from customer_identifiers
     where tenant_id = ${db.tenantId}
       and customer_id = ${customerId}
       and kind = ${kind}
       and value is distinct from ${keep}`);
}

export interface OtherOwner {
  kind: string;
  value: string;
  customerId: string;
  /** Klaviyo's id of the owner's profile, where one is known. */
  klaviyoProfileId: string | null;
  email: string | null;
}

/** Which of these identifiers belong to somebody else than this customer; all owners where none is named. */
export async function listOtherOwners(
  db: Sql,
  customerId: string | null,
  identifiers: readonly { kind: string; value: string }[],
): Promise<OtherOwner[]> {
  return db.query<OtherOwner>(sql`
    select i.kind,
           i.value,
           i.customer_id as "customerId",
           c.klaviyo_profile_id as "klaviyoProfileId",
           c.email
      from jsonb_to_recordset(${JSON.stringify(identifiers)}::jsonb) as given (kind text, value text)
      join customer_identifiers i
        on i.tenant_id = ${db.tenantId} and i.kind = given.kind and i.value = given.value
      join customers c on c.tenant_id = ${db.tenantId} and c.customer_id = i.customer_id
     where i.customer_id is distinct from ${customerId}::uuid`);
}
