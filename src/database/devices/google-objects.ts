import type { Sql } from '../connect.js';
import { sql as statement } from '../sql.js';
import type { PassRow } from '../passes/passes.js';
import type { OperationRef } from '../operations/steps.js';

export interface GoogleObjectRow {
  object_id: string;
  object_type: 'generic' | 'loyalty' | 'offer';
  class_id: string;
  state: 'absent' | 'live' | 'retired';
  synced_revision: number | null;
  saved_at: Date | null;
  notified_at: Date[];
  /** The revision that a notification was last charged for, in `notified_at`. */
  charged_revision: number | null;
}

const COLUMNS = 'object_id, object_type, class_id, state, synced_revision, saved_at, notified_at, charged_revision';
/** Notifications that are kept of an object: more than Google allows in the time that counts. */
const NOTIFICATIONS_KEPT = 10;

/** A pass with its objects at Google, as they are now. */
export async function loadGooglePass(
  sql: Sql,
  tenantId: string,
  passId: string,
): Promise<{ pass: PassRow; objects: GoogleObjectRow[] } | undefined> {
  // The objects first: an object that says it holds a revision is never older than the pass read after it.
  const objects = await sql.query<GoogleObjectRow>(
    `select ${COLUMNS} from google_objects where tenant_id = $1 and pass_id = $2 order by created_at`,
    [tenantId, passId],
  );
  const [pass] = await sql.query<PassRow>('select * from passes where tenant_id = $1 and pass_id = $2', [
    tenantId,
    passId,
  ]);
  return pass && { pass, objects };
}

/** Names of what changed after revision `after` (null: nothing counts, the object is new), up to `until`. */
export async function changedSince(
  sql: Sql,
  pass: Pick<PassRow, 'tenant_id' | 'pass_id'>,
  after: number | null,
  until: number,
): Promise<string[]> {
  if (after === null) return [];
  const rows = await sql.query<{ name: string }>(
    `select distinct jsonb_object_keys(changed) as name from pass_revisions
      where tenant_id = $1 and pass_id = $2 and revision > $3 and revision <= $4`,
    [pass.tenant_id, pass.pass_id, after, until],
  );
  return rows.map(({ name }) => name);
}

export interface GoogleLease {
  /** The pass's first object: its row serialises all writers of the pass's objects. */
  anchorId: string;
  until: Date;
}

/**
 * Takes the lease on a pass's objects, making the row of its first one where there is none. Not taken: `by` is the
 * operation that holds it.
 */
export async function takeGoogleLease(
  sql: Sql,
  ref: OperationRef & { passId: string },
  anchor: { objectId: string; objectType: string; classId: string },
  leaseMs: number,
): Promise<{ taken: GoogleLease } | { by: string; until: Date }> {
  await sql.query(
    `insert into google_objects (tenant_id, pass_id, object_id, object_type, class_id) values ($1, $2, $3, $4, $5)
     on conflict do nothing`,
    [ref.tenantId, ref.passId, anchor.objectId, anchor.objectType, anchor.classId],
  );
  for (;;) {
    const [taken] = await sql.query<{ lease_until: Date }>(
      `update google_objects set lease_by = $3,
              lease_until = date_trunc('milliseconds', clock_timestamp() + $4::double precision * interval '1 millisecond')
        where tenant_id = $1 and object_id = $2 and (lease_until is null or lease_until < clock_timestamp())
        returning lease_until`,
      [ref.tenantId, anchor.objectId, ref.operationId, leaseMs],
    );
    if (taken) return { taken: { anchorId: anchor.objectId, until: taken.lease_until } };
    const [held] = await sql.query<{ lease_by: string | null; lease_until: Date | null }>(
      'select lease_by, lease_until from google_objects where tenant_id = $1 and object_id = $2',
      [ref.tenantId, anchor.objectId],
    );
    if (!held) throw new Error('the row of a Google object vanished while its lease was taken');
    // Released in between: try again.
    if (held.lease_by && held.lease_until) return { by: held.lease_by, until: held.lease_until };
  }
}

/** Makes a lease last longer; undefined where it was lost to its end. */
export async function renewGoogleLease(
  db: Sql,
  ref: OperationRef,
  lease: GoogleLease,
  leaseMs: number,
): Promise<GoogleLease | undefined> {
  const [row] = await db.query<{ lease_until: Date }>(statement`
    update google_objects
       set lease_until = date_trunc('milliseconds', clock_timestamp() + ${leaseMs}::double precision * interval '1 millisecond')
     where tenant_id = ${ref.tenantId}
       and object_id = ${lease.anchorId}
       and lease_by = ${ref.operationId}::uuid
       and lease_until = ${lease.until}
       and lease_until > clock_timestamp()
    returning lease_until`);
  return row && { anchorId: lease.anchorId, until: row.lease_until };
}

/** Gives a lease back; one that was lost to its end stays with whoever has it now. */
export async function releaseGoogleLease(sql: Sql, ref: OperationRef, lease: GoogleLease): Promise<void> {
  await sql.query(
    `update google_objects set lease_by = null, lease_until = null
      where tenant_id = $1 and object_id = $2 and lease_by = $3 and lease_until = $4`,
    [ref.tenantId, lease.anchorId, ref.operationId, lease.until],
  );
}

export interface SyncedObject {
  objectId: string;
  objectType: string;
  classId: string;
  revision: number;
  /** The object that this one took the place of. */
  replaces: string | null;
}

