import type { PassState } from '../../passes/pass.js';
import type { Step } from '../../passes/operation.js';
import type { Sql } from '../connect.js';
import { sql, type Statement } from '../sql.js';

/** A pass, its holder and where it is installed, as Klaviyo is to know it now. */
export interface WriteBackPass {
  pass_id: string;
  tenant_id: string;
  serial_number: string;
  pass_type_name: string;
  /** Names of the types that it had before, and of which its holder has no pass now. */
  former_pass_types: string[];
  state: PassState;
  /** Grows with every change; together with the installs it tells whether something changed meanwhile. */
  revision: number;
  customer_id: string;
  email: string | null;
  phone: string | null;
  external_customer_id: string | null;
  klaviyo_profile_id: string | null;
  created_at: Date;
  modified_at: Date;
  installed_at: Date | null;
  uninstalled_at: Date | null;
  has_apple: boolean;
  apple_installed: boolean;
  apple_ever: boolean;
  google_installed: boolean;
  google_ever: boolean;
  test: boolean;
}

/** Passes with everything that write-back sends; a further condition follows. Passes of erased customers are left out. */
const passes = (tenantId: string): Statement => sql`
  select
    p.pass_id,
    p.tenant_id,
    p.serial_number,
    t.name as pass_type_name,
    p.state,
    p.revision,
    p.test,
    p.customer_id,
    c.email,
    c.phone,
    c.external_customer_id,
    c.klaviyo_profile_id,
    p.created_at,
    p.modified_at,
    p.installed_at,
    p.uninstalled_at,
    array(
      select distinct r.changed #>> '{passType,from}'
      from pass_revisions r
      where r.tenant_id = ${tenantId}
        and r.pass_id = p.pass_id
        and r.changed -> 'passType' is not null
        -- Another pass of the customer may have the type that this one has left.
        and not exists (
          select
          from passes held
            join pass_types h on h.tenant_id = held.tenant_id and h.pass_type_id = held.pass_type_id
          where held.tenant_id = ${tenantId}
            and held.customer_id = p.customer_id
            and h.name = r.changed #>> '{passType,from}'
        )
    ) as former_pass_types,
    p.apple_pass_type_identifier is not null as has_apple,
    exists (
      select
      from apple_registrations r
      where r.tenant_id = ${tenantId} and r.pass_id = p.pass_id
    ) as apple_installed,
    p.first_installed_at is not null
      and (
        g.ever is not true
        or exists (
          select
          from operations o
          where o.tenant_id = ${tenantId}
            and o.pass_id = p.pass_id
            and o.kind = 'device-event'
            and o.input ->> 'platform' = 'apple'
            and o.input ->> 'event' = 'installed'
        )
      ) as apple_ever,
    coalesce(g.live, false) as google_installed,
    coalesce(g.ever, false) as google_ever
  from passes p
    join pass_types t on t.tenant_id = p.tenant_id and t.pass_type_id = p.pass_type_id
    join customers c on c.tenant_id = p.tenant_id and c.customer_id = p.customer_id
    left join lateral (
      select
        bool_or(saved_at is not null and (removed_at is null or removed_at < saved_at)) as live,
        bool_or(first_saved_at is not null or saved_at is not null) as ever
      from google_objects
      where tenant_id = ${tenantId} and pass_id = p.pass_id
    ) g on true
    -- A subquery of its own: row level security keeps an expression over columns from the index.
    left join lateral (
      select true as begun
      from operations e
      where e.tenant_id = ${tenantId} and e.idempotency_key = 'erase/' || p.customer_id
      offset 0
    ) erasure on true
  where p.tenant_id = ${tenantId}
    and erasure.begun is null`;

/**
 * The pass as it is now. Undefined if it is gone or its holder is being erased: phones may take a day to fetch the
 * voided pass, and must not write back what was cleared in Klaviyo.
 */
export async function findWriteBackPass(db: Sql, passId: string): Promise<WriteBackPass | undefined> {
  const [row] = await db.query<WriteBackPass>(sql`${passes(db.tenantId)} and p.pass_id = ${passId}`);
  return row;
}

