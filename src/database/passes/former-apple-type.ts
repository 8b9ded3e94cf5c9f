import type { Sql } from '../connect.js';
import { sql } from '../sql.js';
import type { PassRow } from './passes.js';

/**
 * The newest version with a design for Apple Wallet among those that a pass had before its present one: of the same type,
 * else of the types that it was converted from, the last one first.
 */
export async function findFormerAppleType(
  db: Sql,
  pass: Pick<PassRow, 'pass_id' | 'pass_type_id' | 'pass_type_version'>,
): Promise<{ passTypeId: string; version: number } | undefined> {
  const [row] = await db.query<{ passTypeId: string; version: number }>(sql`
    with had as (
      select ${pass.pass_type_id}::text as pass_type_id, ${pass.pass_type_version}::int as below, null::int as revision
      union all
      select t.pass_type_id, null, r.revision
        from pass_revisions r
        join pass_types t on t.tenant_id = r.tenant_id and t.name = r.changed #>> '{passType,from}'
       where r.tenant_id = ${db.tenantId}
         and r.pass_id = ${pass.pass_id}
         and r.changed -> 'passType' is not null
    )
    select v.pass_type_id as "passTypeId", v.version
      from had
      cross join lateral (
        select pass_type_id, version
          from pass_type_versions
         where tenant_id = ${db.tenantId}
           and pass_type_id = had.pass_type_id
           and version < coalesce(had.below, version + 1)
           and design -> 'apple' is not null
         order by version desc
         limit 1
      ) v
     order by had.revision desc nulls first
     limit 1`);
  return row;
}
