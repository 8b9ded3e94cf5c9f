import type { Sql } from '../connect.js';

/**
 * What the operation that made this revision changed, up to it, oldest first: `{ field: { from, to } }` each. One
 * operation may make several revisions, and a phone sees them as one change.
 */
export async function listLatestChanges(
  sql: Sql,
  tenantId: string,
  passId: string,
  revision: number,
): Promise<Record<string, unknown>[]> {
  const rows = await sql.query<{ changed: Record<string, unknown> }>(
    `select r.changed from pass_revisions r
      where r.tenant_id = $1 and r.pass_id = $2 and r.revision <= $3
        and r.operation_id = (select operation_id from pass_revisions
                               where tenant_id = $1 and pass_id = $2 and revision <= $3 order by revision desc limit 1)
      order by r.revision`,
    [tenantId, passId, revision],
  );
  return rows.map(({ changed }) => changed);
}
