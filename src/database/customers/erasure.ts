import type { Sql, TenantSql } from '../connect.js';
import type { OperationRef } from '../operations/steps.js';

/** Ids of a customer's passes, oldest first. */
export async function listPassIds(sql: Sql, tenantId: string, customerId: string): Promise<string[]> {
  const rows = await sql.query<{ pass_id: string }>(
    'select pass_id from passes where tenant_id = $1 and customer_id = $2 order by created_at, pass_id',
    [tenantId, customerId],
  );
  return rows.map((row) => row.pass_id);
}

export interface CustomerNames {
  klaviyoProfileId: string | null;
  email: string | null;
  /** Every text that names the person: identifiers of customer and passes. */
  values: string[];
  /** Names of the pass types that the customer's passes have or had. */
  passTypes: string[];
  serialNumbers: string[];
}

/** What names a customer, or undefined where the customer is gone. */
export async function loadCustomerNames(
  sql: Sql,
  tenantId: string,
  customerId: string,
): Promise<CustomerNames | undefined> {
  const [row] = await sql.query<{
    klaviyo_profile_id: string | null;
    email: string | null;
    values: string[];
    pass_types: string[];
    serial_numbers: string[];
  }>(
    `select c.klaviyo_profile_id, c.email,
            array(select distinct v from (
              select unnest(array[c.email, c.phone, c.external_customer_id, c.klaviyo_profile_id]) as v
              union all select value from customer_identifiers where tenant_id = $1 and customer_id = $2
              union all select i.value from pass_identifiers i join passes p using (pass_id)
                         where p.tenant_id = $1 and p.customer_id = $2
              union all select unnest(array[serial_number, external_id]) from passes where tenant_id = $1 and customer_id = $2
            ) named where v is not null) as values,
            array(select distinct t.name from passes p join pass_types t using (tenant_id, pass_type_id)
                   where p.tenant_id = $1 and p.customer_id = $2) as pass_types,
            array(select serial_number from passes where tenant_id = $1 and customer_id = $2 order by created_at) as serial_numbers
       from customers c where c.tenant_id = $1 and c.customer_id = $2`,
    [tenantId, customerId],
  );
  return (
    row && {
      klaviyoProfileId: row.klaviyo_profile_id,
      email: row.email,
      values: row.values,
      passTypes: row.pass_types,
      serialNumbers: row.serial_numbers,
    }
  );
}

/** How many devices with a living push token have not yet fetched the last revision of a customer's passes. */
export async function countDevicesBehind(sql: Sql, tenantId: string, customerId: string): Promise<number> {
  const [row] = await sql.query<{ n: number }>(
    `select count(*)::int as n
       from passes p join apple_registrations r using (pass_id) join apple_devices d using (device_id)
      where p.tenant_id = $1 and p.customer_id = $2 and d.token_gone_at is null
        and coalesce(r.fetched_revision, 0) < p.revision`,
    [tenantId, customerId],
  );
  return row!.n;
}

/** A text as it stands inside of JSON: a quote or a backslash in an id would hide it otherwise. */
export const asInJson = (text: string): string => `btrim(to_jsonb(${text})::text, '"')`;

const REDACTED = `input = '{}', repairs = '[]', response = null, reason = null,
  idempotency_key = case when idempotency_key is null then null else 'erased/' || operation_id end, body_hash = null`;

/**
 * Empties one batch of the tenant's operations that belong to a customer, or whose input or idempotency key names one of
 * `values`; the operation that erases stays. Returns the acceptance sequence to go on below, or null at the end.
 */
