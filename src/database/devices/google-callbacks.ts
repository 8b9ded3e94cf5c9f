import type { Sql, TenantSql } from '../connect.js';
import { insertDeviceEvent, isNowhereElse, lockPass } from './devices.js';
import { sql } from '../sql.js';

const SAVED = sql`
  saved_at = clock_timestamp(),
  first_saved_at = coalesce(first_saved_at, clock_timestamp())`;
const REMOVED = sql`removed_at = clock_timestamp()`;

export interface GoogleCallback {
  tenantId: string;
  objectId: string;
  eventType: 'save' | 'del';
  nonce: string;
}

/** `event`: an operation was accepted, tell the dispatcher. `offer`: an offer's own pass, which comes and goes with its card. */
export type RecordedCallback = 'unknown-object' | 'offer' | 'duplicate' | 'recorded' | 'event';

/**
 * Keeps what Google reports of an object, once per nonce. The first place where the pass is, and the last one that it
 * leaves, make a device event in the same transaction; devices of Apple count as well.
 */
export async function recordGoogleCallback(database: TenantSql, callback: GoogleCallback): Promise<RecordedCallback> {
  const { tenantId, objectId, eventType, nonce } = callback;
  return database.transaction(async (db) => {
    const [object] = await db.query<{ pass_id: string }>(
      sql`select pass_id from google_objects where tenant_id = ${tenantId} and object_id = ${objectId}`,
    );
    if (!object) return (await isOfOffer(db, objectId)) ? 'offer' : 'unknown-object';
    const place = { tenantId, passId: object.pass_id };
    const pass = await lockPass(db, place);
    if (!pass) return 'unknown-object';
    const fresh = await db.query(
      sql`
        insert into google_callback_nonces (tenant_id, nonce)
        values (${tenantId}, ${nonce})
        on conflict do nothing
        returning nonce`,
    );
    if (fresh.length === 0) return 'duplicate';
    const wasNowhere = await isNowhereElse(db, place, null);
    await db.query(sql`
      update google_objects
      set ${eventType === 'save' ? SAVED : REMOVED}
      where tenant_id = ${tenantId}
        and object_id = ${objectId}`);
    const installed = eventType === 'save' && wasNowhere;
    const uninstalled = eventType === 'del' && !wasNowhere && (await isNowhereElse(db, place, null));
    if (!installed && !uninstalled) return 'recorded';
    await insertDeviceEvent(db, pass, installed ? 'installed' : 'uninstalled', 'google');
    return 'event';
  });
}

async function isOfOffer(db: Sql, objectId: string): Promise<boolean> {
  const rows = await db.query(sql`
    select from offers where tenant_id = ${db.tenantId} and google_object_id = ${objectId}`);
  return rows.length > 0;
}
