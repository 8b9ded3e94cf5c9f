import { isUuid } from '../../common/uuid.js';
import type { Wallet } from '../../passes/wallet.js';
import type { PassState } from '../../passes/pass.js';
import type { Sql } from '../connect.js';
import type { DeviceResultRow } from './device-results.js';
import { isUnfinished } from './fragments.js';
import type { StepRow } from './operations.js';
import { sql } from '../sql.js';

/** What an operator's search term leads to. */
export interface SearchHits {
  operationId: string | null;
  customers: {
    customer_id: string;
    email: string | null;
    phone: string | null;
    first_name: string | null;
    last_name: string | null;
  }[];
}

/** Customers by one of their identifiers or a pass's serial number, and an operation by its correlation id. */
export async function searchTenant(db: Sql, terms: readonly string[]): Promise<SearchHits> {
  const [operation] = await db.query<{ operation_id: string }>(
    sql`
      select operation_id
      from operations
      where tenant_id = ${db.tenantId} and operation_id::text = any (${terms.filter((term) => /^[0-9a-f-]{36}$/.test(term))}::text[])
      limit 1`,
  );
  const customers = await db.query<SearchHits['customers'][number]>(
    sql`
      select customer_id, email, phone, first_name, last_name
      from customers
      where tenant_id = ${db.tenantId}
        and customer_id in (
          select customer_id
          from customer_identifiers
          where tenant_id = ${db.tenantId} and value = any (${terms}::text[])
          union
          select customer_id
          from passes
          where tenant_id = ${db.tenantId} and serial_number = any (${terms}::text[])
          union
          select customer_id
          from passes
          where tenant_id = ${db.tenantId} and external_id = any (${terms}::text[])
          union
          select customer_id
          from customers
          where tenant_id = ${db.tenantId} and customer_id = any (${terms.filter(isUuid)}::uuid[])
        )
      order by created_at
      limit 50`,
  );
  return { operationId: operation?.operation_id ?? null, customers };
}

export interface OperatorPass {
  pass_id: string;
  customer_id: string | null;
  serial_number: string;
  type_name: string;
  state: PassState;
  revision: number;
  modified_at: Date;
}

/** The passes of a customer, or one pass. */
export async function listOperatorPasses(
  db: Sql,
  which: { customerId?: string; passId?: string },
): Promise<OperatorPass[]> {
  return db.query<OperatorPass>(
    sql`
      select
        p.pass_id,
        p.customer_id,
        p.serial_number,
        t.name as type_name,
        p.state,
        p.revision,
        p.modified_at
      from passes p join pass_types t on t.tenant_id = p.tenant_id and t.pass_type_id = p.pass_type_id
      where p.tenant_id = ${db.tenantId} and (p.customer_id = ${which.customerId ?? null}::uuid or p.pass_id = ${which.passId ?? null}::uuid)
      order by p.created_at`,
  );
}

export interface OperatorDevice {
  pass_id: string;
  platform: Wallet;
  device_id: string | null;
  since: Date;
  /** The push token was refused: this device gets no push until it registers again. */
  gone_at: Date | null;
  listed_at: Date | null;
  fetched_at: Date | null;
  /** What the device or Google's object has; compare it with the pass's revision. */
  fetched_revision: number | null;
}

/** Where passes are installed, and what each place has seen. */
export async function listOperatorDevices(db: Sql, passIds: readonly string[]): Promise<OperatorDevice[]> {
  return db.query<OperatorDevice>(
    sql`
      select
        r.pass_id,
        'apple' as platform,
        r.device_id,
        r.registered_at as since,
        d.token_gone_at as gone_at,
        r.last_listed_at as listed_at,
        r.last_fetched_at as fetched_at,
        r.fetched_revision
      from apple_registrations r join apple_devices d using (device_id)
      where r.tenant_id = ${db.tenantId} and r.pass_id = any (${passIds}::uuid[])
      union all
      select
        g.pass_id,
        'google',
        null,
        g.saved_at,
        g.removed_at,
        null,
        null,
        g.synced_revision
      from google_objects g
      where g.tenant_id = ${db.tenantId}
        and g.pass_id = any (${passIds}::uuid[])
        and g.saved_at is not null
      order by since`,
  );
}

