import type { JsonValue } from '../passes/pass-type.js';
import type { PassState } from '../passes/pass.js';
import type { Sql } from './connect.js';

export interface PassViewRow {
  pass_id: string;
  serial_number: string;
  external_id: string | null;
  customer_id: string;
  external_customer_id: string | null;
  pass_type_id: string;
  pass_type_name: string;
  pass_type_version: number;
  apple_pass_type_identifier: string | null;
  state: PassState;
  data: Record<string, JsonValue>;
  visuals: Record<string, string>;
  revision: number;
  test: boolean;
  created_at: Date;
  modified_at: Date;
  first_installed_at: Date | null;
  installed_at: Date | null;
  uninstalled_at: Date | null;
  apple_devices: number;
  google_saved: boolean;
}

/** One pass with the name of its type and where it is installed, for readers of the API. */
export async function findPassView(sql: Sql, tenantId: string, serialNumber: string): Promise<PassViewRow | undefined> {
  const [row] = await sql.query<PassViewRow>(
    `select p.pass_id, p.serial_number, p.external_id, p.customer_id, c.external_customer_id, p.pass_type_id,
            t.name as pass_type_name, p.pass_type_version, p.apple_pass_type_identifier, p.state, p.data, p.visuals,
            p.revision, p.test, p.created_at, p.modified_at, p.first_installed_at, p.installed_at, p.uninstalled_at,
            (select count(*)::int from apple_registrations r where r.tenant_id = $1 and r.pass_id = p.pass_id) as apple_devices,
            exists (select from google_objects g where g.tenant_id = $1 and g.pass_id = p.pass_id
                      and g.saved_at is not null and (g.removed_at is null or g.removed_at < g.saved_at)) as google_saved
       from passes p
       join pass_types t on t.tenant_id = p.tenant_id and t.pass_type_id = p.pass_type_id
       join customers c on c.tenant_id = p.tenant_id and c.customer_id = p.customer_id
      where p.tenant_id = $1 and p.serial_number = $2`,
    [tenantId, serialNumber],
  );
  return row;
}