export async function redactOperations(
  sql: TenantSql,
  ref: OperationRef & { customerId: string },
  values: readonly string[],
  below: string | null,
  batch: number,
): Promise<{ redacted: number; below: string | null }> {
  return sql.transaction(async (inside) => {
    const [row] = await inside.query<{ redacted: number; seen: number; lowest: string | null }>(
      `with batch as (
         select operation_id, acceptance_sequence, customer_id, pass_id, input, repairs, idempotency_key from operations
          where tenant_id = $1 and ($5::bigint is null or acceptance_sequence < $5)
          order by acceptance_sequence desc limit $6
       ), theirs as (
         select operation_id from batch
          where operation_id <> $2 and (customer_id = $3
             or pass_id in (select pass_id from passes where tenant_id = $1 and customer_id = $3)
             or exists (select from unnest($4::text[]) v
                         where position(${asInJson('v')} in lower(input::text || repairs::text)) > 0
                            or position(v in lower(idempotency_key)) > 0))
       ), emptied as (
         update operations set ${REDACTED} where tenant_id = $1 and operation_id in (select operation_id from theirs)
         returning operation_id
       ), steps as (
         update operation_steps set detail = '{}', last_error = null
          where tenant_id = $1 and operation_id in (select operation_id from theirs)
       )
       select (select count(*)::int from emptied) as redacted, (select count(*)::int from batch) as seen,
              (select min(acceptance_sequence)::text from batch) as lowest`,
      [ref.tenantId, ref.operationId, ref.customerId, values.map((value) => value.toLowerCase()), below, batch],
    );
    return { redacted: row!.redacted, below: row!.seen < batch ? null : row!.lowest };
  });
}

export interface Removed {
  passes: number;
  devices: number;
  identifiers: number;
  events: number;
}

/** Removes a customer with everything that hangs on it, in one transaction; events keep their place, emptied. */
export async function removeCustomer(sql: TenantSql, tenantId: string, customerId: string): Promise<Removed> {
  return sql.transaction(async (inside) => {
    const count = async (text: string, values: unknown[]): Promise<number> =>
      (await inside.query(`${text} returning 1`, values)).length;
    const passIds = await listPassIds(inside, tenantId, customerId);
    const owned = await inside.query<{ device_id: string }>(
      'select distinct device_id from apple_registrations where tenant_id = $1 and pass_id = any($2::uuid[])',
      [tenantId, passIds],
    );
    const deviceIds = owned.map((row) => row.device_id);
    // Before the events forget whose they were.
    await inside.query(
      `update delivery_attempts set response_excerpt = null, error = null where tenant_id = $1 and delivery_id in (
         select d.delivery_id from deliveries d join events e using (event_id)
          where d.tenant_id = $1 and (e.customer_id = $2 or e.pass_id = any($3::uuid[])))`,
      [tenantId, customerId, passIds],
    );
    const events = await count(
      `update events set payload = '{"erased": true}', customer_id = null
        where tenant_id = $1 and (customer_id = $2 or pass_id = any($3::uuid[]))`,
      [tenantId, customerId, passIds],
    );
    await inside.query(
      `delete from device_log where tenant_id = $1 and (pass_id = any($2::uuid[]) or device_id = any($3::uuid[]))`,
      [tenantId, passIds, deviceIds],
    );
    await inside.query('delete from notifications where tenant_id = $1 and pass_id = any($2::uuid[])', [
      tenantId,
      passIds,
    ]);
    const passes = await count('delete from passes where tenant_id = $1 and pass_id = any($2::uuid[])', [
      tenantId,
      passIds,
    ]);
    // A phone may hold passes of somebody else of the same tenant: it stays for those.
    const devices = await count(
      `delete from apple_devices d where tenant_id = $1 and device_id = any($2::uuid[])
          and not exists (select from apple_registrations r where r.device_id = d.device_id)`,
      [tenantId, deviceIds],
    );
    const identifiers = await count('delete from customer_identifiers where tenant_id = $1 and customer_id = $2', [
      tenantId,
      customerId,
    ]);
    await inside.query('delete from customers where tenant_id = $1 and customer_id = $2', [tenantId, customerId]);
    return { passes, devices, identifiers, events };
  });
}

/** Adds to the receipt of an operation: counts and words, no personal data. */
export async function addToReceipt(sql: Sql, ref: OperationRef, entries: object): Promise<void> {
  await sql.query(
    `update operations set response = coalesce(response, '{}') || $3::jsonb where tenant_id = $1 and operation_id = $2`,
    [ref.tenantId, ref.operationId, JSON.stringify(entries)],
  );
}
