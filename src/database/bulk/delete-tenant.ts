import type { SystemSql, TenantSql } from '../connect.js';
import { isUnfinished } from '../operations/fragments.js';
import { raw, sql, type Statement } from '../sql.js';

const BATCH = 1_000;
/** Counting stops here: a person needs the size, not the number. */
export const COUNTED_MOST = 100_000;

const counted = async (db: TenantSql, rows: Statement): Promise<number> => {
  const [row] = await db.query<{ n: number }>(
    sql`select count(*)::int as n from (${rows} limit ${COUNTED_MOST}) counted`,
  );
  return row!.n;
};

/**
 * Every table that has a tenant, those that refer to others first, from PostgreSQL's own catalogue: a new table is in it
 * at once. `tenants` itself is the last. Names are quoted where they must be.
 */
export async function listTenantTables(system: SystemSql): Promise<string[]> {
  const rows = await system.query<{ name: string }>(sql`
    with recursive below (oid, depth) as (
      select c.oid, 0
        from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
       where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
      union
      select k.conrelid, depth + 1
        from below
        join pg_constraint k on k.confrelid = below.oid and k.contype = 'f' and k.conrelid <> k.confrelid
       where depth < 20
    )
    select oid::regclass::text as name from below group by oid order by max(depth) desc, 1`);
  return rows.map(({ name }) => name);
}

/** What a tenant still does, for the question whether it may go. */
export async function countUnderWay(db: TenantSql): Promise<{ activePasses: number; unfinished: number }> {
  const { tenantId } = db;
  return {
    activePasses: await counted(db, sql`select from passes where tenant_id = ${tenantId} and state = 'active'`),
    unfinished: await counted(db, sql`select from operations where tenant_id = ${tenantId} and ${isUnfinished()}`),
  };
}

/** How many rows a table holds of the tenant, up to `COUNTED_MOST`. */
export const countRowsOf = (db: TenantSql, table: string): Promise<number> =>
  counted(db, sql`select from ${raw(table)} where tenant_id = ${db.tenantId}`);

/** From here on no key opens the tenant, and merchants are sent nothing. Running processes follow within seconds. */
export async function closeTenant(db: TenantSql): Promise<void> {
  const { tenantId } = db;
  await db.transaction(async (tx) => {
    await tx.query(sql`update api_keys set revoked_at = now() where tenant_id = ${tenantId} and revoked_at is null`);
    await tx.query(sql`
      update webhook_endpoints
         set state = 'disabled', disabled_at = now(), disabled_reason = 'The tenant is being deleted.'
       where tenant_id = ${tenantId} and state = 'enabled'`);
  });
}

/** Removes the tenant's rows of a table, some at a time: a cascade over millions would outlast the statement's time. */
export async function deleteRowsOf(db: TenantSql, table: string): Promise<number> {
  const name = raw(table);
  for (let removed = 0; ;) {
    const gone = await db.query(sql`
      delete from ${name}
       where tenant_id = ${db.tenantId}
         and ctid = any (array(select ctid from ${name} where tenant_id = ${db.tenantId} limit ${BATCH}))
      returning 1`);
    removed += gone.length;
    if (gone.length === 0) return removed;
  }
}
