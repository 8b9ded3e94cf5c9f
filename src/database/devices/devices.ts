import type { DeviceEventInput } from '../../passes/operation-input.js';
import type { Sql, SystemSql, TenantSql } from '../connect.js';
import { insertOrFindOperation } from '../operations/operations.js';
import type { PassRow } from '../passes/passes.js';
import { sql } from '../sql.js';

export interface DeviceRegistration {
  tenantId: string;
  passId: string;
  /** The device's own name for itself towards this web service; the same text under two tenants is two devices. */
  deviceLibraryIdentifier: string;
}

/** The pass that a device means: it names no tenant, only a pass type identifier and a serial number. */
export async function findPassOfDevice(
  system: SystemSql,
  passTypeIdentifier: string,
  serialNumber: string,
): Promise<PassRow | undefined> {
  const [row] = await system.query<PassRow>(
    sql`
      select *
      from passes
      where serial_number = ${serialNumber} and apple_pass_type_identifier = ${passTypeIdentifier}`,
  );
  return row;
}

type LockedPass = Pick<
  PassRow,
  'pass_id' | 'customer_id' | 'apple_pass_type_identifier' | 'first_installed_at' | 'test'
>;

type PassPlace = Pick<DeviceRegistration, 'tenantId' | 'passId'>;

/** Registrations of one pass take turns, so that exactly one of them is the first and one the last. */
export async function lockPass(db: Sql, { tenantId, passId }: PassPlace): Promise<LockedPass | undefined> {
  const [pass] = await db.query<LockedPass>(
    sql`select pass_id, customer_id, apple_pass_type_identifier, first_installed_at, test
       from passes where tenant_id = ${tenantId} and pass_id = ${passId} for no key update`,
  );
  return pass;
}

/** Whether the pass is on no device but `exceptDeviceId`, and not saved at Google. */
export async function isNowhereElse(db: Sql, { tenantId, passId }: PassPlace, exceptDeviceId: string | null) {
  const [row] = await db.query<{ nowhere: boolean }>(
    sql`
      select
        not exists (
          select
          from apple_registrations
          where tenant_id = ${tenantId}
            and pass_id = ${passId}
            and device_id is distinct from ${exceptDeviceId}::uuid
        )
        and not exists (
          select
          from google_objects
          where tenant_id = ${tenantId}
            and pass_id = ${passId}
            and saved_at is not null
            and (removed_at is null or removed_at < saved_at)
        ) as nowhere`,
  );
  return row!.nowhere;
}

/** Accepts the event of a pass that got its first place, or lost its last one. Call within the change's transaction. */
export async function insertDeviceEvent(
  db: Sql,
  pass: LockedPass,
  event: 'installed' | 'uninstalled',
  platform: DeviceEventInput['platform'] = 'apple',
): Promise<void> {
  const moved =
    event === 'installed'
      ? {
          set: sql`installed_at = clock_timestamp(), first_installed_at = coalesce(first_installed_at, clock_timestamp())`,
          at: sql`installed_at`,
        }
      : { set: sql`uninstalled_at = clock_timestamp()`, at: sql`uninstalled_at` };
  const [moment] = await db.query<{ at: Date }>(
    sql`
      update passes
      set ${moved.set}
      where tenant_id = ${db.tenantId} and pass_id = ${pass.pass_id}
      returning ${moved.at} as at`,
  );
  const input: DeviceEventInput = {
    passId: pass.pass_id,
    platform,
    event,
    firstInstall: event === 'installed' && pass.first_installed_at === null,
    at: moment!.at.toISOString(),
  };
  await insertOrFindOperation(db, {
    kind: 'device-event',
    origin: platform === 'google' ? 'google' : 'device',
    input,
    test: pass.test,
    passId: pass.pass_id,
    customerId: pass.customer_id,
  });
}

/** A pass is on the devices of one person. More would only be pushes with the merchant's certificate to made-up names. */
export const MAX_DEVICES = 50;

/**
 * Registers a device for a pass. The push token counts for the device as a whole, and one that was given up is alive
 * again. The first device of a pass that is nowhere else makes a device event in the same transaction; beyond
 * `MAX_DEVICES` the one that was idle for the longest time makes room. Undefined where the pass has gone.
 */
