import { cleanText } from '../../common/clean-text.js';
import type { Database } from '../connect.js';

export const MAX_LOG_MESSAGES = 100;
export const MAX_LOG_MESSAGE_LENGTH = 2_000;

/** iOS words its messages so: "(for device …, pass type …, serial number …; with web service url …)". */
const SERIAL_NUMBER = /serial numbers?:? '?([^\s,;')]{1,255})/i;
const DEVICE = /\bdevice '?([^\s,;')]{1,255})/i;

/**
 * Keeps what devices report, with the pass and the device that the text names; what names neither belongs to no tenant
 * and is not kept. Returns how many messages were.
 */
export async function appendDeviceLog(database: Database, messages: readonly string[]): Promise<number> {
  // Cleaned after the cut, which may halve a character.
  const texts = messages.slice(0, MAX_LOG_MESSAGES).map((text) => cleanText(text.slice(0, MAX_LOG_MESSAGE_LENGTH)));
  const named = texts.map((text) => ({
    message: text,
    serial: SERIAL_NUMBER.exec(text)?.[1] ?? null,
    device: DEVICE.exec(text)?.[1] ?? null,
  }));
  const kept = await database.system.query(
    `insert into device_log (tenant_id, device_id, pass_id, message)
     select coalesce(p.tenant_id, d.tenant_id), d.device_id, p.pass_id, m.message
       from rows from (jsonb_to_recordset($1::jsonb) as (message text, serial text, device text)) with ordinality
              as m(message, serial, device, position)
       left join passes p on p.serial_number = m.serial
       left join lateral (select tenant_id, device_id from apple_devices
                           where device_library_identifier = m.device and (p.tenant_id is null or tenant_id = p.tenant_id)
                           order by created_at limit 1) d on true
      where p.pass_id is not null or d.device_id is not null
      order by m.position
     returning log_id`,
    [JSON.stringify(named)],
  );
  return kept.length;
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
  return database.tenant(tenantId).query<DeviceLogRow>(
    `select device_id, message, received_at from device_log
      where tenant_id = $1 and pass_id = $2 order by log_id desc limit $3`,
    [tenantId, passId, limit],
  );
}
