import {
  mergeConsent,
  passesToVoid,
  type LivePassOfMerge,
  type MergeKeeps,
  type MergeParty,
} from '../../passes/merge-customers.js';
import type { LifecycleInput } from '../../passes/operation-input.js';
import type { Sql } from '../connect.js';
import { own, updateOwn, type RunRef } from '../operations/fragments.js';
import { insertOrFindOperation } from '../operations/operations.js';
import { runEnded } from '../operations/steps.js';
import { sql } from '../sql.js';
import type { CustomerRow } from './customers.js';
import { lockCustomers } from './recipients.js';

export interface Merge {
  /** Who stays. */
  into: string;
  /** Whose identifiers and passes move over. */
  from: string;
  /** `mergeKeeps` and `allowSeveralPasses` of the tenant's settings. */
  keeps: MergeKeeps;
  allowSeveral: boolean;
}

/** What a merge does, or would do. */
export interface MergePlan {
  /** Kinds of identifier that move. */
  identifiers: string[];
  passes: string[];
  voided: string[];
}

/** Where a customer's id leads now: to itself, or to the one it was merged into. */
export async function resolveCustomer(db: Sql, customerId: string): Promise<string> {
  const [row] = await db.query<{ customer_id: string }>(sql`
    select customer_id from customer_merges where tenant_id = ${db.tenantId} and merged_customer_id = ${customerId}`);
  return row?.customer_id ?? customerId;
}

/** The customers as a merge judges them. */
export async function listMergeParties(db: Sql, customerIds: readonly string[]): Promise<MergeParty[]> {
  return db.query<MergeParty>(sql`
    select c.customer_id as "customerId",
           c.email,
           c.phone,
           c.external_customer_id as "externalId",
           c.klaviyo_profile_id as "klaviyoProfileId",
           coalesce((select jsonb_object_agg(i.kind, i.value)
                       from customer_identifiers i
                      where i.tenant_id = ${db.tenantId} and i.customer_id = c.customer_id
                        and i.kind not in ('email', 'phone', 'customerId')), '{}') as own
      from customers c
     where c.tenant_id = ${db.tenantId} and c.customer_id = any (${customerIds}::uuid[])
     order by c.created_at, c.customer_id`);
}

/** What merging two customers would do; undefined where one of them does not exist. */
export async function planMerge(db: Sql, merge: Merge): Promise<MergePlan | undefined> {
  const { into, from } = merge;
  const parties = await listMergeParties(db, [into, from]);
  if (into === from || parties.length < 2) return undefined;
  const identifiers = await db.query<{ kind: string }>(sql`
    select kind
      from customer_identifiers
     where tenant_id = ${db.tenantId} and customer_id = ${from}
     order by kind`);
  const passes = await db.query<{ passId: string }>(sql`
    select pass_id as "passId"
      from passes
     where tenant_id = ${db.tenantId} and customer_id = ${from}
     order by created_at, pass_id`);
  const live = await listLive(db, merge);
  return {
    identifiers: identifiers.map(({ kind }) => kind),
    passes: passes.map(({ passId }) => passId),
    voided: merge.allowSeveral ? [] : passesToVoid(live, merge.keeps).map(({ passId }) => passId),
  };
}

async function listLive(db: Sql, { into, from }: Merge): Promise<LivePassOfMerge[]> {
  return db.query<LivePassOfMerge>(sql`
    select p.pass_id as "passId",
           p.pass_type_id as "passTypeId",
           to_char(p.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') as "createdAt",
           exists (select from apple_registrations r where r.tenant_id = ${db.tenantId} and r.pass_id = p.pass_id)
             or exists (select from google_objects g
                         where g.tenant_id = ${db.tenantId} and g.pass_id = p.pass_id and g.saved_at is not null
                           and (g.removed_at is null or g.removed_at < g.saved_at)) as installed
      from passes p
     where p.tenant_id = ${db.tenantId}
       and p.customer_id = any (${[into, from]}::uuid[])
       and p.live_key is not null
       and p.state in ('active', 'expired')`);
}

/**
 * Merges one customer into another. Identifiers, passes, consents, links and history move; where both have a value,
 * the remaining customer's is kept. Live passes beyond one of a type lose their place and are voided by operations of
 * their own, which notify their phones. Call it within a transaction. Undefined if one of the two does not exist.
 */
