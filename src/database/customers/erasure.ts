import type { Sql, TenantSql } from '../connect.js';
import { own, updateOwn, type OperationRef, type RunRef } from '../operations/fragments.js';
import { sql } from '../sql.js';
import { forgetRest } from './forget-operations.js';
import { namesOf, theirCampaignRows } from './their-operations.js';

/** Ids of a customer's passes, oldest first. */
export async function listPassIds(db: Sql, customerId: string): Promise<string[]> {
  const rows = await db.query<{ pass_id: string }>(sql`
    select pass_id
      from passes
     where tenant_id = ${db.tenantId} and customer_id = ${customerId}
     order by created_at, pass_id`);
  return rows.map((row) => row.pass_id);
}

/** What Klaviyo knows a customer and their passes by. */
export interface CustomerNames {
  klaviyoProfileId: string | null;
  email: string | null;
  /** Names of the pass types that the customer's passes have or had. */
  passTypes: string[];
  serialNumbers: string[];
}

/** What names a customer at Klaviyo, or undefined where the customer is gone. */
export async function loadCustomerNames(db: Sql, customerId: string): Promise<CustomerNames | undefined> {
  const { tenantId } = db;
  const [row] = await db.query<CustomerNames>(sql`
    select c.klaviyo_profile_id as "klaviyoProfileId",
           c.email,
           array(select distinct t.name
                   from passes p
                   join pass_types t using (tenant_id, pass_type_id)
                  where p.tenant_id = ${tenantId} and p.customer_id = c.customer_id) as "passTypes",
           array(select serial_number
                   from passes p
                  where p.tenant_id = ${tenantId} and p.customer_id = c.customer_id
                  order by created_at) as "serialNumbers"
      from customers c
     where c.tenant_id = ${tenantId} and c.customer_id = ${customerId}`);
  return row;
}

/** How many devices with a living push token have not yet fetched the last revision of a customer's passes. */
export async function countDevicesBehind(db: Sql, customerId: string): Promise<number> {
  const [row] = await db.query<{ n: number }>(sql`
    select count(*)::int as n
      from passes p
      join apple_registrations r using (pass_id)
      join apple_devices d using (device_id)
     where p.tenant_id = ${db.tenantId}
       and p.customer_id = ${customerId}
       and d.token_gone_at is null
       and coalesce(r.fetched_revision, 0) < p.revision`);
  return row!.n;
}

export interface Removed {
  passes: number;
  devices: number;
  identifiers: number;
  events: number;
}

/** Removes a customer with everything that hangs on it, in one transaction; events keep their place, emptied. */
export async function removeCustomer(db: TenantSql, ref: OperationRef & { customerId: string }): Promise<Removed> {
  const { tenantId, customerId } = ref;
  return db.transaction(async (inside) => {
    const count = async (statement: ReturnType<typeof sql>): Promise<number> => (await inside.query(statement)).length;
    // Nobody issues a pass to this customer from here on: what is listed next is all there is.
    const known = await inside.query(sql`
      select from customers where tenant_id = ${tenantId} and customer_id = ${customerId} for update`);
    if (known.length === 0) return { passes: 0, devices: 0, identifiers: 0, events: 0 };
    await forgetRest(inside, ref);
    const passIds = await listPassIds(inside, customerId);
    const merged = await inside.query<{ id: string }>(sql`
      select merged_customer_id as id
        from customer_merges
       where tenant_id = ${tenantId} and customer_id = ${customerId}`);
    const customerIds = [customerId, ...merged.map(({ id }) => id)];
    const owned = await inside.query<{ device_id: string }>(sql`
      select distinct device_id
        from apple_registrations
       where tenant_id = ${tenantId} and pass_id = any (${passIds}::uuid[])`);
    const deviceIds = owned.map((row) => row.device_id);
    // Before the events forget whose they were.
    await inside.query(sql`
      update delivery_attempts
         set response_excerpt = null, error = null
       where tenant_id = ${tenantId}
         and delivery_id in (
           select d.delivery_id
             from deliveries d
             join events e using (event_id)
            where d.tenant_id = ${tenantId}
              and (e.customer_id = any (${customerIds}::uuid[]) or e.pass_id = any (${passIds}::uuid[])))`);
    await inside.query(sql`
      with ${namesOf(ref)}
      update campaign_rows r
         set state = case when r.state in ('read', 'waiting') then 'unreached' else r.state end,
             reason = 'The customer was erased.',
             identifiers = null,
             given = null,
             pass_id = null,
             customer_id = null
       where r.tenant_id = ${tenantId}
         and ${theirCampaignRows(ref)}`);
    const events = await count(sql`
      update events
         set payload = '{"erased": true}', customer_id = null
       where tenant_id = ${tenantId}
         and (customer_id = any (${customerIds}::uuid[]) or pass_id = any (${passIds}::uuid[]))
      returning 1`);
    await inside.query(sql`
      delete from notifications where tenant_id = ${tenantId} and pass_id = any (${passIds}::uuid[])`);
    const passes = await count(sql`
      delete from passes where tenant_id = ${tenantId} and pass_id = any (${passIds}::uuid[]) returning 1`);
    // A phone may hold passes of somebody else of the same tenant: it stays for those, with what it reported of them.
    const gone = await inside.query<{ device_id: string }>(sql`
      delete from apple_devices d
       where tenant_id = ${tenantId}
         and device_id = any (${deviceIds}::uuid[])
         and not exists (select from apple_registrations r where r.device_id = d.device_id)
      returning device_id`);
    const goneIds = gone.map((row) => row.device_id);
    await inside.query(sql`
      delete from device_log
       where tenant_id = ${tenantId}
         and (pass_id = any (${passIds}::uuid[])
              or pass_id is null and device_id = any (${goneIds}::uuid[]))`);
    const identifiers = await count(sql`
      delete from customer_identifiers where tenant_id = ${tenantId} and customer_id = ${customerId} returning 1`);
    await inside.query(sql`delete from customers where tenant_id = ${tenantId} and customer_id = ${customerId}`);
    return { passes, devices: goneIds.length, identifiers, events };
  });
}

/** Adds to the receipt of an operation: counts and words, no personal data. */
export async function addToReceipt(db: Sql, ref: RunRef, entries: object): Promise<void> {
  await db.query(sql`
    with ${own(ref)}
    ${updateOwn(sql`response = coalesce(operations.response, '{}') || ${JSON.stringify(entries)}::jsonb`)}`);
}
