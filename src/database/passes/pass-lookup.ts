import type { Sql } from '../connect.js';

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
