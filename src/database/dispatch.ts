import type { OperationKind } from '../passes/operation.js';
import type { Sql } from './connect.js';

export interface Dispatchable {
  tenant_id: string;
  operation_id: string;
  kind: OperationKind;
  run: number;
  /** The pass that the identifiers lead to at this moment, where it is one: a hint for operators' searches. */
  pass_hint: string | null;
}

/** Workflows of one tenant that were started and wait for a worker: enough to keep workers busy between two looks. */
const STARTED_PER_TENANT = 16;

/**
 * Takes up to `limit` accepted operations, each for `leaseMs`: another dispatcher passes over them, and one that a crash
 * left over comes back by itself. Tenants take turns, the oldest of each first, so that a flood of one waits behind
 * nobody but itself, and a tenant gets no more than a handful of workflows that have not yet done their first step: the
 * engine's queues stay short for the others. One statement: a loose scan of the index finds the tenants that wait,
 * whatever their queues hold.
 */
export async function claimAccepted(sql: Sql, limit: number, leaseMs: number): Promise<Dispatchable[]> {
  return sql.query<Dispatchable>(
    `with recursive waiting as (
       (select tenant_id from operations where status = 'accepted' order by tenant_id limit 1)
       union all
       select (select o.tenant_id from operations o where o.status = 'accepted' and o.tenant_id > w.tenant_id
                order by o.tenant_id limit 1)
         from waiting w where w.tenant_id is not null
     ), due as (
       select d.operation_id, w.tenant_id, row_number() over (partition by w.tenant_id order by d.dispatch_after) as turn, d.dispatch_after
         from waiting w cross join lateral (
           select operation_id, dispatch_after from operations o
            where o.status = 'accepted' and o.tenant_id = w.tenant_id and o.dispatch_after <= now()
            order by o.dispatch_after limit $1 for update skip locked) d
     ), started as (
       select w.tenant_id, count(o.operation_id) as pending from waiting w
         left join operations o on o.status = 'accepted' and o.tenant_id = w.tenant_id and o.dispatch_after > now()
        group by 1
     )
     update operations set dispatch_after = now() + $2::double precision * interval '1 millisecond', dispatched_at = now()
      where operation_id in (
        select operation_id from due join started using (tenant_id)
         where turn + pending <= $3 order by turn, dispatch_after limit $1)
      returning tenant_id, operation_id, kind, run, coalesce(pass_id, (
        select case when count(distinct p.pass_id) = 1 then (array_agg(p.pass_id))[1] end
          from jsonb_to_recordset(operations.input -> 'identifiers') as i(kind text, value text)
          left join customer_identifiers c on c.tenant_id = operations.tenant_id and c.kind = i.kind and c.value = i.value
          join lateral (
            select pass_id from passes where customer_id = c.customer_id and tenant_id = operations.tenant_id
            union all
            select pass_id from passes where i.kind = 'serialNumber' and serial_number = i.value and tenant_id = operations.tenant_id
          ) p on true
      )) as pass_hint`,
    [limit, leaseMs, STARTED_PER_TENANT],
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