export async function registerDevice(
  database: TenantSql,
  registration: DeviceRegistration & { pushToken: string },
): Promise<{ created: boolean; event: boolean } | undefined> {
  const { tenantId, passId } = registration;
  return database.transaction(async (db) => {
    const pass = await lockPass(db, registration);
    if (!pass) return undefined;
    const [device] = await db.query<{ device_id: string }>(sql`
      insert into apple_devices (tenant_id, device_library_identifier, push_token)
      values (${tenantId}, ${registration.deviceLibraryIdentifier}, ${registration.pushToken})
          on conflict (tenant_id, device_library_identifier) do update
         set push_token = excluded.push_token,
             token_updated_at = clock_timestamp(),
             token_gone_at = null
      returning device_id`);
    const { device_id: deviceId } = device!;
    const made = await db.query(sql`
      insert into apple_registrations (tenant_id, device_id, pass_id, apple_pass_type_identifier)
      values (${tenantId}, ${deviceId}::uuid, ${passId}::uuid, ${pass.apple_pass_type_identifier})
          on conflict (device_id, pass_id) do nothing
      returning device_id`);
    const created = made.length > 0;
    const event = created && (await isNowhereElse(db, registration, deviceId));
    if (event) await insertDeviceEvent(db, pass, 'installed');
    else if (created) await makeRoom(db, registration, deviceId);
    return { created, event };
  });
}

/** Removes the registrations of a pass beyond `MAX_DEVICES`, dead tokens first, then those that were idle longest. */
async function makeRoom(db: Sql, { tenantId, passId }: PassPlace, newestDeviceId: string): Promise<void> {
  const removed = await db.query<{ device_id: string }>(sql`
    with beyond as (
      select r.device_id
        from apple_registrations r
        join apple_devices d on d.device_id = r.device_id
       where r.tenant_id = ${tenantId}
         and r.pass_id = ${passId}::uuid
         and r.device_id <> ${newestDeviceId}::uuid
       order by d.token_gone_at is null desc,
                greatest(r.registered_at, r.last_listed_at, r.last_fetched_at) desc,
                r.device_id
      offset ${MAX_DEVICES - 1}::integer
    )
    delete from apple_registrations r
     using beyond
     where r.tenant_id = ${tenantId}
       and r.pass_id = ${passId}::uuid
       and r.device_id = beyond.device_id
    returning r.device_id`);
  if (removed.length === 0) return;
  await db.query(sql`
    with idle as (
      -- A device that is being registered for another pass at this moment is skipped, and stays.
      select device_id
        from apple_devices
       where tenant_id = ${tenantId}
         and device_id = any(${removed.map(({ device_id }) => device_id)}::uuid[])
         for update skip locked
    )
    delete from apple_devices d
     using idle
     where d.device_id = idle.device_id
       and not exists (
             select from apple_registrations r
              where r.tenant_id = ${tenantId} and r.device_id = d.device_id
           )`);
}

/**
 * Removes a registration, and forgets the device and its token when that was its last one; the pass stays. Where the
 * pass is then nowhere, a device event is made in the same transaction. `removed` is false where there was none.
 */
export async function unregisterDevice(
  database: TenantSql,
  registration: DeviceRegistration,
): Promise<{ removed: boolean; event: boolean }> {
  const { tenantId, passId } = registration;
  return database.transaction(async (db) => {
    const pass = await lockPass(db, registration);
    // The device row is locked before anybody looks for its other registrations: one that is being made must be seen.
    const [device] = await db.query<{ device_id: string }>(
      sql`
        select device_id
        from apple_devices
        where tenant_id = ${tenantId} and device_library_identifier = ${registration.deviceLibraryIdentifier}
        for update`,
    );
    if (!pass || !device) return { removed: false, event: false };
    const gone = await db.query(
      sql`
        delete from apple_registrations
        where tenant_id = ${tenantId} and device_id = ${device.device_id} and pass_id = ${passId}
        returning device_id`,
    );
    if (gone.length === 0) return { removed: false, event: false };
    await db.query(
      sql`
        delete from apple_devices d
        where d.tenant_id = ${tenantId}
          and d.device_id = ${device.device_id}
          and not exists (
            select
            from apple_registrations r
            where r.tenant_id = ${tenantId} and r.device_id = d.device_id
          )`,
    );
    const event = await isNowhereElse(db, registration, null);
    if (event) await insertDeviceEvent(db, pass, 'uninstalled');
    return { removed: true, event };
  });
}
