import type { CustomerHit } from '../../passes/choose-customer.js';
import type { JsonValue } from '../../common/json.js';
import type { OperationRow } from '../operations/operations.js';
import { askedIdentifiers } from '../operations/asked-identifiers.js';
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
import { sql as statement } from '../sql.js';

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
export async function findCustomer(sql: Sql, tenantId: string, idOrExternal: string): Promise<CustomerRow | undefined> {
  const [row] = await sql.query<CustomerRow>(
    `select c.* from customers c where c.tenant_id = $1 and (c.customer_id::text = $2 or c.customer_id =
       (select i.customer_id from customer_identifiers i where i.tenant_id = $1 and i.kind = 'customerId' and i.value = $2))
     order by (c.customer_id::text = $2) desc limit 1`,
    [tenantId, idOrExternal],
  );
  return row;
}

/** A profile-sync and every customer that one of its identifiers leads to, in one round trip of index probes. */
export async function loadWithCustomerHits(
  sql: Sql,
  ref: OperationRef,
): Promise<{ operation: OperationRow; hits: CustomerHit[] } | undefined> {
  const [row] = await sql.query<OperationRow & { hits: CustomerHit[] | null }>(
    `with operation as materialized (
       select * from operations where tenant_id = $1 and operation_id = $2
     ), asked as materialized (
       select i.kind, i.value from operation cross join lateral ${askedIdentifiers('operation.input')} i
     ), leads as (
       select a.kind, c.customer_id from asked a
         cross join lateral (select customer_id from customer_identifiers c where c.tenant_id = $1 and c.kind = a.kind and c.value = a.value) c
       union
       select a.kind, p.customer_id from asked a
         cross join lateral (select customer_id from passes p where p.serial_number = a.value and p.tenant_id = $1) p where a.kind = 'serialNumber'
       union
       select 'klaviyoProfileId', c.customer_id from operation
         join customers c on c.tenant_id = $1 and c.klaviyo_profile_id = operation.input ->> 'klaviyoProfileId'
     )
     select operation.*, (
       select jsonb_agg(jsonb_build_object('kind', l.kind, 'customerId', l.customer_id, 'klaviyoProfileId', c.klaviyo_profile_id))
         from leads l join customers c on c.tenant_id = $1 and c.customer_id = l.customer_id
     ) as hits from operation`,
    [ref.tenantId, ref.operationId],
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
  await db.query(statement`
    with ${own(record)},
    step as (${recordStep(record)})
    ${updateOwn(statement`
      ${RUNNING},
      customer_id = ${found.customerId}::uuid,
      matched = ${found.matched}::text[]`)}`);
}

/** Beyond this age a sync runs even where a later one waits: an endless stream of changes must not starve it. */
const MAX_YIELD_SECONDS = 30;

export type SyncClaim = { claim: 'go' } | { claim: 'covered'; by: string } | { claim: 'wait'; forMs: number };

/**
 * Claims a customer's sync window: the first of a burst goes at once, the newest when the window opens, and those in
 * between are covered by a later one that names the same customer and brings at least the same keys. One that the sender
 * calls older covers nothing, although it was accepted later.
 */
export async function claimSync(
  sql: Sql,
  claim: OperationRef & { customerId: string; windowMs: number },
): Promise<SyncClaim> {
  const [row] = await sql.query<{ covered_by: string | null; claimed: boolean; wait_ms: number }>(
    `with newer as materialized (
       select later.operation_id from operations mine
         join operations later on later.tenant_id = $1 and later.kind = mine.kind
          and later.status in ('accepted', 'running', 'retrying') and not later.cancel_requested
          and later.acceptance_sequence > mine.acceptance_sequence
        where mine.tenant_id = $1 and mine.operation_id = $2 and mine.run = 1
          and mine.accepted_at > now() - interval '${MAX_YIELD_SECONDS} seconds'
          and later.origin = mine.origin
          and (later.customer_id = $3 or (later.input -> 'identifiers' = mine.input -> 'identifiers'
               and later.input -> 'klaviyoProfileId' = mine.input -> 'klaviyoProfileId'))
          and not exists (select from jsonb_object_keys(mine.input -> 'attributes') k where not later.input -> 'attributes' ? k)
          and not exists (select from jsonb_object_keys(mine.input -> 'properties') k where not later.input -> 'properties' ? k)
          and not exists (select from jsonb_array_elements(mine.input -> 'identifiers') m where not
                jsonb_path_exists(later.input -> 'identifiers', '$[*] ? (@.kind == $kind)', jsonb_build_object('kind', m -> 'kind')))
          and (mine.input -> 'klaviyoProfileId' = 'null' or later.input -> 'klaviyoProfileId' <> 'null')
          and (mine.input -> 'consent' = 'null' or later.input -> 'consent' <> 'null')
          and (mine.input ->> 'version' is null
               or (length(later.input ->> 'version'), later.input ->> 'version') >= (length(mine.input ->> 'version'), mine.input ->> 'version'))
          and not mine.input ? 'handedOver'
        order by later.acceptance_sequence desc limit 1
     ), claimed as (
       update customers set sync_started_at = now(), sync_started_by = $2
        where tenant_id = $1 and customer_id = $3 and not exists (select from newer)
          and (sync_started_by = $2 or sync_started_at is null
               or sync_started_at <= now() - $4::double precision * interval '1 millisecond')
       returning customer_id
     )
     select (select operation_id from newer) as covered_by, exists (select from claimed) as claimed,
            coalesce((select extract(epoch from sync_started_at - now()) * 1000 + $4::double precision
                        from customers where tenant_id = $1 and customer_id = $3), 0)::float8 as wait_ms`,
    [claim.tenantId, claim.operationId, claim.customerId, claim.windowMs],
  );
  if (row?.covered_by) return { claim: 'covered', by: row.covered_by };
  return row?.claimed ? { claim: 'go' } : { claim: 'wait', forMs: Math.max(50, Math.ceil(row?.wait_ms ?? 0)) };
}

/** Keeps what Klaviyo answered with the operation: personal data stays out of Temporal. */
export async function recordFetchedProfile(db: Sql, record: StepRecord, fetched: object | null): Promise<void> {
  await db.query(statement`
    with ${own(record)},
    step as (${recordStep(record)})
    ${updateOwn(statement`input = jsonb_set(operations.input, '{fetched}', ${JSON.stringify(fetched)}::jsonb)`)}`);
}

/** The row for a change, locked until the transaction ends. */
export async function lockCustomer(sql: Sql, tenantId: string, customerId: string): Promise<CustomerRow | undefined> {
  const [row] = await sql.query<CustomerRow>(
    'select * from customers where tenant_id = $1 and customer_id = $2 for update',
    [tenantId, customerId],
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
  const rows = await db.query(statement`
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
    ${updateOwn(statement`changed_fields = ${addChangedFields(change.changedFields)}`)}
    returning operations.run`);
  if (rows.length === 0) throw runEnded();
}

/** The passes of a customer that can still be seen on a phone, or become so again. */
export async function listLivePassIds(sql: Sql, tenantId: string, customerId: string): Promise<string[]> {
  const rows = await sql.query<{ pass_id: string }>(
    `select pass_id from passes where tenant_id = $1 and customer_id = $2 and state in ('active', 'expired') order by pass_id`,
    [tenantId, customerId],
  );
  return rows.map((row) => row.pass_id);
}
