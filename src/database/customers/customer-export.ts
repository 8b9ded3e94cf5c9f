import type { Sql } from '../connect.js';
import { asInJson } from './erasure.js';

/** Customers that an identifier leads to: one of theirs, or one of their passes'. Most often one. */
export async function findCustomerIds(sql: Sql, tenantId: string, values: readonly string[]): Promise<string[]> {
  const rows = await sql.query<{ customer_id: string }>(
    `select customer_id from customer_identifiers where tenant_id = $1 and value = any($2::text[])
     union select customer_id from customers where tenant_id = $1
        and (customer_id::text = any($2) or klaviyo_profile_id = any($2) or email = any($2) or phone = any($2)
          or external_customer_id = any($2))
     union select customer_id from passes where tenant_id = $1 and (serial_number = any($2) or external_id = any($2))
     union select p.customer_id from pass_identifiers i join passes p using (tenant_id, pass_id)
        where i.tenant_id = $1 and i.value = any($2)
     order by 1 limit 100`,
    [tenantId, values],
  );
  return rows.map((row) => row.customer_id);
}

const OF_PASSES = 'pass_id in (select pass_id from passes where tenant_id = $1 and customer_id = $2)';
const OF_DEVICES = `device_id in (select device_id from apple_registrations where ${OF_PASSES})`;
/** Short texts would be found in requests of others, too. */
const SHORTEST_NAME = 5;
/** A request that reached nobody, but names the person. */
const NAMES_THEM = `(customer_id is null and pass_id is null and exists (
  select from (
    select unnest(array[c.email, c.phone, c.external_customer_id, c.klaviyo_profile_id]) as value
      from customers c where c.tenant_id = $1 and c.customer_id = $2
    union select i.value from customer_identifiers i where i.tenant_id = $1 and i.customer_id = $2) named
   where length(value) >= ${SHORTEST_NAME} and position(${asInJson('lower(value)')} in lower(input::text)) > 0))`;
const THEIR_OPERATIONS = `(customer_id = $2 or ${OF_PASSES} or ${NAMES_THEM})`;
const OF_OPERATIONS = `operation_id in (select operation_id from operations where tenant_id = $1 and ${THEIR_OPERATIONS})`;

/**
 * What is held of a customer, by table: which rows, and which columns stay out because they are keys to something or
 * say nothing of the person. A test compares the list with the schema.
 */
export const HELD: Readonly<Record<string, { where: string; without?: readonly string[] }>> = {
  customers: { where: 'customer_id = $2' },
  customer_identifiers: { where: 'customer_id = $2' },
  consents: { where: 'customer_id = $2' },
  link_tokens: { where: 'customer_id = $2', without: ['token_hash'] },
  passes: { where: 'customer_id = $2' },
  pass_identifiers: { where: OF_PASSES },
  pass_revisions: { where: OF_PASSES },
  apple_registrations: { where: OF_PASSES },
  apple_devices: { where: OF_DEVICES, without: ['push_token'] },
  push_windows: { where: OF_DEVICES },
  device_log: { where: `(${OF_PASSES} or ${OF_DEVICES})` },
  google_objects: { where: OF_PASSES },
  notifications: { where: OF_PASSES },
  events: { where: `(customer_id = $2 or ${OF_PASSES})`, without: ['transaction_id'] },
  operations: { where: THEIR_OPERATIONS, without: ['body_hash'] },
  operation_steps: { where: OF_OPERATIONS },
};

/** Everything held of a customer, by table, as plain JSON. */
export async function exportCustomer(
  sql: Sql,
  tenantId: string,
  customerId: string,
): Promise<Record<string, Record<string, unknown>[]>> {
  const held: Record<string, Record<string, unknown>[]> = {};
  for (const [table, { where, without = [] }] of Object.entries(HELD)) {
    const rows = await sql.query<{ row: Record<string, unknown> }>(
      `select to_jsonb(held) - $3::text[] as row from ${table} held where tenant_id = $1 and ${where}
        and $2::uuid is not null`,
      [tenantId, customerId, ['tenant_id', ...without]],
    );
    held[table] = rows.map(({ row }) => row);
  }
  return held;
}
