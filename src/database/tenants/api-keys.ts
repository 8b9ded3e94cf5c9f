import { createHash, randomBytes } from 'node:crypto';
import type { Environment } from '../../common/environment.js';
import type { Sql, SystemSql } from '../connect.js';
import { sql } from '../sql.js';

/** What a request needs to know of its tenant; `settings` is unparsed, as stored. */
export interface TenantAccessRow {
  tenant_id: string;
  account_id: string;
  environment: Environment;
  settings: unknown;
}

export interface KeyAccessRow extends TenantAccessRow {
  key_id: string;
  scopes: string[];
  test: boolean;
  expires_at: Date | null;
}

export interface ApiKeyRow {
  key_id: string;
  tenant_id: string;
  name: string;
  scopes: string[];
  test: boolean;
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

export interface NewApiKey {
  tenantId: string;
  name: string;
  scopes: readonly string[];
  /** Test keys mark what they cause as a test. */
  test?: boolean;
  expiresAt?: Date | null;
}

export const API_KEY_FORMAT = /^pr_(?:live|test)_[A-Za-z0-9_-]{43}$/;

/** SHA-256 of the whole key. A plain hash is enough: the key holds 256 random bits, so there is nothing to guess. */
export const hashApiKey = (key: string): Buffer => createHash('sha256').update(key).digest();

/** Makes a key. The returned text is its only copy: the database keeps the hash. Several may be valid at once. */
export async function createApiKey(db: Sql, input: NewApiKey): Promise<{ keyId: string; key: string }> {
  const key = `pr_${input.test ? 'test' : 'live'}_${randomBytes(32).toString('base64url')}`;
  const [row] = await db.query<{ key_id: string }>(
    sql`
      insert into api_keys (tenant_id, name, key_hash, scopes, test, expires_at)
      values (${input.tenantId}, ${input.name}, ${hashApiKey(key)}, ${input.scopes}, ${input.test ?? false}, ${input.expiresAt ?? null})
      returning key_id`,
  );
  return { keyId: row!.key_id, key };
}

/** All keys of a tenant, newest first, without their hashes. */
export async function listApiKeys(db: Sql): Promise<ApiKeyRow[]> {
  return db.query<ApiKeyRow>(
    sql`select key_id, tenant_id, name, scopes, test, created_at, expires_at, revoked_at, last_used_at
       from api_keys where tenant_id = ${db.tenantId} order by created_at desc, key_id`,
  );
}

/** Revokes a key from now on (running processes follow within seconds); false where the tenant has no such key. */
export async function revokeApiKey(db: Sql, keyId: string): Promise<boolean> {
  const rows = await db.query(
    sql`
      update api_keys
      set revoked_at = coalesce(revoked_at, now())
      where tenant_id = ${db.tenantId} and key_id::text = ${keyId}
      returning 1`,
  );
  return rows.length > 0;
}

/** The key with this hash and its tenant, in one statement; undefined where unknown, revoked or expired. */
export async function findApiKeyByHash(system: SystemSql, keyHash: Buffer): Promise<KeyAccessRow | undefined> {
  const [row] = await system.query<KeyAccessRow>(
    sql`
      select
        k.key_id,
        k.scopes,
        k.test,
        k.expires_at,
        t.tenant_id,
        t.account_id,
        t.environment,
        t.settings
      from api_keys k join tenants t using (tenant_id)
      where k.key_hash = ${keyHash}
        and k.revoked_at is null
        and (k.expires_at is null or k.expires_at > now())`,
  );
  return row;
}

/** The tenant that a token names: nobody is known to be it yet, so the system asks. */
export async function findTenantAccess(system: SystemSql, tenantId: string): Promise<TenantAccessRow | undefined> {
  const [row] = await system.query<TenantAccessRow>(
    sql`select tenant_id, account_id, environment, settings from tenants where tenant_id = ${tenantId}`,
  );
  return row;
}

/** Records that keys were used; at most once a minute per row, however many processes ask. */
export async function recordKeyUse(system: SystemSql, keyIds: readonly string[]): Promise<void> {
  await system.query(
    sql`
      update api_keys
      set last_used_at = now()
      where key_id = any (${keyIds}::uuid[])
        and (last_used_at is null or last_used_at < now() - interval '1 minute')`,
  );
}