export async function mergeCustomers(db: Sql, merge: Merge, by: RunRef): Promise<MergePlan | undefined> {
  const { into, from } = merge;
  const { tenantId } = db;
  const mine = await db.query(sql`with ${own(by)} select 1 from own`);
  if (mine.length === 0) throw runEnded();
  await lockCustomers(db, [into, from]);
  await db.query(sql`
    select from passes
     where tenant_id = ${tenantId} and customer_id = any (${[into, from]}::uuid[])
     order by pass_id
       for no key update`);
  // Read after the locks: from here on neither of them can get a pass or an identifier.
  const plan = await planMerge(db, merge);
  if (!plan) return undefined;
  const rows = await db.query<CustomerRow>(sql`
    select * from customers where tenant_id = ${tenantId} and customer_id = any (${[into, from]}::uuid[])`);
  const [ours, theirs] = [rows.find((row) => row.customer_id === into)!, rows.find((row) => row.customer_id === from)!];

  await db.query(sql`
    update passes
       set live_key = null, lock_version = lock_version + 1
     where tenant_id = ${tenantId} and pass_id = any (${plan.voided}::uuid[])`);
  await db.query(sql`
    update passes
       set customer_id = ${into},
           live_key = case when live_key is null then null else ${into}::text || ':' || pass_type_id end,
           lock_version = lock_version + 1
     where tenant_id = ${tenantId} and customer_id = ${from}`);
  await db.query(sql`
    update customer_identifiers set customer_id = ${into} where tenant_id = ${tenantId} and customer_id = ${from}`);
  await db.query(
    sql`update messages set customer_id = ${into} where tenant_id = ${tenantId} and customer_id = ${from}`,
  );
  await db.query(
    sql`update consents set customer_id = ${into} where tenant_id = ${tenantId} and customer_id = ${from}`,
  );
  await db.query(sql`
    update link_tokens set customer_id = ${into} where tenant_id = ${tenantId} and customer_id = ${from}`);
  await db.query(sql`
    update operations set customer_id = ${into} where tenant_id = ${tenantId} and customer_id = ${from}`);
  await db.query(sql`
    update customer_merges set customer_id = ${into} where tenant_id = ${tenantId} and customer_id = ${from}`);
  await db.query(sql`
    insert into customer_merges (tenant_id, merged_customer_id, customer_id, operation_id)
    values (${tenantId}, ${from}, ${into}, ${by.operationId}::uuid)`);
  await db.query(sql`delete from customers where tenant_id = ${tenantId} and customer_id = ${from}`);
  await db.query(sql`
    update customers
       set email = coalesce(email, ${theirs.email}),
           phone = coalesce(phone, ${theirs.phone}),
           external_customer_id = coalesce(external_customer_id, ${theirs.external_customer_id}),
           klaviyo_profile_id = coalesce(klaviyo_profile_id, ${theirs.klaviyo_profile_id}),
           first_name = coalesce(first_name, ${theirs.first_name}),
           last_name = coalesce(last_name, ${theirs.last_name}),
           language = coalesce(language, ${theirs.language}),
           consent = ${JSON.stringify(mergeConsent(ours.consent, theirs.consent))}::jsonb,
           properties = ${JSON.stringify({ ...theirs.properties, ...ours.properties })}::jsonb,
           field_sequences = ${JSON.stringify({ ...theirs.field_sequences, ...ours.field_sequences })}::jsonb,
           test = test and ${theirs.test},
           updated_at = now()
     where tenant_id = ${tenantId} and customer_id = ${into}`);
  for (const passId of plan.voided) await voidLoser(db, passId, into);
  return plan;
}

async function voidLoser(db: Sql, passId: string, customerId: string): Promise<void> {
  const input: LifecycleInput = { passId };
  const { operationId } = await insertOrFindOperation(db, {
    kind: 'void-pass',
    origin: 'system',
    input,
  });
  await db.query(sql`
    with ${own({ tenantId: db.tenantId, operationId, run: 1 })}
    ${updateOwn(sql`pass_id = ${passId}::uuid, customer_id = ${customerId}::uuid`)}`);
}
