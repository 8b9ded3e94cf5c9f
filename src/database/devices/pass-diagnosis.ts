import type { ShownMessage } from '../../passes/message.js';
import type { ActiveOffer } from '../../passes/offer.js';
import type { PassState } from '../../passes/pass.js';
import type { Sql } from '../connect.js';
import { sql } from '../sql.js';

export interface DiagnosedPass {
  pass_id: string;
  serial_number: string;
  customer_id: string;
  pass_type_id: string;
  pass_type_version: number;
  apple_pass_type_identifier: string | null;
  state: PassState;
  revision: number;
  modified_at: Date;
  messages: ShownMessage[];
  offers: ActiveOffer[];
}

/** A pass by its id or serial number. */
export async function findDiagnosedPass(
  db: Sql,
  which: { passId: string } | { serialNumber: string },
): Promise<DiagnosedPass | undefined> {
  const condition =
    'passId' in which ? sql`pass_id = ${which.passId}::uuid` : sql`serial_number = ${which.serialNumber}::text`;
  const [row] = await db.query<DiagnosedPass>(sql`
    select pass_id, serial_number, customer_id, pass_type_id, pass_type_version, apple_pass_type_identifier,
           state, revision, modified_at, messages, offers
      from passes
     where tenant_id = ${db.tenantId}
       and ${condition}`);
  return row;
}

export interface DiagnosedDevice {
  device_id: string;
  since: Date;
  token_gone_at: Date | null;
  listed_at: Date | null;
  fetched_at: Date | null;
  fetched_revision: number | null;
  push_state: string | null;
  push_reason: string | null;
  push_at: Date | null;
  due_at: Date | null;
}

const MOST_DEVICES = 50;

/** Apple devices that have a pass, each with the last push about it and the one that waits. */
export async function listDiagnosedDevices(db: Sql, passId: string): Promise<DiagnosedDevice[]> {
  return db.query<DiagnosedDevice>(sql`
    select r.device_id, r.registered_at as since, d.token_gone_at, r.last_listed_at as listed_at,
           r.last_fetched_at as fetched_at, r.fetched_revision,
           n.state as push_state, n.reason as push_reason, n.updated_at as push_at, w.due_at
      from apple_registrations r
      join apple_devices d on d.device_id = r.device_id
      left join push_windows w
        on w.device_id = r.device_id
       and w.apple_pass_type_identifier = r.apple_pass_type_identifier
      left join lateral (
        select state, reason, updated_at
          from notifications
         where tenant_id = ${db.tenantId}
           and pass_id = r.pass_id
           and device_id = r.device_id
         order by updated_at desc
         limit 1) n on true
     where r.tenant_id = ${db.tenantId}
       and r.pass_id = ${passId}::uuid
     order by r.registered_at
     limit ${MOST_DEVICES}`);
}

export interface DiagnosedObject {
  state: string;
  saved_at: Date | null;
  removed_at: Date | null;
  synced_revision: number | null;
  notified_at: Date[];
  created_at: Date;
}

/** The pass's newest object at Google, and whether Google has ever reported a save or a removal to this tenant. */
export async function findGoogleFacts(
  db: Sql,
  passId: string,
): Promise<{ object: DiagnosedObject | null; calledBack: boolean }> {
  const [[object], [callback]] = await Promise.all([
    db.query<DiagnosedObject>(sql`
      select state, saved_at, removed_at, synced_revision, notified_at, created_at
        from google_objects
       where tenant_id = ${db.tenantId}
         and pass_id = ${passId}::uuid
         and state <> 'retired'
       order by created_at desc
       limit 1`),
    db.query<{ any: boolean }>(sql`
      select exists (
               select from google_objects
                where tenant_id = ${db.tenantId}
                  and first_saved_at is not null) as any`),
  ]);
  return { object: object ?? null, calledBack: callback!.any };
}
