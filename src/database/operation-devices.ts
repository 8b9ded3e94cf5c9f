import type { Sql } from './connect.js';

export interface DeviceResultRow {
  platform: 'apple' | 'google';
  device_id: string | null;
  state: 'pending' | 'scheduled' | 'delivered' | 'covered' | 'gone' | 'refused' | 'failed';
  attempts: number;
  covered_by: string | null;
  reason: string | null;
  updated_at: Date;
}

/** What one operation told each wallet. */
export async function listDeviceResults(sql: Sql, tenantId: string, operationId: string): Promise<DeviceResultRow[]> {
  return sql.query<DeviceResultRow>(
    `select platform, device_id, state, attempts, covered_by, reason, updated_at
       from notifications where tenant_id = $1 and operation_id = $2 order by platform, target limit 1000`,
    [tenantId, operationId],
  );
}

/** Serial numbers of passes by their ids. */
export async function findSerialNumbers(
  sql: Sql,
  tenantId: string,
  passIds: readonly string[],
): Promise<Map<string, string>> {
  if (passIds.length === 0) return new Map();
  const rows = await sql.query<{ pass_id: string; serial_number: string }>(
    `select pass_id, serial_number from passes where tenant_id = $1 and pass_id = any($2::uuid[])`,
    [tenantId, passIds],
  );
  return new Map(rows.map((row) => [row.pass_id, row.serial_number]));
}

/** The pass of this serial number or pass id, or undefined. */
export async function findPassId(sql: Sql, tenantId: string, serialOrId: string): Promise<string | undefined> {
  const [row] = await sql.query<{ pass_id: string }>(
    `select pass_id from passes where tenant_id = $1 and serial_number = $2
     union all
     select pass_id from passes where tenant_id = $1 and pass_id = $3::uuid limit 1`,
    [tenantId, serialOrId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(serialOrId) ? serialOrId : null],
  );
  return row?.pass_id;
}
