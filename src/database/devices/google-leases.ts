import type { Sql } from '../connect.js';
import type { OperationRef } from '../operations/steps.js';
import { sql } from '../sql.js';

export interface GoogleLease {
  /** The pass's first object: its row serialises all writers of the pass's objects. */
  anchorId: string;
  until: Date;
}

/**
 * Takes the lease on a pass's objects, making the row of its first one where there is none. Not taken: `by` is the
 * operation that holds it, for `leftMs` by the database's clock, whatever a worker's own says.
 */
export async function takeGoogleLease(
  db: Sql,
  ref: OperationRef & { passId: string },
  anchor: { objectId: string; objectType: string; classId: string },
  leaseMs: number,
): Promise<{ taken: GoogleLease } | { by: string; leftMs: number }> {
  for (;;) {
    const [taken] = await db.query<{ lease_until: Date }>(sql`
      insert into google_objects as o (tenant_id, pass_id, object_id, object_type, class_id, lease_by, lease_until)
      values (
        ${ref.tenantId},
        ${ref.passId},
        ${anchor.objectId},
        ${anchor.objectType},
        ${anchor.classId},
        ${ref.operationId},
        date_trunc('milliseconds', clock_timestamp() + ${leaseMs}::double precision * interval '1 millisecond'))
      on conflict (object_id) do update
         set lease_by = excluded.lease_by,
             lease_until = excluded.lease_until
       where o.tenant_id = ${ref.tenantId}
         and (o.lease_until is null or o.lease_until < clock_timestamp())
      returning lease_until`);
    if (taken) return { taken: { anchorId: anchor.objectId, until: taken.lease_until } };
    const [held] = await db.query<{ lease_by: string | null; left_ms: number | null }>(
      sql`
        select lease_by, extract(epoch from lease_until - clock_timestamp())::double precision * 1000 as left_ms
        from google_objects
        where tenant_id = ${ref.tenantId} and object_id = ${anchor.objectId}`,
    );
    if (!held) throw new Error('the row of a Google object vanished while its lease was taken');
    // Released in between: try again.
    if (held.lease_by && held.left_ms !== null)
      return { by: held.lease_by, leftMs: Math.max(1, Math.ceil(held.left_ms)) };
  }
}

/** Makes a lease last longer; undefined where it was lost to its end. */
export async function renewGoogleLease(
  db: Sql,
  ref: OperationRef,
  lease: GoogleLease,
  leaseMs: number,
): Promise<GoogleLease | undefined> {
  const [row] = await db.query<{ lease_until: Date }>(sql`
    update google_objects
    set
      lease_until = date_trunc('milliseconds', clock_timestamp() + ${leaseMs}::double precision * interval '1 millisecond')
    where tenant_id = ${ref.tenantId}
      and object_id = ${lease.anchorId}
      and lease_by = ${ref.operationId}::uuid
      and lease_until = ${lease.until}
      and lease_until > clock_timestamp()
    returning lease_until`);
  return row && { anchorId: lease.anchorId, until: row.lease_until };
}

/** Gives a lease back; an expired one stays with its new holder. */
export async function releaseGoogleLease(db: Sql, ref: OperationRef, lease: GoogleLease): Promise<void> {
  await db.query(
    sql`
      update google_objects
      set lease_by = null, lease_until = null
      where tenant_id = ${ref.tenantId}
        and object_id = ${lease.anchorId}
        and lease_by = ${ref.operationId}
        and lease_until = ${lease.until}`,
  );
}
