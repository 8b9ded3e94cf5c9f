import { createHash } from 'node:crypto';
import { PermanentError } from '../../common/errors.js';
import type { PassTypeDesign, PassTypeVersion } from '../../passes/pass-type.js';
import type { Sql } from '../connect.js';

interface VersionRow {
  tenant_id: string;
  pass_type_id: string;
  version: number;
  design: PassTypeDesign;
  images: Record<string, string>;
}

const toVersion = (row: VersionRow): PassTypeVersion => ({
  tenantId: row.tenant_id,
  passTypeId: row.pass_type_id,
  version: row.version,
  design: row.design,
  images: row.images,
});

const COLUMNS = 'v.tenant_id, v.pass_type_id, v.version, v.design, v.images';

/** JSON with sorted keys: the same meaning gives the same digest, however the author ordered the file. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
}

/**
 * Publishes a design as the next version; where the current version is the same in design and images, it stays.
 * Versions never change, and passes keep theirs until they are recomputed. Call within a transaction.
 */
export async function publishVersion(
  sql: Sql,
  tenantId: string,
  design: PassTypeDesign,
  images: Record<string, string>,
): Promise<{ version: number; changed: boolean }> {
  const { $schema: _, ...stored } = design;
  const digest = createHash('sha256')
    .update(canonical({ design: stored, images }))
    .digest('hex');
  const [named] = await sql.query<{ pass_type_id: string }>(
    'select pass_type_id from pass_types where tenant_id = $1 and name = $2 and pass_type_id <> $3',
    [tenantId, design.name, design.id],
  );
  if (named) {
    throw new PermanentError(
      'pass-type-id-changed',
      `pass type "${design.name}" already has the id ${named.pass_type_id}: keep that id, or give the new pass type another name`,
    );
  }
  await sql.query(
    `insert into pass_types (tenant_id, pass_type_id, name) values ($1, $2, $3)
     on conflict (tenant_id, pass_type_id) do update set name = excluded.name`,
    [tenantId, design.id, design.name],
  );
  // Two publishers at once take turns here: the version is the next after the one they then see.
  const [type] = await sql.query<{ current_version: number }>(
    'select current_version from pass_types where tenant_id = $1 and pass_type_id = $2 for update',
    [tenantId, design.id],
  );
  const current = type!.current_version;
  const [same] = await sql.query<{ version: number }>(
    `select version from pass_type_versions
      where tenant_id = $1 and pass_type_id = $2 and version = $3 and digest = $4`,
    [tenantId, design.id, current, digest],
  );
  if (same) return { version: current, changed: false };
  const [made] = await sql.query<{ version: number }>(
    `insert into pass_type_versions (tenant_id, pass_type_id, version, design, images, digest)
     select $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5
       from pass_type_versions where tenant_id = $1 and pass_type_id = $2
     returning version`,
    [tenantId, design.id, JSON.stringify(stored), JSON.stringify(images), digest],
  );
  await sql.query('update pass_types set current_version = $3 where tenant_id = $1 and pass_type_id = $2', [
    tenantId,
    design.id,
    made!.version,
  ]);
  return { version: made!.version, changed: true };
}

/** The current version of every pass type of the tenant, by name. */
export async function listPassTypes(sql: Sql, tenantId: string): Promise<PassTypeVersion[]> {
  const rows = await sql.query<VersionRow>(
    `select ${COLUMNS} from pass_types t join pass_type_versions v
         on v.tenant_id = t.tenant_id and v.pass_type_id = t.pass_type_id and v.version = t.current_version
      where t.tenant_id = $1 order by t.name`,
    [tenantId],
  );
  return rows.map(toVersion);
}

/** The current version of the pass type with this id (`ptk_0x…`) or this name, or undefined. */
export async function findPassType(sql: Sql, tenantId: string, idOrName: string): Promise<PassTypeVersion | undefined> {
  const [row] = await sql.query<VersionRow>(
    `select ${COLUMNS} from pass_types t join pass_type_versions v
         on v.tenant_id = t.tenant_id and v.pass_type_id = t.pass_type_id and v.version = t.current_version
      where t.tenant_id = $1 and (t.pass_type_id = $2 or t.name = $2)
      order by (t.pass_type_id = $2) desc limit 1`,
    [tenantId, idOrName],
  );
  return row && toVersion(row);
}

/** One version, which never changes: callers may cache it for good. */
export async function getPassTypeVersion(
  sql: Sql,
  tenantId: string,
  passTypeId: string,
  version: number,
): Promise<PassTypeVersion | undefined> {
  const [row] = await sql.query<VersionRow>(
    `select ${COLUMNS} from pass_type_versions v where tenant_id = $1 and pass_type_id = $2 and version = $3`,
    [tenantId, passTypeId, version],
  );
  return row && toVersion(row);
}

/** Numbers and dates of all versions, newest first. */
export async function listVersions(
  sql: Sql,
  tenantId: string,
  passTypeId: string,
): Promise<{ version: number; createdAt: Date }[]> {
  const rows = await sql.query<{ version: number; created_at: Date }>(
    `select version, created_at from pass_type_versions
      where tenant_id = $1 and pass_type_id = $2 order by version desc`,
    [tenantId, passTypeId],
  );
  return rows.map((row) => ({ version: row.version, createdAt: row.created_at }));
}

/** Keeps an image once per tenant; returns its SHA-256 (hex), the name under which versions refer to it. */
export async function putImage(sql: Sql, tenantId: string, bytes: Buffer): Promise<string> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await sql.query('insert into images (tenant_id, sha256, bytes) values ($1, $2, $3) on conflict do nothing', [
    tenantId,
    sha256,
    bytes,
  ]);
  return sha256;
}

/** The bytes of an image, or undefined. */
export async function getImage(sql: Sql, tenantId: string, sha256: string): Promise<Buffer | undefined> {
  const [row] = await sql.query<{ bytes: Buffer }>('select bytes from images where tenant_id = $1 and sha256 = $2', [
    tenantId,
    sha256,
  ]);
  return row?.bytes;
}
