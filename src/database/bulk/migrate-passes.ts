import type { MigratePassesInput } from '../../passes/operation-input.js';
import type { OperationStatus } from '../../passes/operation.js';
import type { TenantSql, Sql } from '../connect.js';
import { recordStepSql, stepValues, type OperationRef } from '../operations/steps.js';
import { noteProgress } from '../klaviyo/write-back.js';

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
export async function beginMigration(sql: Sql, ref: OperationRef): Promise<Migration | undefined> {
  const [row] = await sql.query<{
    input: MigratePassesInput;
    cancelled: boolean;
    paused: boolean;
    sweep: number | null;
    cursor: string | null;
    accepted: number | null;
  }>(
    `select o.input, o.cancel_requested as cancelled, coalesce((s.detail -> 'paused')::boolean, false) as paused,
            (s.detail -> 'sweep')::int as sweep, s.detail ->> 'cursor' as cursor, (s.detail -> 'accepted')::int as accepted
       from operations o
       left join operation_steps s on s.operation_id = o.operation_id and s.step = 'migrate-passes'
      where o.tenant_id = $1 and o.operation_id = $2`,
    [ref.tenantId, ref.operationId],
  );
  return row && { ...row, cursor: row.cursor ?? FIRST, accepted: row.accepted ?? 0 };
}

/**
 * Accepts an update for each of the next passes that are on an older version, and moves the cursor, in one statement.
 * Returns how many passes it went through; 0 at the end.
 */
export async function acceptMigrations(
  sql: TenantSql,
  ref: OperationRef,
  batch: Pick<Migration, 'cursor' | 'accepted' | 'sweep'> & { passTypeId: string; version: number; limit: number },
): Promise<number> {
  return sql.transaction(async (within) => {
    const [row] = await within.query<{ passes: number; cursor: string | null; remaining: number }>(
      `with next as (
         select pass_id, customer_id, serial_number, test from passes
          where tenant_id = $1 and pass_type_id = $2 and pass_type_version < $3 and state <> 'deleted' and pass_id > $4::uuid
          order by pass_id limit $5
       ), made as (
         insert into operations (operation_id, tenant_id, kind, origin, idempotency_key, input, pass_id, customer_id, test)
         select gen_random_uuid(), $1, 'push-update', 'system', $6 || pass_id::text,
                jsonb_build_object('passId', pass_id, 'passType', null, 'data', jsonb_build_object(), 'updateMetadata', true,
                  'identifiers', jsonb_build_array(jsonb_build_object('kind', 'serialNumber', 'value', serial_number))),
                pass_id, customer_id, test from next
         on conflict (tenant_id, idempotency_key) where idempotency_key is not null do nothing
       )
       select (select count(*)::int from next) as passes, (select max(pass_id::text) from next) as cursor,
              (select count(*)::int from passes where tenant_id = $1 and pass_type_id = $2 and pass_type_version < $3
                  and state <> 'deleted') as remaining`,
      [ref.tenantId, batch.passTypeId, batch.version, batch.cursor, batch.limit, `${keyPrefix(ref)}${batch.version}:`],
    );
    const { passes, cursor, remaining } = row!;
    if (passes === 0) return 0;
    const sweep = batch.sweep ?? batch.version;
    const detail = { cursor, accepted: batch.accepted + passes, remaining, sweep, version: batch.version };
    await within.query(
      `with step as (${recordStepSql()})
       update operations set status = 'running', started_at = coalesce(started_at, clock_timestamp())
        where tenant_id = $1 and operation_id = $2 and status in ('accepted', 'running', 'retrying')`,
      stepValues({ ...ref, step: 'migrate-passes', state: 'waiting', detail }),
    );
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
export async function countMigration(sql: Sql, ref: OperationRef, passTypeId: string): Promise<MigrationProgress> {
  const [row] = await sql.query<MigrationProgress>(
    `select (select count(*)::int from passes p join pass_types t on t.tenant_id = $1 and t.pass_type_id = p.pass_type_id
              where p.tenant_id = $1 and p.pass_type_id = $3 and p.pass_type_version < t.current_version
                and p.state <> 'deleted') as remaining,
            (select count(*)::int from operations
              where tenant_id = $1 and kind = 'push-update' and status in ('accepted', 'running', 'retrying')
                and starts_with(idempotency_key, $2)) as unfinished`,
    [ref.tenantId, keyPrefix(ref), passTypeId],
  );
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
export async function findMigration(sql: Sql, tenantId: string, passTypeId: string): Promise<MigrationRow | undefined> {
  const [row] = await sql.query<MigrationRow>(
    `select o.operation_id as "operationId", o.status, o.reason, (o.input -> 'perMinute')::int as "perMinute",
            coalesce((s.detail -> 'accepted')::int, 0) as accepted, coalesce((s.detail -> 'paused')::boolean, false) as paused
       from operations o left join operation_steps s on s.operation_id = o.operation_id and s.step = 'migrate-passes'
      where o.tenant_id = $1 and o.kind = 'migrate-passes' and o.input ->> 'passTypeId' = $2
      order by o.acceptance_sequence desc limit 1`,
    [tenantId, passTypeId],
  );
  return row;
}

/** Pauses or resumes a migration: a mark that its next batch meets. Updates that were accepted already go on. */
export async function pauseMigration(sql: Sql, ref: OperationRef, paused: boolean): Promise<void> {
  await noteProgress(sql, ref, 'migrate-passes', { paused });
}
