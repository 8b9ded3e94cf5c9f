import type { MigratePassesInput } from '../../passes/operation-input.js';
import type { OperationStatus } from '../../passes/operation.js';
import type { TenantSql, Sql } from '../connect.js';
import {
  isUnfinished,
  own,
  recordStep,
  RUNNING,
  updateOwn,
  type OperationRef,
  type RunRef,
} from '../operations/fragments.js';
import { markStep, runEnded } from '../operations/steps.js';
import { sql } from '../sql.js';

const keyPrefix = (ref: OperationRef): string => `migrate:${ref.operationId}:`;
const FIRST = '00000000-0000-0000-0000-000000000000';

export interface Migration {
  input: MigratePassesInput;
  cancelled: boolean;
  paused: boolean;
  /** The version that was current when the present pass over the passes began; null before it did. */
  sweep: number | null;
  /** The last pass that an update was accepted for. */
  cursor: string;
  accepted: number;
}

/** What a migration asks for and how far it has come. */
export async function beginMigration(db: Sql, ref: OperationRef): Promise<Migration | undefined> {
  const [row] = await db.query<{
    input: MigratePassesInput;
    cancelled: boolean;
    paused: boolean;
    sweep: number | null;
    cursor: string | null;
    accepted: number | null;
  }>(sql`
    select o.input,
           o.cancel_requested as cancelled,
           coalesce((s.detail -> 'paused')::boolean, false) as paused,
           (s.detail -> 'sweep')::int as sweep,
           s.detail ->> 'cursor' as cursor,
           (s.detail -> 'accepted')::int as accepted
      from operations o
      left join operation_steps s on s.operation_id = o.operation_id and s.step = 'migrate-passes'
     where o.tenant_id = ${ref.tenantId}
       and o.operation_id = ${ref.operationId}`);
  return row && { ...row, cursor: row.cursor ?? FIRST, accepted: row.accepted ?? 0 };
}

/**
 * Accepts an update for each of the next passes that are on an older version, and moves the cursor, all or nothing.
 * Returns how many passes it went through; 0 at the end.
 * @throws PermanentError `run-ended` where the operation has ended, or another run has taken over.
 */
export async function acceptMigrations(
  db: TenantSql,
  ref: RunRef,
  batch: Pick<Migration, 'cursor' | 'accepted' | 'sweep'> & { passTypeId: string; version: number; limit: number },
): Promise<number> {
  const older = sql`passes.tenant_id = ${ref.tenantId}
      and passes.pass_type_id = ${batch.passTypeId}
      and passes.pass_type_version < ${batch.version}::integer
      and passes.state <> 'deleted'`;
  return db.transaction(async (within) => {
    const [row] = await within.query<{ owned: boolean; passes: number; cursor: string | null; remaining: number }>(sql`
      with ${own(ref)},
      next as (
        select pass_id, passes.customer_id, serial_number, passes.test
          from passes
         where ${older}
           and pass_id > ${batch.cursor}::uuid
           and exists (select from own)
         order by pass_id
         limit ${batch.limit}
      ),
      made as (
        insert into operations (operation_id, tenant_id, kind, origin, idempotency_key, input, pass_id, customer_id, test)
        select gen_random_uuid(),
               ${ref.tenantId},
               'push-update',
               'system',
               ${`${keyPrefix(ref)}${batch.version}:`} || pass_id::text,
               jsonb_build_object(
                 'passId', pass_id,
                 'passType', null,
                 'data', jsonb_build_object(),
                 'updateMetadata', true,
                 'identifiers', jsonb_build_array(jsonb_build_object('kind', 'serialNumber', 'value', serial_number))),
               pass_id,
               customer_id,
               test
          from next
            on conflict (tenant_id, idempotency_key) where idempotency_key is not null do nothing
      )
      select exists (select from own) as owned,
             (select count(*)::int from next) as passes,
             (select max(pass_id::text) from next) as cursor,
             (select count(*)::int from passes where ${older}) as remaining`);
    const { owned, passes, cursor, remaining } = row!;
    if (!owned) throw runEnded();
    if (passes === 0) return 0;
    const sweep = batch.sweep ?? batch.version;
    const detail = { cursor, accepted: batch.accepted + passes, remaining, sweep, version: batch.version };
    await within.query(sql`
      with ${own(ref)},
      step as (${recordStep({ step: 'migrate-passes', state: 'waiting', detail })})
      ${updateOwn(RUNNING)}`);
    return passes;
  });
}

export interface MigrationProgress {
  /** Passes on an older version than the current one. */
  remaining: number;
  /** Updates that were accepted and have not ended yet. */
  unfinished: number;
}

/** How much of a migration is still to do. */
export async function countMigration(db: Sql, ref: OperationRef, passTypeId: string): Promise<MigrationProgress> {
  const [row] = await db.query<MigrationProgress>(sql`
    select (select count(*)::int
              from passes p
              join pass_types t on t.tenant_id = p.tenant_id and t.pass_type_id = p.pass_type_id
             where p.tenant_id = ${ref.tenantId}
               and p.pass_type_id = ${passTypeId}
               and p.pass_type_version < t.current_version
               and p.state <> 'deleted') as remaining,
           (select count(*)::int
              from operations
             where tenant_id = ${ref.tenantId}
               and kind = 'push-update'
               and ${isUnfinished()}
               and starts_with(idempotency_key, ${keyPrefix(ref)})) as unfinished`);
  return row!;
}

export interface MigrationRow {
  operationId: string;
  status: OperationStatus;
  reason: string | null;
  perMinute: number;
  accepted: number;
  paused: boolean;
}

/** The newest migration of a pass type, or undefined. */
export async function findMigration(db: Sql, passTypeId: string): Promise<MigrationRow | undefined> {
  const [row] = await db.query<MigrationRow>(sql`
    select o.operation_id as "operationId",
           o.status,
           o.reason,
           (o.input -> 'perMinute')::int as "perMinute",
           coalesce((s.detail -> 'accepted')::int, 0) as accepted,
           coalesce((s.detail -> 'paused')::boolean, false) as paused
      from operations o
      left join operation_steps s on s.operation_id = o.operation_id and s.step = 'migrate-passes'
     where o.tenant_id = ${db.tenantId}
       and o.kind = 'migrate-passes'
       and o.input ->> 'passTypeId' = ${passTypeId}
     order by o.acceptance_sequence desc
     limit 1`);
  return row;
}

/** Pauses or resumes a migration: a mark that its next batch meets. Updates that were accepted already go on. */
export async function pauseMigration(db: Sql, ref: OperationRef, paused: boolean): Promise<void> {
  await markStep(db, ref, 'migrate-passes', { paused });
}