/** Steps of several operations, each in the order in which they began. */
export async function listOperatorSteps(
  db: Sql,
  operationIds: readonly string[],
): Promise<(StepRow & { operation_id: string })[]> {
  return db.query<StepRow & { operation_id: string }>(
    sql`select operation_id, step, state, attempts, started_at, ended_at, last_error, detail
       from operation_steps where tenant_id = ${db.tenantId} and operation_id = any(${operationIds}::uuid[])
      order by started_at, ended_at nulls last`,
  );
}

/** Counting stops here, so that the page costs the same in a flood. */
export const RETRYING_COUNTED_MOST = 1_000;

/** Why operations are tried again, with how many are, the most frequent reasons first; of more than are counted, any. */
export async function listRetryReasons(db: Sql): Promise<{ code: string; count: number; oldest: Date }[]> {
  return db.query<{ code: string; count: number; oldest: Date }>(sql`
    select coalesce(why.code, 'unknown') as code,
           count(*)::int as count,
           min(o.accepted_at) as oldest
      from (
        select operation_id, accepted_at
          from operations
         where tenant_id = ${db.tenantId}
           and ${isUnfinished()}
           and status = 'retrying'
         limit ${RETRYING_COUNTED_MOST}) o,
           lateral (
        select s.last_error ->> 'code' as code
          from operation_steps s
         where s.tenant_id = ${db.tenantId}
           and s.operation_id = o.operation_id
           and s.state = 'retrying'
         limit 1) why
     group by 1
     order by 2 desc
     limit 5`);
}

/** The results of several operations for each wallet. */
export async function listOperatorResults(
  db: Sql,
  operationIds: readonly string[],
): Promise<(DeviceResultRow & { operation_id: string })[]> {
  return db.query<DeviceResultRow & { operation_id: string }>(
    sql`select operation_id, platform, device_id, state, attempts, covered_by, reason, updated_at
       from notifications where tenant_id = ${db.tenantId} and operation_id = any(${operationIds}::uuid[])
      order by platform, target limit 1000`,
  );
}

export interface OperatorDelivery {
  operation_id: string;
  delivery_id: string;
  url: string;
  endpoint_state: 'enabled' | 'disabled';
  type: string;
  status: string;
  attempts: number;
  created_at: Date;
  ended_at: Date | null;
  last_status: number | null;
  last_error: string | null;
}

/** Deliveries of operations' events to merchants. */
export async function listOperatorDeliveries(db: Sql, operationIds: readonly string[]): Promise<OperatorDelivery[]> {
  return db.query<OperatorDelivery>(
    sql`
      select
        e.operation_id,
        d.delivery_id,
        w.url,
        w.state as endpoint_state,
        e.type,
        d.status,
        d.attempts,
        d.created_at,
        d.ended_at,
        a.status as last_status,
        a.error as last_error
      from events e
        join deliveries d on d.tenant_id = e.tenant_id
        and d.event_id = e.event_id
        join webhook_endpoints w on w.tenant_id = e.tenant_id
        and w.endpoint_id = d.endpoint_id
        left join lateral (
          select status, error
          from delivery_attempts a
          where a.tenant_id = e.tenant_id and a.delivery_id = d.delivery_id
          order by attempt desc
          limit 1
        ) a on true
      where e.tenant_id = ${db.tenantId} and e.operation_id = any (${operationIds}::uuid[])
      order by d.created_at`,
  );
}

/** A valid key by its id, for a session that remembers no key. */
export async function findLiveKey(
  db: Sql,
  keyId: string,
): Promise<{ name: string; scopes: string[]; test: boolean } | undefined> {
  const [row] = await db.query<{ name: string; scopes: string[]; test: boolean }>(
    sql`select name, scopes, test from api_keys where tenant_id = ${db.tenantId} and key_id::text = ${keyId}
        and revoked_at is null and (expires_at is null or expires_at > now())`,
  );
  return row;
}
