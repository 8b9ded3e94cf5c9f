import { cleanText } from '../../common/clean-text.js';
import { maskContacts } from '../../common/mask-personal.js';
import type { Database } from '../connect.js';
import { sql } from '../sql.js';

/** Messages of one report. */
export const MAX_LOG_MESSAGES = 50;
export const MAX_LOG_MESSAGE_LENGTH = 500;
/** Any holder of a pass may report without a key; more than this in a day tells nothing new. */
export const MAX_LOG_LINES_A_DAY = 50;

/** iOS words its messages so: "(for device …, pass type …, serial number …; with web service url …)". */
const SERIAL_NUMBER = /serial numbers?:? '?([^\s,;')]{1,255})/i;
const DEVICE = /\bdevice '?([^\s,;')]{1,255})/i;

interface LogLine {
  tenantId: string;
  passId: string;
  deviceId: string | null;
  message: string;
}

/**
 * Keeps what devices report, with the pass and the device that the text names; a text that names neither belongs to no
 * tenant and is not kept. Each pass has room for a number of lines a day. Returns how many were kept.
 */
export async function appendDeviceLog(database: Database, messages: readonly string[]): Promise<number> {
  // Cleaned after the cut, which may halve a character.
  const texts = messages.slice(0, MAX_LOG_MESSAGES).map((text) => cleanText(text.slice(0, MAX_LOG_MESSAGE_LENGTH)));
  const named = texts.map((text) => ({
    message: maskContacts(text),
    serial: SERIAL_NUMBER.exec(text)?.[1] ?? null,
    device: DEVICE.exec(text)?.[1] ?? null,
  }));
  const lines = await findSubjects(database, named);
  if (lines.length === 0) return 0;
  return database.system.transaction(async (system) => {
    const passIds = [...new Set(lines.map(({ passId }) => passId))].sort();
    // Reports of one pass take turns: two at the same time must not both see the room that is left.
    await system.query(sql`
      select pg_advisory_xact_lock(hashtextextended('device-log/' || id, 0))
        from unnest(${passIds}::text[]) as id`);
    const kept = await system.query(sql`
      with line as (
        select *, row_number() over (partition by "passId" order by position) as nth
          from rows from (
                 jsonb_to_recordset(${JSON.stringify(lines)}::jsonb)
                   as ("tenantId" text, "passId" uuid, "deviceId" uuid, message text)
               ) with ordinality as l("tenantId", "passId", "deviceId", message, position)
      ), used as (
        select pass."passId", count(newest.received_at) as lines
          from (select distinct "tenantId", "passId" from line) pass
          left join lateral (
            select received_at from device_log
             where tenant_id = pass."tenantId" and pass_id = pass."passId"
             order by log_id desc limit ${MAX_LOG_LINES_A_DAY}
          ) newest on newest.received_at > now() - interval '1 day'
         group by pass."passId"
      )
      insert into device_log (tenant_id, device_id, pass_id, message)
      select "tenantId", "deviceId", line."passId", message
        from line
        join used on used."passId" = line."passId"
       where used.lines + line.nth <= ${MAX_LOG_LINES_A_DAY}
       order by position
      returning log_id`);
    return kept.length;
  });
}

/** The pass and the device of each text. One that names a device alone is about the pass which that device added last. */
async function findSubjects(
  database: Database,
  named: readonly { message: string; serial: string | null; device: string | null }[],
): Promise<LogLine[]> {
  return database.system.query<LogLine>(sql`
    select coalesce(p.tenant_id, d.tenant_id) as "tenantId",
           coalesce(p.pass_id, d.pass_id) as "passId",
           d.device_id as "deviceId",
           m.message
      from rows from (
             jsonb_to_recordset(${JSON.stringify(named)}::jsonb) as (message text, serial text, device text)
           ) with ordinality as m(message, serial, device, position)
      left join passes p on p.serial_number = m.serial
      left join lateral (
        select a.tenant_id, a.device_id, r.pass_id
          from apple_devices a
          left join apple_registrations r on r.tenant_id = a.tenant_id and r.device_id = a.device_id
         where a.device_library_identifier = m.device
           and (p.tenant_id is null or a.tenant_id = p.tenant_id)
         order by r.registered_at desc nulls last, a.device_id
         limit 1
      ) d on true
     where coalesce(p.pass_id, d.pass_id) is not null
     order by m.position`);
}

export interface DeviceLogRow {
  device_id: string | null;
  message: string;
  received_at: Date;
}

/** What devices reported of one pass, newest first. */
export async function listDeviceLog(
  database: Database,
  tenantId: string,
  passId: string,
  limit = 100,
): Promise<DeviceLogRow[]> {
  return database.tenant(tenantId).query<DeviceLogRow>(sql`
    select device_id, message, received_at
      from device_log
     where tenant_id = ${tenantId} and pass_id = ${passId}
     order by log_id desc
     limit ${limit}`);
}
