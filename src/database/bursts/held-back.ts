import type { Sql, SystemSql } from '../connect.js';
import { sql } from '../sql.js';
import { heldOperations, recordStepRows, type BurstRef } from './burst-steps.js';

export interface HeldBack {
  operationId: string;
  until: Date;
  detail: Record<string, unknown>;
}

/** Messages whose time is later leave the burst: each waits as a row, and is accepted anew when it is due. */
export async function holdBack(tenant: Sql, ref: BurstRef, held: readonly HeldBack[]): Promise<void> {
  if (held.length === 0) return;
  const rows = held.map(({ operationId, until, detail }) => ({
    operation_id: operationId,
    state: 'waiting',
    error: null,
    detail,
    until,
  }));
  const ids = held.map(({ operationId }) => operationId);
  await tenant.query(sql`
    with held as materialized (${heldOperations(ref, ids, 'running')}
    ), recorded as materialized (
      select r.*
        from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
               as r (operation_id uuid, state text, error jsonb, detail jsonb, until timestamptz)
        join held using (operation_id)
    ), steps as (${recordStepRows(tenant.tenantId, 'claim-message', 'recorded')}
    )
    update operations o set
      burst_id = null,
      -- The comparison with Temporal leaves it alone until then.
      dispatch_after = r.until,
      dispatched_at = null,
      dispatched_by = null
    from recorded r
    where o.tenant_id = ${tenant.tenantId}
      and o.operation_id = r.operation_id`);
}

/** Accepts anew what bursts have held back and is due, the longest overdue first. Returns how many. */
export async function acceptHeldBack(system: SystemSql, now: Date, limit: number): Promise<number> {
  const rows = await system.query(sql`
    update operations o set
      status = 'accepted',
      dispatch_after = now()
    where o.operation_id in (
            select operation_id
              from operations
             where kind = 'send-message'
               and status = 'running'
               -- No run has it: one that sleeps in Temporal was dispatched.
               and dispatched_at is null
               and dispatch_after <= ${now}::timestamptz
             order by dispatch_after
             limit ${limit}
               for update skip locked)
    returning o.operation_id`);
  return rows.length;
}
