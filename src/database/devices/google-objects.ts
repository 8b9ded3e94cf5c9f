import type { Sql } from '../connect.js';
import { raw, sql } from '../sql.js';
import type { PassRow } from '../passes/passes.js';
import { OFFER_OBJECTS, type OfferObjectRow } from './google-offers.js';

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

const COLUMN_NAMES = [
  'object_id',
  'object_type',
  'class_id',
  'state',
  'synced_revision',
  'saved_at',
  'notified_at',
  'charged_revision',
] as const satisfies readonly (keyof GoogleObjectRow)[];
const COLUMNS = raw(COLUMN_NAMES.join(', '));
const OBJECT_COLUMNS = raw(COLUMN_NAMES.map((name) => `o.${name} as o_${name}`).join(', '));
/** Notifications that are kept of an object: more than Google allows in the time that counts. */
const NOTIFICATIONS_KEPT = 10;

/** A pass with its objects at Google, as they are now. */
export async function loadGooglePass(
  db: Sql,
  passId: string,
): Promise<{ pass: PassRow; objects: GoogleObjectRow[]; offerObjects: OfferObjectRow[] } | undefined> {
  type ObjectColumns = { [Name in keyof GoogleObjectRow as `o_${Name}`]: GoogleObjectRow[Name] | null };
  const rows = await db.query<PassRow & ObjectColumns & { offer_objects: OfferObjectRow[] }>(sql`
    select p.*,
           ${OBJECT_COLUMNS},
           ${OFFER_OBJECTS} as offer_objects
      from passes p
      left join google_objects o on o.tenant_id = p.tenant_id and o.pass_id = p.pass_id
     where p.tenant_id = ${db.tenantId}
       and p.pass_id = ${passId}
     order by o.created_at`);
  const [pass] = rows;
  if (!pass) return undefined;
  const objects = rows
    .filter(({ o_object_id }) => o_object_id !== null)
    .map(
      (row) => Object.fromEntries(COLUMN_NAMES.map((name) => [name, row[`o_${name}`]])) as unknown as GoogleObjectRow,
    );
  return { pass, objects, offerObjects: pass.offer_objects };
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
  db: Sql,
  ref: { tenantId: string; passId: string },
  synced: SyncedObject,
): Promise<void> {
  await db.query(
    sql`
      with
        former as (
          select saved_at, first_saved_at, removed_at, notified_at
          from google_objects
          where tenant_id = ${ref.tenantId} and object_id = ${synced.replaces}
        ),
        retired as (
          update google_objects
          set state = 'retired', saved_at = null
          where tenant_id = ${ref.tenantId} and object_id = ${synced.replaces}
        )
      insert into google_objects as o (
          tenant_id,
          pass_id,
          object_id,
          object_type,
          class_id,
          state,
          synced_revision,
          notified_at,
          linked_from,
          saved_at,
          first_saved_at,
          removed_at
        )
      select
        ${ref.tenantId},
        ${ref.passId},
        ${synced.objectId},
        ${synced.objectType},
        ${synced.classId},
        'live',
        ${synced.revision},
        coalesce(f.notified_at, '{}'),
        ${synced.replaces},
        f.saved_at,
        f.first_saved_at,
        f.removed_at
      from (select 1) one left join former f on true
      on conflict (object_id) do update
      set
        object_type = excluded.object_type,
        class_id = excluded.class_id,
        state = 'live',
        synced_revision = greatest(o.synced_revision, excluded.synced_revision),
        linked_from = coalesce(excluded.linked_from, o.linked_from),
        saved_at = coalesce(excluded.saved_at, o.saved_at),
        first_saved_at = coalesce(o.first_saved_at, excluded.first_saved_at)`,
  );
}

/**
 * Charges a notification to an object's day before it is sent: where the answer is lost, the holder may have seen it.
 * Once for each revision, however often it is tried.
 */
export async function chargeNotification(db: Sql, objectId: string, revision: number, at: Date): Promise<void> {
  await db.query(sql`
    update google_objects
    set
      charged_revision = ${revision},
      charged_at = ${at},
      notified_at = (notified_at || ${at}::timestamptz) [greatest(1, cardinality(notified_at) + 2 - ${NOTIFICATIONS_KEPT}::int):]
    where tenant_id = ${db.tenantId}
      and object_id = ${objectId}
      and charged_revision is distinct from ${revision}::int`);
}

/** Gives the charge back where Google refused: nobody was notified. */
export async function giveNotificationBack(db: Sql, objectId: string, revision: number): Promise<void> {
  await db.query(sql`
    update google_objects set
      charged_revision = null,
      charged_at = null,
      notified_at = array_remove(notified_at, charged_at)
    where tenant_id = ${db.tenantId}
      and object_id = ${objectId}
      and charged_revision = ${revision}::int`);
}

/** Marks an object as out of use: its pass has a type without a design for Google now. */
export async function recordRetired(db: Sql, objectId: string): Promise<void> {
  await db.query(
    sql`update google_objects set state = 'retired' where tenant_id = ${db.tenantId} and object_id = ${objectId}`,
  );
}

/** The object under which a pass lives at Google, once it is there. */
export async function findLiveObject(db: Sql, passId: string): Promise<GoogleObjectRow | undefined> {
  const [row] = await db.query<GoogleObjectRow>(
    sql`
      select ${COLUMNS}
      from google_objects
      where tenant_id = ${db.tenantId} and pass_id = ${passId} and state = 'live'
      limit 1`,
  );
  return row;
}