/** Keeps what Google holds now. A replaced object hands its place in the holder's wallet on to its successor. */
export async function recordSynced(
  sql: Sql,
  ref: { tenantId: string; passId: string },
  synced: SyncedObject,
): Promise<void> {
  await sql.query(
    `with former as (
       select saved_at, first_saved_at, removed_at, notified_at from google_objects where tenant_id = $1 and object_id = $7
     ), retired as (
       update google_objects set state = 'retired', saved_at = null where tenant_id = $1 and object_id = $7
     )
     insert into google_objects as o (tenant_id, pass_id, object_id, object_type, class_id, state, synced_revision,
                                      notified_at, linked_from, saved_at, first_saved_at, removed_at)
     select $1, $2, $3, $4, $5, 'live', $6, coalesce(f.notified_at, '{}'), $7, f.saved_at, f.first_saved_at, f.removed_at
       from (select 1) one left join former f on true
     on conflict (object_id) do update set
       object_type = excluded.object_type, class_id = excluded.class_id, state = 'live',
       synced_revision = greatest(o.synced_revision, excluded.synced_revision),
       linked_from = coalesce(excluded.linked_from, o.linked_from),
       saved_at = coalesce(excluded.saved_at, o.saved_at),
       first_saved_at = coalesce(o.first_saved_at, excluded.first_saved_at)`,
    [ref.tenantId, ref.passId, synced.objectId, synced.objectType, synced.classId, synced.revision, synced.replaces],
  );
}

/**
 * Charges a notification to an object's day before it is sent: where the answer is lost, the holder may have seen it.
 * Once for each revision, however often it is tried.
 */
export async function chargeNotification(sql: Sql, objectId: string, revision: number, at: Date): Promise<void> {
  await sql.query(statement`
    update google_objects set
      charged_revision = ${revision},
      charged_at = ${at},
      notified_at = (notified_at || ${at}::timestamptz)[greatest(1, cardinality(notified_at) + 2 - ${NOTIFICATIONS_KEPT}::int):]
    where tenant_id = ${sql.tenantId}
      and object_id = ${objectId}
      and charged_revision is distinct from ${revision}::int`);
}

/** Gives the charge back where Google refused: nobody was notified. */
export async function giveNotificationBack(sql: Sql, objectId: string, revision: number): Promise<void> {
  await sql.query(statement`
    update google_objects set
      charged_revision = null,
      charged_at = null,
      notified_at = array_remove(notified_at, charged_at)
    where tenant_id = ${sql.tenantId}
      and object_id = ${objectId}
      and charged_revision = ${revision}::int`);
}

/** Marks an object as out of use: its pass has a type without a design for Google now. */
export async function recordRetired(sql: Sql, tenantId: string, objectId: string): Promise<void> {
  await sql.query(`update google_objects set state = 'retired' where tenant_id = $1 and object_id = $2`, [
    tenantId,
    objectId,
  ]);
}

/** The digest of the class as it was last written, or undefined. */
export async function classDigest(sql: Sql, tenantId: string, classId: string): Promise<string | undefined> {
  const [row] = await sql.query<{ digest: string }>(
    'select digest from google_classes where tenant_id = $1 and class_id = $2',
    [tenantId, classId],
  );
  return row?.digest;
}

export async function recordClass(
  sql: Sql,
  tenantId: string,
  written: { classId: string; objectType: string; digest: string },
): Promise<void> {
  await sql.query(
    `insert into google_classes (tenant_id, class_id, object_type, digest) values ($1, $2, $3, $4)
     on conflict (tenant_id, class_id) do update
       set object_type = excluded.object_type, digest = excluded.digest, updated_at = now()`,
    [tenantId, written.classId, written.objectType, written.digest],
  );
}

/** The object under which a pass lives at Google, once it is there. */
export async function findLiveObject(sql: Sql, tenantId: string, passId: string): Promise<GoogleObjectRow | undefined> {
  const [row] = await sql.query<GoogleObjectRow>(
    `select ${COLUMNS} from google_objects where tenant_id = $1 and pass_id = $2 and state = 'live' limit 1`,
    [tenantId, passId],
  );
  return row;
}

/**
 * Top-level fields that any design of the tenant, present or past, has written into classes or objects of this Google
 * type: a PATCH clears none, so what a design has dropped is looked for at Google by these names. Without `messages`:
 * those that were added to an object one by one must outlive a design that had some of its own.
 */
export async function designedFields(
  sql: Sql,
  tenantId: string,
  googleType: GoogleObjectRow['object_type'],
  part: 'class' | 'object',
): Promise<string[]> {
  const rows = await sql.query<{ field: string }>(
    `select distinct jsonb_object_keys(design -> 'google' -> $3::text) as field from pass_type_versions
      where tenant_id = $1 and design -> 'google' ->> 'type' = $2`,
    [tenantId, googleType, part],
  );
  return rows.map(({ field }) => field).filter((field) => field !== 'messages');
}

/** Google's type of each class that was written, by class id. */
export async function listClasses(sql: Sql, tenantId: string): Promise<Map<string, string>> {
  const rows = await sql.query<{ class_id: string; object_type: string }>(
    'select class_id, object_type from google_classes where tenant_id = $1',
    [tenantId],
  );
  return new Map(rows.map((row) => [row.class_id, row.object_type]));
}

/** The pass types whose current version has a Google design, with the suffix of their class. */
export async function listClassHolders(
  sql: Sql,
  tenantId: string,
): Promise<{ passTypeId: string; name: string; classSuffix: string }[]> {
  return sql.query(
    `select t.pass_type_id as "passTypeId", t.name, v.design -> 'google' ->> 'classSuffix' as "classSuffix"
       from pass_types t join pass_type_versions v
         on v.tenant_id = t.tenant_id and v.pass_type_id = t.pass_type_id and v.version = t.current_version
      where t.tenant_id = $1 and v.design ? 'google' order by t.name`,
    [tenantId],
  );
}
