import { isUuid } from '../../common/uuid.js';
import type { Sql } from '../connect.js';
import { raw, sql, type Statement } from '../sql.js';
import { namesOf, passesOf, theirCampaignRows, theirOperations, type CustomerRef } from './their-operations.js';

/** Customers that an identifier leads to: one of theirs, or one of their passes'. Most often one. */
export async function findCustomerIds(db: Sql, values: readonly string[]): Promise<string[]> {
  const { tenantId } = db;
  const given = sql`(${values}::text[])`;
  const rows = await db.query<{ customer_id: string }>(sql`
    select customer_id
      from customer_identifiers
     where tenant_id = ${tenantId} and value = any ${given}
    union
    select customer_id
      from customers
     where tenant_id = ${tenantId}
       and (customer_id = any (${values.filter(isUuid)}::uuid[])
            or klaviyo_profile_id = any ${given}
            or email = any ${given}
            or phone = any ${given}
            or external_customer_id = any ${given})
    union
    select customer_id
      from passes
     where tenant_id = ${tenantId} and (serial_number = any ${given} or external_id = any ${given})
    union
    select p.customer_id
      from pass_identifiers i
      join passes p using (tenant_id, pass_id)
     where i.tenant_id = ${tenantId} and i.value = any ${given}
     order by 1
     limit 100`);
  return rows.map((row) => row.customer_id);
}

const ofPasses = (customer: CustomerRef): Statement => sql`pass_id = any (array${passesOf(customer)})`;
const ofDevices = (customer: CustomerRef): Statement =>
  sql`device_id = any (array(select device_id from apple_registrations where ${ofPasses(customer)}))`;
const ofCustomer = ({ customerId }: CustomerRef): Statement => sql`customer_id = ${customerId}::uuid`;
/** Events keep the id of the customer that they were about when they were made. */
const ofMerged = ({ tenantId, customerId }: CustomerRef): Statement => sql`customer_id = any (array(
  select merged_customer_id from customer_merges where tenant_id = ${tenantId} and customer_id = ${customerId}::uuid))`;
const ofOperations = (customer: CustomerRef): Statement => sql`operation_id = any (array(
  select o.operation_id from operations o where o.tenant_id = ${customer.tenantId} and ${theirOperations(customer)}))`;

const ofCampaignRows = (customer: CustomerRef): Statement => sql`(campaign_id, row_number) in (
  select r.campaign_id, r.row_number from campaign_rows r where r.tenant_id = ${customer.tenantId} and ${theirCampaignRows(customer)})`;

/** A phone may hold passes of several people: what it reported of theirs, or of none while it holds no others'. */
const ofDeviceLog = (customer: CustomerRef): Statement => sql`(
  ${ofPasses(customer)}
  or pass_id is null and ${ofDevices(customer)}
     and not exists (select from apple_registrations r
                      where r.device_id = held.device_id and r.pass_id not in ${passesOf(customer)}))`;

/**
 * What is held of a customer, by table: which rows, and which columns stay out because they are keys to something or
 * say nothing of the person. A test compares the list with the schema.
 */
export const HELD: Readonly<
  Record<string, { where: (customer: CustomerRef) => Statement; without?: readonly string[] }>
> = {
  customers: { where: ofCustomer },
  customer_identifiers: { where: ofCustomer },
  customer_merges: { where: ofCustomer },
  consents: { where: ofCustomer },
  link_tokens: { where: ofCustomer, without: ['token_hash'] },
  passes: { where: ofCustomer },
  pass_identifiers: { where: ofPasses },
  pass_revisions: { where: ofPasses },
  messages: { where: ofCustomer },
  campaign_rows: { where: ofCampaignRows },
  offers: { where: ofPasses },
  apple_registrations: { where: ofPasses },
  apple_devices: { where: ofDevices, without: ['push_token'] },
  push_windows: { where: ofDevices },
  device_log: { where: ofDeviceLog },
  google_objects: { where: ofPasses },
  notifications: { where: ofPasses },
  events: {
    where: (customer) => sql`(${ofCustomer(customer)} or ${ofMerged(customer)} or ${ofPasses(customer)})`,
    without: ['transaction_id'],
  },
  operations: { where: ofOperations, without: ['body_hash'] },
  operation_steps: { where: ofOperations },
};

/** Everything held of a customer, by table, as plain JSON. */
export async function exportCustomer(db: Sql, customerId: string): Promise<Record<string, Record<string, unknown>[]>> {
  const customer = { tenantId: db.tenantId, customerId };
  const held: Record<string, Record<string, unknown>[]> = {};
  for (const [table, { where, without = [] }] of Object.entries(HELD)) {
    const rows = await db.query<{ row: Record<string, unknown> }>(sql`
      with ${namesOf(customer)}
      select to_jsonb(held) - ${['tenant_id', ...without]}::text[] as row
        from ${raw(table)} held
       where tenant_id = ${db.tenantId} and ${where(customer)}`);
    held[table] = rows.map(({ row }) => row);
  }
  return held;
}
