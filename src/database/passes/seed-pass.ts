import { randomBytes, randomUUID } from 'node:crypto';
import type { JsonValue } from '../../common/json.js';
import type { Sql } from '../connect.js';
import { sql } from '../sql.js';

export interface SeededPass {
  passId: string;
  serialNumber: string;
}

/** The oldest pass of the customer with this identifier, or undefined. */
export async function findFirstPassOf(db: Sql, kind: string, value: string): Promise<SeededPass | undefined> {
  const [row] = await db.query<SeededPass>(sql`
    select p.pass_id as "passId", p.serial_number as "serialNumber"
    from customer_identifiers i
      join passes p on p.tenant_id = i.tenant_id and p.customer_id = i.customer_id
    where i.tenant_id = ${db.tenantId} and i.kind = ${kind} and i.value = ${value}
    order by p.created_at
    limit 1`);
  return row;
}

export interface Seed {
  customer: { email: string; phone: string; customerId: string; firstName: string; lastName: string };
  passTypeId: string;
  passTypeVersion: number;
  passTypeIdentifier: string;
  data: Record<string, JsonValue>;
  visuals: Record<string, string>;
}

/** Stores a customer with a live pass, without an operation: what the demo starts from. Call within a transaction. */
export async function seedPass(db: Sql, seed: Seed): Promise<SeededPass> {
  const { customer, passTypeIdentifier } = seed;
  const customerId = randomUUID();
  const pass = { passId: randomUUID(), serialNumber: randomBytes(18).toString('base64url') };
  await db.query(sql`
    insert into customers (
      customer_id, tenant_id, email, phone, external_customer_id, first_name, last_name, language
    ) values (
      ${customerId}, ${db.tenantId}, ${customer.email}, ${customer.phone}, ${customer.customerId},
      ${customer.firstName}, ${customer.lastName}, 'en'
    )`);
  await db.query(sql`
    insert into customer_identifiers (tenant_id, kind, value, customer_id)
    values
      (${db.tenantId}, 'email', ${customer.email}, ${customerId}),
      (${db.tenantId}, 'phone', ${customer.phone}, ${customerId}),
      (${db.tenantId}, 'customerId', ${customer.customerId}, ${customerId})`);
  await db.query(sql`
    with bumped as (
      insert into update_tags (tenant_id, apple_pass_type_identifier, tag)
      values (${db.tenantId}, ${passTypeIdentifier}, 1)
      on conflict (tenant_id, apple_pass_type_identifier) do update set tag = update_tags.tag + 1
      returning tag
    )
    insert into passes (
      pass_id, tenant_id, customer_id, serial_number, pass_type_id, pass_type_version,
      apple_pass_type_identifier, data, visuals, update_tag, live_key, modified_at
    )
    select
      ${pass.passId}::uuid, ${db.tenantId}::text, ${customerId}::uuid, ${pass.serialNumber}::text,
      ${seed.passTypeId}::text, ${seed.passTypeVersion}::int,
      ${passTypeIdentifier}::text, ${JSON.stringify(seed.data)}::jsonb, ${JSON.stringify(seed.visuals)}::jsonb,
      bumped.tag, ${`${customerId}:${seed.passTypeId}`}::text, date_trunc('second', now())
    from bumped`);
  return pass;
}

export interface GuestSeed extends Pick<
  Seed,
  'passTypeId' | 'passTypeVersion' | 'passTypeIdentifier' | 'data' | 'visuals'
> {
  count: number;
  /** Whether each has a phone that can be pushed. */
  phones: boolean;
}

/**
 * Stores customers of whom nothing is known, each with a live pass whose serial number begins with `guest-`; those that
 * are there stay. Returns their serial numbers and push tokens, in order.
 */
export async function seedGuests(db: Sql, seed: GuestSeed): Promise<{ serialNumber: string; pushToken: string }[]> {
  return db.query(sql`
    with guest as (
      select n,
             md5(${db.tenantId} || '/guest/' || n)::uuid as id,
             'guest-' || n || '-' || left(md5(${db.tenantId} || n), 12) as serial,
             encode(sha256((${db.tenantId} || '/guest/' || n)::bytea), 'hex') as token
        from generate_series(1, ${seed.count}::int) n
    ), person as (
      insert into customers (customer_id, tenant_id, language)
      select id, ${db.tenantId}, 'en' from guest
          on conflict do nothing
    ), card as (
      insert into passes (pass_id, tenant_id, customer_id, serial_number, pass_type_id, pass_type_version,
                          apple_pass_type_identifier, data, visuals, live_key)
      select id,
             ${db.tenantId},
             id,
             serial,
             ${seed.passTypeId},
             ${seed.passTypeVersion}::int,
             ${seed.passTypeIdentifier},
             ${JSON.stringify(seed.data)}::jsonb,
             ${JSON.stringify(seed.visuals)}::jsonb,
             id || ':' || ${seed.passTypeId}
        from guest
          on conflict do nothing
    ), phone as (
      insert into apple_devices (device_id, tenant_id, device_library_identifier, push_token)
      select id, ${db.tenantId}, left(token, 32), token from guest where ${seed.phones}
          on conflict do nothing
    ), registration as (
      insert into apple_registrations (tenant_id, device_id, pass_id, apple_pass_type_identifier)
      select ${db.tenantId}, id, id, ${seed.passTypeIdentifier} from guest where ${seed.phones}
          on conflict do nothing
    )
    select serial as "serialNumber", token as "pushToken" from guest order by n`);
}
