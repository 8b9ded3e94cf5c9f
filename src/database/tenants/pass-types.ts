import { createHash } from 'node:crypto';
import { PermanentError } from '../../common/errors.js';
import { overlay, type Coverable } from '../../passes/offer.js';
import type { PassTypeDesign, PassTypeVersion } from '../../passes/pass-type.js';
import type { Sql } from '../connect.js';
import { sql } from '../sql.js';

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

const COLUMNS = sql`v.tenant_id, v.pass_type_id, v.version, v.design, v.images`;

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
  db: Sql,
  design: PassTypeDesign,
  images: Record<string, string>,
): Promise<{ version: number; changed: boolean }> {
  const { $schema: _, ...stored } = design;
  const digest = createHash('sha256')
    .update(canonical({ design: stored, images }))
    .digest('hex');
  const [named] = await db.query<{ pass_type_id: string }>(
    sql`
      select pass_type_id
      from pass_types
      where tenant_id = ${db.tenantId} and name = ${design.name} and pass_type_id <> ${design.id}`,
  );
  if (named) {
    throw new PermanentError(
      'pass-type-id-changed',
      `pass type "${design.name}" already has the id ${named.pass_type_id}: keep that id, or give the new pass type another name`,
    );
  }
  await db.query(
    sql`insert into pass_types (tenant_id, pass_type_id, name) values (${db.tenantId}, ${design.id}, ${design.name})
     on conflict (tenant_id, pass_type_id) do update set name = excluded.name`,
  );
  // Two publishers at once take turns here: the version is the next after the one they then see.
  const [type] = await db.query<{ current_version: number }>(
    sql`
      select current_version
      from pass_types
      where tenant_id = ${db.tenantId} and pass_type_id = ${design.id}
      for update`,
  );
  const current = type!.current_version;
  const [same] = await db.query<{ version: number }>(
    sql`
      select version
      from pass_type_versions
      where tenant_id = ${db.tenantId}
        and pass_type_id = ${design.id}
        and version = ${current}
        and digest = ${digest}`,
  );
  if (same) return { version: current, changed: false };
  const [made] = await db.query<{ version: number }>(
    sql`
      insert into pass_type_versions (tenant_id, pass_type_id, version, design, images, digest)
      select ${db.tenantId}, ${design.id}, coalesce(max(version), 0) + 1, ${JSON.stringify(stored)}, ${JSON.stringify(images)}, ${digest}
      from pass_type_versions
      where tenant_id = ${db.tenantId} and pass_type_id = ${design.id}
      returning version`,
  );
  await db.query(
    sql`
      update pass_types
      set current_version = ${made!.version}
      where tenant_id = ${db.tenantId} and pass_type_id = ${design.id}`,
  );
  return { version: made!.version, changed: true };
}

/** The current version of every pass type of the tenant, by name. */
export async function listPassTypes(db: Sql): Promise<PassTypeVersion[]> {
  const rows = await db.query<VersionRow>(
    sql`select ${COLUMNS} from pass_types t join pass_type_versions v
         on v.tenant_id = t.tenant_id and v.pass_type_id = t.pass_type_id and v.version = t.current_version
      where t.tenant_id = ${db.tenantId} order by t.name`,
  );
  return rows.map(toVersion);
}

/** The current version of the pass type with this id (`ptk_0x…`) or this name, or undefined. */
export async function findPassType(db: Sql, idOrName: string): Promise<PassTypeVersion | undefined> {
  const [row] = await db.query<VersionRow>(
    sql`select ${COLUMNS} from pass_types t join pass_type_versions v
         on v.tenant_id = t.tenant_id and v.pass_type_id = t.pass_type_id and v.version = t.current_version
      where t.tenant_id = ${db.tenantId} and (t.pass_type_id = ${idOrName} or t.name = ${idOrName})
      order by (t.pass_type_id = ${idOrName}) desc limit 1`,
  );
  return row && toVersion(row);
}

/** A pass type whose design has a logo: the preferred one by name or id, else the first by name. */
export async function findPassTypeWithLogo(db: Sql, preferred: string): Promise<PassTypeVersion | undefined> {
  const [row] = await db.query<VersionRow>(
    sql`
      select ${COLUMNS}
      from pass_types t
      join pass_type_versions v
        on v.tenant_id = t.tenant_id
        and v.pass_type_id = t.pass_type_id
        and v.version = t.current_version
      where t.tenant_id = ${db.tenantId}
        and jsonb_exists(v.design #> '{apple,images}', 'logo')
      order by (${preferred} in (t.name, t.pass_type_id)) desc, t.name
      limit 1`,
  );
  return row && toVersion(row);
}

/** One version, which never changes: callers may cache it for good. */
export async function getPassTypeVersion(
  db: Sql,
  passTypeId: string,
  version: number,
): Promise<PassTypeVersion | undefined> {
  const [row] = await db.query<VersionRow>(
    sql`
      select ${COLUMNS}
      from pass_type_versions v
      where tenant_id = ${db.tenantId} and pass_type_id = ${passTypeId} and version = ${version}`,
  );
  return row && toVersion(row);
}

/** Numbers and dates of all versions, newest first. */
export async function listVersions(db: Sql, passTypeId: string): Promise<{ version: number; createdAt: Date }[]> {
  const rows = await db.query<{ version: number; created_at: Date }>(
    sql`select version, created_at from pass_type_versions
      where tenant_id = ${db.tenantId} and pass_type_id = ${passTypeId} order by version desc`,
  );
  return rows.map((row) => ({ version: row.version, createdAt: row.created_at }));
}

/** Keeps an image once per tenant; returns its SHA-256 (hex), the name under which versions refer to it. */
export async function putImage(db: Sql, bytes: Buffer): Promise<string> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await db.query(
    sql`insert into images (tenant_id, sha256, bytes) values (${db.tenantId}, ${sha256}, ${bytes}) on conflict do nothing`,
  );
  return sha256;
}

/** The bytes of an image, or undefined. */
export async function getImage(db: Sql, sha256: string): Promise<Buffer | undefined> {
  const [row] = await db.query<{ bytes: Buffer }>(
    sql`select bytes from images where tenant_id = ${db.tenantId} and sha256 = ${sha256}`,
  );
  return row?.bytes;
}

/** The design that an active offer shows a pass in; null where it shows its own. */
export async function offerDesign(db: Sql, pass: Coverable): Promise<PassTypeDesign | null> {
  const shown = overlay(pass);
  if (shown.pass_type_id === pass.pass_type_id && shown.pass_type_version === pass.pass_type_version) return null;
  return (await getPassTypeVersion(db, shown.pass_type_id, shown.pass_type_version))?.design ?? null;
}
