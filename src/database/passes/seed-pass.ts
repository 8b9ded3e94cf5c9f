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
