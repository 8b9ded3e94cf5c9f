import { isUuid } from '../../common/uuid.js';
import type { Sql, SystemSql } from '../connect.js';
import { sql } from '../sql.js';
import type { PassRow } from './passes.js';

/** Serial numbers of passes by their ids. */
export async function findSerialNumbers(db: Sql, passIds: readonly string[]): Promise<Map<string, string>> {
  if (passIds.length === 0) return new Map();
  const rows = await db.query<{ pass_id: string; serial_number: string }>(
    sql`select pass_id, serial_number from passes where tenant_id = ${db.tenantId} and pass_id = any(${passIds}::uuid[])`,
  );
  return new Map(rows.map((row) => [row.pass_id, row.serial_number]));
}

/** The pass of this serial number or pass id, or undefined. */
export async function findPassId(db: Sql, serialOrId: string): Promise<string | undefined> {
  const [row] = await db.query<{ pass_id: string }>(
    sql`
      select pass_id
      from passes
      where tenant_id = ${db.tenantId} and serial_number = ${serialOrId}
      union all
      select pass_id
      from passes
      where tenant_id = ${db.tenantId} and pass_id = ${isUuid(serialOrId) ? serialOrId : null}::uuid
      limit 1`,
  );
  return row?.pass_id;
}

/** The pass of this serial number: of any tenant for the system, else of the connection's own. */
export async function findPassBySerialNumber(db: Sql, serialNumber: string): Promise<PassRow | undefined> {
  const [row] = await db.query<PassRow>(sql`select * from passes where serial_number = ${serialNumber}`);
  return row;
}

/** The tenant that has a pass of this serial number, or undefined. */
export async function findTenantOfPass(system: SystemSql, serialNumber: string): Promise<string | undefined> {
  const [row] = await system.query<{ tenant_id: string }>(
    sql`select tenant_id from passes where serial_number = ${serialNumber}`,
  );
  return row?.tenant_id;
}

/** The pass's present revision and Apple identity, or undefined where it is gone. */
export async function findRevision(
  db: Sql,
  passId: string,
): Promise<{ revision: number; passTypeIdentifier: string | null } | undefined> {
  const [row] = await db.query<{ revision: number; passTypeIdentifier: string | null }>(sql`
    select revision, apple_pass_type_identifier as "passTypeIdentifier"
    from passes
    where tenant_id = ${db.tenantId} and pass_id = ${passId}`);
  return row;
}
