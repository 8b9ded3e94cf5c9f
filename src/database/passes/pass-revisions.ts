import type { Sql } from '../connect.js';
import { sql } from '../sql.js';

/**
 * What the operation that made this revision changed, up to it, oldest first: `{ field: { from, to } }` each. One
 * operation may make several revisions, and a phone sees them as one change.
 */
export async function listLatestChanges(db: Sql, passId: string, revision: number): Promise<Record<string, unknown>[]> {
  const rows = await db.query<{ changed: Record<string, unknown> }>(
    sql`
      select r.changed
      from pass_revisions r
      where r.tenant_id = ${db.tenantId}
        and r.pass_id = ${passId}
        and r.revision <= ${revision}
        and r.operation_id = (
          select operation_id
          from pass_revisions
          where tenant_id = ${db.tenantId} and pass_id = ${passId} and revision <= ${revision}
          order by revision desc
          limit 1
        )
      order by r.revision`,
  );
  return rows.map(({ changed }) => changed);
}
