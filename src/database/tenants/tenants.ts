import type { Environment } from '../../common/environment.js';
import { tenantSettings, type TenantSettings } from '../../passes/tenant-settings.js';
import type { Badges } from '../../passes/wallet-badges.js';
import type { Sql, SystemSql } from '../connect.js';
import { sql } from '../sql.js';

/** A brand, with its settings parsed: defaults are filled in at reading, so that a new setting needs no migration. */
export interface Tenant {
  tenantId: string;
  /** `aid_0x…`: how callers of the older API name the tenant. */
  accountId: string;
  name: string;
  environment: Environment;
  settings: TenantSettings;
  badges: Badges;
  createdAt: Date;
  updatedAt: Date;
}

interface TenantRow {
  tenant_id: string;
  account_id: string;
  name: string;
  environment: Environment;
  settings: unknown;
  badges: Badges;
  klaviyo_data_source_id: string | null;
  created_at: Date;
  updated_at: Date;
}

/** The settings of the folder, with what set-up made where the folder says nothing of it. */
function settingsOf(row: TenantRow): TenantSettings {
  const settings = tenantSettings.parse(row.settings);
  settings.klaviyo.dataSourceId ??= row.klaviyo_data_source_id;
  return settings;
}

const toTenant = (row: TenantRow): Tenant => ({
  tenantId: row.tenant_id,
  accountId: row.account_id,
  name: row.name,
  environment: row.environment,
  settings: settingsOf(row),
  badges: row.badges,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

const COLUMNS = sql`tenant_id, account_id, name, environment, settings, badges, klaviyo_data_source_id, created_at, updated_at`;

export type NewTenant = Pick<Tenant, 'tenantId' | 'accountId' | 'name' | 'environment' | 'settings'>;

/** Makes or changes a tenant; false where nothing differs. */
export async function upsertTenant(db: Sql, tenant: NewTenant): Promise<boolean> {
  const changed = await db.query(
    sql`
      insert into tenants (tenant_id, account_id, name, environment, settings)
      values (${tenant.tenantId}, ${tenant.accountId}, ${tenant.name}, ${tenant.environment}, ${JSON.stringify(tenant.settings)})
      on conflict (tenant_id) do update
      set
        account_id = excluded.account_id,
        name = excluded.name,
        environment = excluded.environment,
        settings = excluded.settings,
        updated_at = now()
      where (tenants.account_id, tenants.name, tenants.environment, tenants.settings) is distinct from (excluded.account_id, excluded.name, excluded.environment, excluded.settings)
      returning tenant_id`,
  );
  return changed.length > 0;
}

/** Stores the tenant's badges; false where they are the same. */
export async function putBadges(db: Sql, badges: Badges): Promise<boolean> {
  const changed = await db.query(sql`
    update tenants
       set badges = ${JSON.stringify(badges)}, updated_at = now()
     where tenant_id = ${db.tenantId}
       and badges is distinct from ${JSON.stringify(badges)}::jsonb
    returning tenant_id`);
  return changed.length > 0;
}

/** Lets one transaction at a time make what a tenant has once. Call within a transaction. */
export async function lockTenant(db: Sql): Promise<void> {
  await db.query(sql`select from tenants where tenant_id = ${db.tenantId} for update`);
}

/** The tenant, or undefined. */
export async function getTenant(db: Sql): Promise<Tenant | undefined> {
  const [row] = await db.query<TenantRow>(sql`select ${COLUMNS} from tenants where tenant_id = ${db.tenantId}`);
  return row && toTenant(row);
}

/** The tenant of an account id, or undefined. Runs as the system: the caller does not know the tenant yet. */
export async function getTenantByAccountId(system: SystemSql, accountId: string): Promise<Tenant | undefined> {
  const [row] = await system.query<TenantRow>(sql`select ${COLUMNS} from tenants where account_id = ${accountId}`);
  return row && toTenant(row);
}

/** All tenants by id. */
export async function listTenants(system: SystemSql): Promise<Tenant[]> {
  const rows = await system.query<TenantRow>(sql`select ${COLUMNS} from tenants order by tenant_id`);
  return rows.map(toTenant);
}

/**
 * Keeps the data source that set-up found or made: the tenant's records go there from now on. It outlives every apply of
 * the tenant's folder, unless tenant.json names another one.
 */
export async function setKlaviyoDataSource(db: Sql, dataSourceId: string): Promise<void> {
  await db.query(
    sql`update tenants set updated_at = now(), klaviyo_data_source_id = ${dataSourceId},
       settings = jsonb_set(settings, '{klaviyo,dataSourceId}', 'null', false)
      where tenant_id = ${db.tenantId}`,
  );
}
