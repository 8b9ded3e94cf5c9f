import type { Sql } from '../connect.js';

/** Gives a customer an identifier; the customer who has it already is returned instead, and nothing was written. */
export async function takeIdentifier(
  sql: Sql,
  owner: { tenantId: string; customerId: string },
  { kind, value }: { kind: string; value: string },
): Promise<string | undefined> {
  const { tenantId, customerId } = owner;
  if (kind === 'klaviyoProfileId') {
    // It has no unique key of its own: two customers who take one at the same time go one after the other.
    await sql.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`klaviyo-profile/${tenantId}/${value}`]);
    const [other] = await sql.query<{ customer_id: string }>(
      'select customer_id from customers where tenant_id = $1 and klaviyo_profile_id = $2 and customer_id <> $3 limit 1',
      [tenantId, value, customerId],
    );
    return other?.customer_id;
  }
  await sql.query(
    `insert into customer_identifiers (tenant_id, kind, value, customer_id) values ($1, $2, $3, $4)
     on conflict (tenant_id, kind, value) do nothing`,
    [tenantId, kind, value, customerId],
  );
  // A statement of its own: the insert may have waited for another transaction, whose row its snapshot does not show.
  const [row] = await sql.query<{ customer_id: string }>(
    'select customer_id from customer_identifiers where tenant_id = $1 and kind = $2 and value = $3',
    [tenantId, kind, value],
  );
  return row?.customer_id === customerId ? undefined : row?.customer_id;
}

/** Forgets the identifiers of one kind that a customer no longer has. */
export async function dropIdentifiers(
  sql: Sql,
  owner: { tenantId: string; customerId: string },
  kind: string,
  keep: string | null,
): Promise<void> {
  await sql.query(
    `delete from customer_identifiers where tenant_id = $1 and customer_id = $2 and kind = $3 and value is distinct from $4`,
    [owner.tenantId, owner.customerId, kind, keep],
  );
}

export interface OtherOwner {
  kind: string;
  value: string;
  customerId: string;
  /** Klaviyo's id of the owner's profile, where one is known. */
  klaviyoProfileId: string | null;
}

/** Which of these identifiers belong to somebody else than this customer. */
export async function listOtherOwners(
  sql: Sql,
  owner: { tenantId: string; customerId: string },
  identifiers: readonly { kind: string; value: string }[],
): Promise<OtherOwner[]> {
  return sql.query<OtherOwner>(
    `select i.kind, i.value, i.customer_id as "customerId", c.klaviyo_profile_id as "klaviyoProfileId"
       from jsonb_to_recordset($3::jsonb) as given(kind text, value text)
       join customer_identifiers i on i.tenant_id = $1 and i.kind = given.kind and i.value = given.value
       join customers c on c.tenant_id = $1 and c.customer_id = i.customer_id
      where i.customer_id <> $2`,
    [owner.tenantId, owner.customerId, JSON.stringify(identifiers)],
  );
}
