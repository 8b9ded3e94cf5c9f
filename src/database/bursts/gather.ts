import { randomUUID } from 'node:crypto';
import type { WrittenWallet } from '../../passes/wallet.js';
import type { Sql, SystemSql, TenantSql } from '../connect.js';
import { sql } from '../sql.js';
import { operationsOf, type BurstRef } from './burst-steps.js';
import { TRACE_CONTEXTS, type DispatchableBurst } from './dispatch.js';
import { notDone } from './changes.js';

/** The most profiles that one job of Klaviyo takes. */
export const GATHERED_MOST = 10_000;
/** So long operations wait for others at most. */
const GATHER_SECONDS = 60;
/** A tenant whose bursts have brought nothing for so long, and of which none runs, is through with them. */
const QUIET_SECONDS = 2;

/**
 * Moves the operations of a burst whose phones have been told to the tenant's gathering of write-back: from then on they
 * belong to it. Repeated, it moves what is left. Returns how many.
 */
export async function gatherTold(tenant: TenantSql, ref: BurstRef, wallets: readonly WrittenWallet[]): Promise<number> {
  return tenant.transaction(async (within) => {
    const told = await within.query<{ operation_id: string }>(sql`
      select o.operation_id
        from ${operationsOf(ref)}
       where o.status = 'running'
         and not ${notDone('notify-devices')}
       order by o.acceptance_sequence
         for no key update of o`);
    if (told.length === 0) return 0;
    const ids = told.map(({ operation_id }) => operation_id);
    const [open] = await within.query<{ burst_id: string }>(sql`
      select burst_id
        from bursts
       where tenant_id = ${tenant.tenantId}
         and kind = 'write-back'
         and sealed_at is null
         and cardinality(operation_ids) + ${ids.length}::int <= ${GATHERED_MOST}
       order by created_at
       limit 1
         for update skip locked`);
    const burstId = open?.burst_id ?? randomUUID();
    await within.query(sql`
      insert into bursts (burst_id, tenant_id, kind, operation_ids, wallets, dispatched_by, gathered_at, notified_at)
      select ${burstId}::uuid, tenant_id, 'write-back', ${ids}::uuid[], ${wallets}::text[], dispatched_by, now(), now()
        from bursts
       where tenant_id = ${tenant.tenantId}
         and burst_id = ${ref.burstId}
      on conflict (burst_id) do update set
        operation_ids = bursts.operation_ids || excluded.operation_ids,
        wallets = array(select distinct unnest(bursts.wallets || excluded.wallets)),
        gathered_at = now()`);
    await within.query(sql`
      update operations o set burst_id = ${burstId}::uuid
       where o.tenant_id = ${tenant.tenantId}
         and o.operation_id = any(${ids}::uuid[])
         and o.burst_id = ${ref.burstId}
         and o.status = 'running'`);
    return ids.length;
  });
}

/**
 * Gatherings that are to be carried out now: full ones, those whose first operations have waited long enough, and those of
 * tenants whose bursts are through.
 */
export async function claimGathered(system: SystemSql, limit: number, leaseMs: number): Promise<DispatchableBurst[]> {
  return system.query<DispatchableBurst>(sql`
    update bursts set
      sealed_at = now(),
      lease_until = now() + ${leaseMs}::double precision * interval '1 millisecond'
    where burst_id in (
      select g.burst_id
        from bursts g
       where g.kind = 'write-back'
         and g.sealed_at is null
         and (cardinality(g.operation_ids) > ${GATHERED_MOST - 500}::int
              or g.created_at < now() - ${GATHER_SECONDS}::int * interval '1 second'
              or (g.gathered_at < now() - ${QUIET_SECONDS}::int * interval '1 second'
                  and not exists (select from bursts b
                                   where b.tenant_id = g.tenant_id
                                     and b.kind <> 'write-back'
                                     and b.notified_at is null
                                     and b.created_at > now() - interval '1 minute')))
       order by g.created_at
       limit ${limit}
         for update skip locked)
    returning kind, tenant_id as "tenantId", burst_id as "burstId", operation_ids as "operationIds",
              ${TRACE_CONTEXTS} as "traceContexts"`);
}

/** The gathering has begun: the dispatcher need not start it again. Undefined where it is gone. */
export async function beginGathered(tenant: Sql, ref: BurstRef): Promise<{ wallets: WrittenWallet[] } | undefined> {
  const [row] = await tenant.query<{ wallets: WrittenWallet[] }>(sql`
    update bursts set lease_until = null, sealed_at = coalesce(sealed_at, now())
     where tenant_id = ${tenant.tenantId}
       and burst_id = ${ref.burstId}
    returning wallets`);
  return row;
}
