import type { OperationKind } from '../passes/operation.js';
import type { Sql } from './connect.js';

export interface Dispatchable {
  tenant_id: string;
  operation_id: string;
  kind: OperationKind;
  run: number;
}

/**
 * Takes up to `limit` accepted operations, oldest first, each for `leaseMs`: another dispatcher passes over them, and
 * one that a crash left over comes back by itself.
 */
export async function claimAccepted(sql: Sql, limit: number, leaseMs: number): Promise<Dispatchable[]> {
  return sql.query<Dispatchable>(
    `update operations set dispatch_after = now() + $2::double precision * interval '1 millisecond', dispatched_at = now()
      where operation_id in (
        select operation_id from operations where status = 'accepted' and dispatch_after <= now()
         order by dispatch_after limit $1 for update skip locked)
      returning tenant_id, operation_id, kind, run`,
    [limit, leaseMs],
  );
}

/** Gives operations back that could not be started: they are due again after a pause. */
export async function releaseClaims(sql: Sql, operationIds: readonly string[], afterMs: number): Promise<void> {
  await sql.query(
    `update operations set dispatch_after = now() + $2::double precision * interval '1 millisecond'
      where operation_id = any($1::uuid[]) and status = 'accepted'`,
    [operationIds, afterMs],
  );
}

/** Age of the oldest operation that waits to be started, seconds; null where nothing waits. */
export async function oldestUndispatchedSeconds(sql: Sql): Promise<number | null> {
  const [row] = await sql.query<{ age: number | null }>(
    `select extract(epoch from now() - min(accepted_at))::float8 as age from operations where status = 'accepted'`,
  );
  return row?.age ?? null;
}