/** Passes by id, as `findWriteBackPass` finds one. */
export async function findWriteBackPasses(db: Sql, passIds: readonly string[]): Promise<Map<string, WriteBackPass>> {
  const rows = await db.query<WriteBackPass>(sql`${passes(db.tenantId)} and p.pass_id = any(${passIds}::uuid[])`);
  return new Map(rows.map((row) => [row.pass_id, row]));
}

/** Up to `limit` passes after one, by id: a backfill's way through a tenant. Erased customers are none. */
export async function listWriteBackPasses(db: Sql, after: string | null, limit: number): Promise<WriteBackPass[]> {
  return db.query<WriteBackPass>(
    sql`${passes(db.tenantId)} and (${after}::uuid is null or p.pass_id > ${after}) order by p.pass_id limit ${limit}`,
  );
}

export interface WriteBackOperation {
  run: number;
  accepted_at: Date;
  input: Record<string, unknown>;
  changed_fields: string[] | null;
  /** What earlier attempts of this step already did. */
  detail: Record<string, unknown>;
}

/** What an event tells of the operation, and what some steps have done so far; steps that have not begun are left out. */
export async function findWriteBackOperations(
  db: Sql,
  operationId: string,
  steps: readonly Step[],
): Promise<
  { operation: Omit<WriteBackOperation, 'detail'>; details: Partial<Record<Step, Record<string, unknown>>> } | undefined
> {
  const [row] = await db.query<WriteBackOperation>(sql`
    select o.run, o.accepted_at, o.input, o.changed_fields, (
             select coalesce(jsonb_object_agg(s.step, s.detail), '{}')
               from operation_steps s
              where s.operation_id = o.operation_id
                and s.step = any(${steps}::text[])
           ) as detail
      from operations o
     where o.tenant_id = ${db.tenantId}
       and o.operation_id = ${operationId}`);
  if (!row) return undefined;
  const { detail, ...operation } = row;
  return { operation, details: detail as Partial<Record<Step, Record<string, unknown>>> };
}

/** The same of one step. */
export async function findWriteBackOperation(
  db: Sql,
  ref: { tenantId: string; operationId: string },
  step: Step,
): Promise<WriteBackOperation | undefined> {
  const found = await findWriteBackOperations(db, ref.operationId, [step]);
  return found && { ...found.operation, detail: found.details[step] ?? {} };
}

/** What Klaviyo would not let a profile have, and when that was tried. */
export interface RefusedIdentifiers {
  refused: Record<string, string>;
  triedAt: string;
}

/**
 * Identifiers of the holder that Klaviyo refused within the last `hours`, by the latest write-back of the pass; undefined
 * where there were none, or where the customer has changed since.
 */
export async function findRefusedIdentifiers(
  db: Sql,
  pass: { passId: string; customerId: string },
  hours: number,
): Promise<RefusedIdentifiers | undefined> {
  const [row] = await db.query<RefusedIdentifiers & { current: boolean }>(sql`
    select s.detail -> 'refused' as refused,
           s.detail ->> 'triedAt' as "triedAt",
           (s.detail ->> 'triedAt')::timestamptz > greatest(c.updated_at, now() - ${hours}::int * interval '1 hour') as current
      from operations o
      join operation_steps s on s.operation_id = o.operation_id and s.step = 'write-back-profile' and s.state = 'succeeded'
      join customers c on c.tenant_id = o.tenant_id and c.customer_id = ${pass.customerId}
     where o.tenant_id = ${db.tenantId}
       and o.pass_id = ${pass.passId}
     order by o.acceptance_sequence desc
     limit 1`);
  return row?.current === true ? { refused: row.refused, triedAt: row.triedAt } : undefined;
}

/** How many passes the tenant has. */
export async function countPasses(db: Sql): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    sql`select count(*)::int as count from passes where tenant_id = ${db.tenantId}`,
  );
  return row!.count;
}
