import type { Sql } from '../connect.js';
import { sql } from '../sql.js';

/** The digest of the class as it was last written, or undefined. */
export async function classDigest(db: Sql, classId: string): Promise<string | undefined> {
  const [row] = await db.query<{ digest: string }>(
    sql`select digest from google_classes where tenant_id = ${db.tenantId} and class_id = ${classId}`,
  );
  return row?.digest;
}

export async function recordClass(
  db: Sql,
  written: { classId: string; objectType: string; digest: string },
): Promise<void> {
  await db.query(
    sql`
      insert into google_classes (tenant_id, class_id, object_type, digest)
      values (${db.tenantId}, ${written.classId}, ${written.objectType}, ${written.digest})
      on conflict (tenant_id, class_id) do update
      set object_type = excluded.object_type, digest = excluded.digest, updated_at = now()`,
  );
}

/** Google's type of each class that was written, by class id. */
export async function listClasses(db: Sql): Promise<Map<string, string>> {
  const rows = await db.query<{ class_id: string; object_type: string }>(
    sql`select class_id, object_type from google_classes where tenant_id = ${db.tenantId}`,
  );
  return new Map(rows.map((row) => [row.class_id, row.object_type]));
}

/** The pass types whose current version has a Google design, with the suffix of their class. */
export async function listClassHolders(db: Sql): Promise<{ passTypeId: string; name: string; classSuffix: string }[]> {
  return db.query(
    sql`select t.pass_type_id as "passTypeId", t.name, v.design -> 'google' ->> 'classSuffix' as "classSuffix"
       from pass_types t join pass_type_versions v
         on v.tenant_id = t.tenant_id and v.pass_type_id = t.pass_type_id and v.version = t.current_version
      where t.tenant_id = ${db.tenantId} and v.design ? 'google' order by t.name`,
  );
}
