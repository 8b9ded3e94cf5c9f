import type { PassState } from '../../passes/pass.js';
import type { Sql } from '../connect.js';
import { raw, sql, type Statement } from '../sql.js';
import type { PassRow } from './passes.js';

/** What readers of the API see of a pass's own columns. */
const OF_PASS = [
  'pass_id',
  'serial_number',
  'external_id',
  'customer_id',
  'pass_type_id',
  'pass_type_version',
  'apple_pass_type_identifier',
  'state',
  'data',
  'visuals',
  'offers',
  'revision',
  'test',
  'created_at',
  'modified_at',
  'first_installed_at',
  'installed_at',
  'uninstalled_at',
] as const satisfies readonly (keyof PassRow)[];

export interface PassViewRow extends Pick<PassRow, (typeof OF_PASS)[number]> {
  external_customer_id: string | null;
  pass_type_name: string;
  apple_devices: number;
  google_saved: boolean;
}

const columnsOfPass = raw(OF_PASS.map((column) => `p.${column}`).join(', '));

/** The columns of PassViewRow from `passes p`, `pass_types t`, `customers c`; a condition follows. */
const view = (tenantId: string): Statement => sql`
  select
    ${columnsOfPass},
    c.external_customer_id,
    t.name as pass_type_name,
    (
      select count(*)::int
      from apple_registrations r
      where r.tenant_id = ${tenantId} and r.pass_id = p.pass_id
    ) as apple_devices,
    exists (
      select
      from google_objects g
      where g.tenant_id = ${tenantId}
        and g.pass_id = p.pass_id
        and g.saved_at is not null
        and (g.removed_at is null or g.removed_at < g.saved_at)
    ) as google_saved
  from passes p
    join pass_types t on t.tenant_id = p.tenant_id and t.pass_type_id = p.pass_type_id
    join customers c on c.tenant_id = p.tenant_id and c.customer_id = p.customer_id`;

/** One pass with the name of its type and where it is installed, for readers of the API. */
export async function findPassView(db: Sql, serialNumber: string): Promise<PassViewRow | undefined> {
  const [row] = await db.query<PassViewRow>(
    sql`${view(db.tenantId)} where p.tenant_id = ${db.tenantId} and p.serial_number = ${serialNumber}`,
  );
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

/** Characters of data after which a page ends early: the next one goes on behind it. */
const PAGE_CHARS = 1_000_000;

/** Passes that fit every filter, newest first; `after` continues a page. `more` says whether another one follows. */
export async function listPassViews(db: Sql, filter: PassFilter): Promise<{ passes: PassViewRow[]; more: boolean }> {
  const rows = await db.query<PassViewRow & { found: number }>(
    sql`
      with page as (
      ${view(db.tenantId)}
      where p.tenant_id = ${db.tenantId}
        and (
          ${filter.email ?? null}::text is null
          or p.customer_id = (
            select customer_id
            from customer_identifiers
            where tenant_id = ${db.tenantId} and kind = 'email' and value = ${filter.email ?? null}
          )
        )
        and (
          ${filter.phone ?? null}::text is null
          or p.customer_id = (
            select customer_id
            from customer_identifiers
            where tenant_id = ${db.tenantId} and kind = 'phone' and value = ${filter.phone ?? null}
          )
        )
        and (
          ${filter.customerId ?? null}::text is null
          or p.customer_id = (
            select customer_id
            from customer_identifiers
            where tenant_id = ${db.tenantId}
              and kind = 'customerId'
              and value = ${filter.customerId ?? null}
          )
        )
        and (${filter.externalId ?? null}::text is null or p.external_id = ${filter.externalId ?? null})
        and (${filter.passType ?? null}::text is null or p.pass_type_id = ${filter.passType ?? null} or t.name = ${filter.passType ?? null})
        and (${filter.state ?? null}::text is null or p.state = ${filter.state ?? null})
        and (
          ${filter.after ?? null}::uuid is null
          or (p.created_at, p.pass_id) < (
            select created_at, pass_id
            from passes
            where tenant_id = ${db.tenantId} and pass_id = ${filter.after ?? null}
          )
        )
      order by p.created_at desc, p.pass_id desc
      limit ${filter.limit}::int + 1
      ), weighed as (
        select page.*,
               count(*) over ()::int as found,
               row_number() over newest as position,
               sum(length(data::text)) over newest - length(data::text) as chars_before
          from page
        window newest as (order by created_at desc, pass_id desc)
      )
      select *
        from weighed
       where position <= ${filter.limit}::int
         and chars_before < ${PAGE_CHARS}::int
       order by position`,
  );
  return { passes: rows, more: rows.length > 0 && rows[0]!.found > rows.length };
}

/** Every pass of one customer, newest first. */
export async function listPassViewsOfCustomer(db: Sql, customerId: string): Promise<PassViewRow[]> {
  return db.query<PassViewRow>(
    sql`
      ${view(db.tenantId)}
      where p.tenant_id = ${db.tenantId} and p.customer_id = ${customerId}
      order by p.created_at desc, p.pass_id desc`,
  );
}
