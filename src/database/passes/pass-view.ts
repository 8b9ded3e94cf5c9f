import type { JsonValue } from '../../common/json.js';
import type { PassState } from '../../passes/pass.js';
import type { Sql } from '../connect.js';

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

const VIEW = `select p.pass_id, p.serial_number, p.external_id, p.customer_id, c.external_customer_id, p.pass_type_id,
            t.name as pass_type_name, p.pass_type_version, p.apple_pass_type_identifier, p.state, p.data, p.visuals,
            p.revision, p.test, p.created_at, p.modified_at, p.first_installed_at, p.installed_at, p.uninstalled_at,
            (select count(*)::int from apple_registrations r where r.tenant_id = $1 and r.pass_id = p.pass_id) as apple_devices,
            exists (select from google_objects g where g.tenant_id = $1 and g.pass_id = p.pass_id
                      and g.saved_at is not null and (g.removed_at is null or g.removed_at < g.saved_at)) as google_saved
       from passes p
       join pass_types t on t.tenant_id = p.tenant_id and t.pass_type_id = p.pass_type_id
       join customers c on c.tenant_id = p.tenant_id and c.customer_id = p.customer_id`;

/** One pass with the name of its type and where it is installed, for readers of the API. */
export async function findPassView(sql: Sql, tenantId: string, serialNumber: string): Promise<PassViewRow | undefined> {
  const [row] = await sql.query<PassViewRow>(`${VIEW} where p.tenant_id = $1 and p.serial_number = $2`, [
    tenantId,
    serialNumber,
  ]);
  return row;
}

export interface PassFilter {
  /** Identifiers of the customer, normalised; all must belong to one. */
  email?: string;
  phone?: string;
  customerId?: string;
  externalId?: string;
  /** Id or name of the pass type. */
  passType?: string;
  state?: PassState;
  /** Id of the last pass of the page before. */
  after?: string;
  limit: number;
}

/** Passes that fit every filter, newest first; `after` continues a page. */
export async function listPassViews(sql: Sql, tenantId: string, filter: PassFilter): Promise<PassViewRow[]> {
  return sql.query<PassViewRow>(
    `${VIEW}
      where p.tenant_id = $1
        and ($2::text is null or p.customer_id = (select customer_id from customer_identifiers where tenant_id = $1 and kind = 'email' and value = $2))
        and ($3::text is null or p.customer_id = (select customer_id from customer_identifiers where tenant_id = $1 and kind = 'phone' and value = $3))
        and ($4::text is null or p.customer_id = (select customer_id from customer_identifiers where tenant_id = $1 and kind = 'customerId' and value = $4))
        and ($5::text is null or p.external_id = $5)
        and ($6::text is null or p.pass_type_id = $6 or t.name = $6)
        and ($7::text is null or p.state = $7)
        and ($8::uuid is null or (p.created_at, p.pass_id) < (select created_at, pass_id from passes where tenant_id = $1 and pass_id = $8))
      order by p.created_at desc, p.pass_id desc limit $9`,
    [
      tenantId,
      filter.email ?? null,
      filter.phone ?? null,
      filter.customerId ?? null,
      filter.externalId ?? null,
      filter.passType ?? null,
      filter.state ?? null,
      filter.after ?? null,
      filter.limit,
    ],
  );
}

/** Every pass of one customer, newest first. */
export async function listPassViewsOfCustomer(sql: Sql, tenantId: string, customerId: string): Promise<PassViewRow[]> {
  return sql.query<PassViewRow>(
    `${VIEW} where p.tenant_id = $1 and p.customer_id = $2 order by p.created_at desc, p.pass_id desc`,
    [tenantId, customerId],
  );
}
