import type { Sql, TenantSql } from '../connect.js';
import type { PassState } from '../../passes/pass.js';
import { sql } from '../sql.js';

/** The serial numbers of a customer's passes, oldest first; deleted ones are gone for the customer, too. */
export async function listCustomerPasses(
  db: Sql,
  customerId: string,
): Promise<{ serialNumber: string; passTypeId: string; state: PassState }[]> {
  const rows = await db.query<{ serial_number: string; pass_type_id: string; state: PassState }>(
    sql`
      select serial_number, pass_type_id, state
      from passes
      where tenant_id = ${db.tenantId} and customer_id = ${customerId} and state <> 'deleted'
      order by created_at, pass_id`,
  );
  return rows.map((row) => ({ serialNumber: row.serial_number, passTypeId: row.pass_type_id, state: row.state }));
}

/**
 * The serial number of the customer's valid or expired pass of a type, or else of one that was of this type before it was
 * converted: a customer who was moved to another design is not offered the first one again.
 */
export async function findHeldPass(
  db: Sql,
  customerId: string,
  type: { passTypeId: string; name: string },
): Promise<string | null> {
  const [row] = await db.query<{ serial_number: string }>(
    sql`
      select p.serial_number
      from passes p
      where p.tenant_id = ${db.tenantId}
        and p.customer_id = ${customerId}
        and p.state in ('active', 'expired')
        and (
          p.pass_type_id = ${type.passTypeId}
          or exists (
            select
            from pass_revisions r
            where r.tenant_id = ${db.tenantId}
              and r.pass_id = p.pass_id
              and r.changed #>> '{passType,from}' = ${type.name}
          )
        )
      order by (p.pass_type_id = ${type.passTypeId}) desc, p.created_at, p.pass_id
      limit 1`,
  );
  return row?.serial_number ?? null;
}

/** Whether a customer is known by tests alone: made by one, and without a pass that is none. */
export async function isOnlyTest(db: Sql, customerId: string): Promise<boolean> {
  const [row] = await db.query<{ only: boolean }>(sql`
    select c.test
           and not exists (
             select from passes p
              where p.tenant_id = ${db.tenantId} and p.customer_id = ${customerId} and not p.test
           ) as only
      from customers c
     where c.tenant_id = ${db.tenantId} and c.customer_id = ${customerId}`);
  return row?.only === true;
}

/** All identifiers by which a customer is found. */
export async function listCustomerIdentifiers(db: Sql, customerId: string): Promise<{ kind: string; value: string }[]> {
  return db.query<{ kind: string; value: string }>(
    sql`
      select kind, value
      from customer_identifiers
      where tenant_id = ${db.tenantId} and customer_id = ${customerId}
      order by kind, value`,
  );
}

export interface GivenConsent {
  channel: string;
  textVersion: string;
  /** Where it was given: `enrolment-page`. */
  method: string;
}

/** Keeps what a customer agreed to (an unticked box is no statement and takes nothing back), with time, version of the text and method; the customer's present state follows. */
export async function recordConsents(
  db: TenantSql,
  customerId: string,
  consents: readonly GivenConsent[],
): Promise<void> {
  if (consents.length === 0) return;
  await db.query(
    sql`
      with
        given as (
          insert into consents (tenant_id, customer_id, channel, granted, text_version, method)
          select
            ${db.tenantId},
            ${customerId}::uuid,
            c.channel,
            true,
            c."textVersion",
            c.method
          from jsonb_to_recordset(${JSON.stringify(consents)}::jsonb) as c (channel text, "textVersion" text, method text)
          returning channel, method, given_at
        )
      update customers
      set
        updated_at = now(),
        consent = consent || (
          select
            jsonb_object_agg(channel, jsonb_build_object('state', 'SUBSCRIBED', 'at', given_at, 'method', method))
          from given
        )
      where tenant_id = ${db.tenantId} and customer_id = ${customerId}::uuid`,
  );
}
