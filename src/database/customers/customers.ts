import { isUuid } from '../../common/uuid.js';
import type { CustomerHit } from '../../passes/choose-customer.js';
import type { JsonValue } from '../../common/json.js';
import type { OperationRow } from '../operations/operations.js';
import { askedIdentifiers } from '../operations/asked-identifiers.js';
import { ownerOfAsked, passOfAskedSerial } from '../operations/leads.js';
import type { Sql } from '../connect.js';
import {
  addChangedFields,
  own,
  recordStep,
  RUNNING,
  updateOwn,
  type OperationRef,
  type StepRecord,
} from '../operations/fragments.js';
import { runEnded } from '../operations/steps.js';
import { sql } from '../sql.js';

export interface CustomerRow {
  customer_id: string;
  tenant_id: string;
  email: string | null;
  phone: string | null;
  external_customer_id: string | null;
  klaviyo_profile_id: string | null;
  first_name: string | null;
  last_name: string | null;
  language: string | null;
  consent: Record<string, JsonValue>;
  properties: Record<string, JsonValue>;
  field_sequences: Record<string, string>;
  test: boolean;
  created_at: Date;
  updated_at: Date;
}

/** A customer by our id or by the merchant's. */
export async function findCustomer(db: Sql, idOrExternal: string): Promise<CustomerRow | undefined> {
  const id = isUuid(idOrExternal) ? idOrExternal : null;
  const [row] = await db.query<CustomerRow>(
    sql`
      select c.*
      from customers c
      where c.tenant_id = ${db.tenantId}
        and c.customer_id = any (array(
          select ${id}::uuid
          union all
          select i.customer_id
          from customer_identifiers i
          where i.tenant_id = ${db.tenantId}
            and i.kind = 'customerId'
            and i.value = ${idOrExternal}
          union all
          select m.customer_id
          from customer_merges m
          where m.tenant_id = ${db.tenantId}
            and m.merged_customer_id = ${id}::uuid
        ))
      order by (c.customer_id = ${id}::uuid) is true desc
      limit 1`,
  );
  return row;
}

/** A profile-sync and every customer that one of its identifiers leads to, in one round trip of index probes. */
export async function loadWithCustomerHits(
  db: Sql,
  ref: OperationRef,
): Promise<{ operation: OperationRow; hits: CustomerHit[] } | undefined> {
  const [row] = await db.query<OperationRow & { hits: CustomerHit[] | null }>(
    sql`
      with
        operation as materialized (select * from operations where tenant_id = ${ref.tenantId} and operation_id = ${ref.operationId}),
        asked as materialized (select i.kind, i.value from operation cross join lateral ${askedIdentifiers(sql`operation.input`)} i),
        leads as (
          select a.kind, c.customer_id
          from asked a
            ${ownerOfAsked(ref.tenantId)}
          union
          select a.kind, p.customer_id
          from asked a
            ${passOfAskedSerial(ref.tenantId)}
          where a.kind = 'serialNumber'
          union
          select 'klaviyoProfileId', c.customer_id
          from operation
            -- Row level security keeps an expression over columns from the index, but not over those of an outer query.
            cross join lateral (
              select customer_id
              from customers
              where tenant_id = ${ref.tenantId}
                and klaviyo_profile_id = operation.input ->> 'klaviyoProfileId'
              offset 0
            ) c
        )
      select
        operation.*,
        (
          select
            jsonb_agg(
              jsonb_build_object('kind', l.kind, 'customerId', l.customer_id, 'klaviyoProfileId', c.klaviyo_profile_id)
            )
          from leads l join customers c on c.tenant_id = ${ref.tenantId} and c.customer_id = l.customer_id
        ) as hits
      from operation`,
  );
  if (!row) return undefined;
  const { hits, ...operation } = row;
  return { operation: operation as OperationRow, hits: hits ?? [] };
}

/** Marks an operation as running on the customer that it found. Nothing is written where this run has ended. */
export async function recordFoundCustomer(
  db: Sql,
  record: StepRecord,
  found: { customerId: string; matched: string[] },
): Promise<void> {
  await db.query(sql`
    with ${own(record)},
    step as (${recordStep(record)})
    ${updateOwn(sql`
      ${RUNNING},
      customer_id = ${found.customerId}::uuid,
      matched = ${found.matched}::text[]`)}`);
}

/** Keeps what Klaviyo answered with the operation: personal data stays out of Temporal. */
export async function recordFetchedProfile(
  db: Sql,
  record: StepRecord,
  fetched: object | null,
  asked?: object,
): Promise<void> {
  await db.query(sql`
    with ${own(record)},
    step as (${recordStep(record)})
    ${updateOwn(sql`input = operations.input || ${JSON.stringify({ fetched, ...(asked && { asked }) })}::jsonb`)}`);
}

/** The row for a change, locked until the transaction ends. */
export async function lockCustomer(db: Sql, customerId: string): Promise<CustomerRow | undefined> {
  const [row] = await db.query<CustomerRow>(
    sql`select * from customers where tenant_id = ${db.tenantId} and customer_id = ${customerId} for update`,
  );
  return row;
}

export interface CustomerChange {
  after: Pick<
    CustomerRow,
    | 'email'
    | 'phone'
    | 'external_customer_id'
    | 'klaviyo_profile_id'
    | 'first_name'
    | 'last_name'
    | 'language'
    | 'consent'
    | 'properties'
    | 'field_sequences'
  >;
  /** Channels whose consent is another one than before. */
  consents: { channel: string; granted: boolean; method: string; at: string | null }[];
  /** Names that the operation's status shows. */
  changedFields: string[];
  step: StepRecord;
}

/**
 * Writes a customer with the trail of consent, the step and the operation's summary.
 * @throws PermanentError `run-ended` where the operation has ended, or another run has taken over.
 */
export async function writeCustomer(db: Sql, customerId: string, change: CustomerChange): Promise<void> {
  const { after, step } = change;
  const rows = await db.query(sql`
    with ${own(step)},
    step as (${recordStep(step)}),
    given as (
      insert into consents (tenant_id, customer_id, channel, granted, method, given_at)
      select own.tenant_id, ${customerId}::uuid, c.channel, c.granted, c.method, coalesce(c.at, now())
        from own,
             jsonb_to_recordset(${JSON.stringify(change.consents)}::jsonb)
               as c(channel text, granted boolean, method text, at timestamptz)
    ),
    changed as (
      update customers
         set email = ${after.email},
             phone = ${after.phone},
             external_customer_id = ${after.external_customer_id},
             klaviyo_profile_id = ${after.klaviyo_profile_id},
             first_name = ${after.first_name},
             last_name = ${after.last_name},
             language = ${after.language},
             consent = ${JSON.stringify(after.consent)}::jsonb,
             properties = ${JSON.stringify(after.properties)}::jsonb,
             field_sequences = ${JSON.stringify(after.field_sequences)}::jsonb,
             updated_at = now()
        from own
       where customers.tenant_id = own.tenant_id
         and customers.customer_id = ${customerId}::uuid
    )
    ${updateOwn(sql`changed_fields = ${addChangedFields(change.changedFields)}`)}
    returning operations.run`);
  if (rows.length === 0) throw runEnded();
}

/** The passes of a customer that can still be seen on a phone, or become so again. */
export async function listLivePassIds(db: Sql, customerId: string): Promise<string[]> {
  const rows = await db.query<{ pass_id: string }>(
    sql`
      select pass_id
      from passes
      where tenant_id = ${db.tenantId}
        and customer_id = ${customerId}
        and state in ('active', 'expired')
      order by pass_id`,
  );
  return rows.map((row) => row.pass_id);
}
