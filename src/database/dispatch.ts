import type { OperationKind } from '../passes/operation.js';
import { askedIdentifiers } from './asked-identifiers.js';
import type { Sql } from './connect.js';

export interface Dispatchable {
  tenant_id: string;
  operation_id: string;
  kind: OperationKind;
  run: number;
  /** The pass that the identifiers lead to at this moment, where it is one: a hint for operators' searches. */
  pass_hint: string | null;
  /** A test key or a test pass is concerned. */
  test: boolean;
}

/** How many workflows of one tenant may wait for the end of their first step. */
export interface StartBounds {
  /** In general: enough to keep workers busy between two looks. */
  perTenant: number;
  /** For a tenant with more than a few, while one with a few is served: so few that the other finds a processor. */
  besideSmall: number;
}

/** A tenant with no more than this waiting and started is one that must not feel the others' floods. */
const SMALL = 2;

/**
 * Takes up to `limit` accepted operations, each for `leaseMs`: another dispatcher passes over them, and one that a crash
 * left over comes back by itself. Tenants take turns, the oldest of each first, so that a flood of one waits behind
 * nobody but itself, and a tenant gets no more than `bounds` of workflows that have not yet done their first step: queues
 * of engine and workers stay short for the others. One statement: a loose scan of the index finds the tenants that wait,
 * whatever their queues hold, and no row is locked that is not taken.
 */
export async function claimAccepted(
  sql: Sql,
  limit: number,
  leaseMs: number,
  bounds: StartBounds,
): Promise<Dispatchable[]> {
  return sql.query<Dispatchable>(
    `with recursive waiting as (
       (select tenant_id from operations where status = 'accepted' order by tenant_id limit 1)
       union all
       select (select o.tenant_id from operations o where o.status = 'accepted' and o.tenant_id > w.tenant_id
                order by o.tenant_id limit 1)
         from waiting w where w.tenant_id is not null
     ), burden as (
       select w.tenant_id, s.pending, s.pending + d.due as size from waiting w
        cross join lateral (
          select count(*) as pending from operations o
           where o.status = 'accepted' and o.tenant_id = w.tenant_id and o.dispatch_after > now()) s
        cross join lateral (
          select count(*) as due from (
            select from operations o
             where o.status = 'accepted' and o.tenant_id = w.tenant_id and o.dispatch_after <= now()
             order by o.dispatch_after limit ${SMALL + 1}) o) d
     ), room as (
       select tenant_id, greatest(0, least($1,
                case when size > ${SMALL} and exists (select from burden where size between 1 and ${SMALL})
                     then $4::int else $3::int end - pending)) as free
         from burden
     ), due as (
       select d.operation_id, d.dispatch_after, row_number() over (partition by r.tenant_id order by d.dispatch_after) as turn
         from room r cross join lateral (
           select operation_id, dispatch_after from operations o
            where o.status = 'accepted' and o.tenant_id = r.tenant_id and o.dispatch_after <= now()
            order by o.dispatch_after limit r.free for update skip locked) d
     ), claimed as (
       update operations set dispatch_after = now() + $2::double precision * interval '1 millisecond', dispatched_at = now()
        where operation_id in (select operation_id from due order by turn, dispatch_after limit $1)
        returning tenant_id, operation_id, kind, run, test, coalesce(pass_id, (
          select case when count(distinct p.pass_id) = 1 then (array_agg(p.pass_id))[1] end
            from ${askedIdentifiers('operations.input')} i
            left join customer_identifiers c on c.tenant_id = operations.tenant_id and c.kind = i.kind and c.value = i.value
            join lateral (
              select pass_id from passes where customer_id = c.customer_id and tenant_id = operations.tenant_id
              union all
              select pass_id from passes where i.kind = 'serialNumber' and serial_number = i.value and tenant_id = operations.tenant_id
            ) p on true
        )) as pass_hint
     )
     select c.tenant_id, c.operation_id, c.kind, c.run, c.pass_hint, c.test or coalesce(p.test, false) as test
       from claimed c left join passes p on p.pass_id = c.pass_hint`,
    [limit, leaseMs, bounds.perTenant, bounds.besideSmall],
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
