import type { OperationStatus } from '../../passes/operation.js';
import type { SystemSql } from '../connect.js';
import { sql } from '../sql.js';
import { isUnfinished } from './fragments.js';

export interface UnfinishedOperations {
  status: OperationStatus;
  count: number;
  /** Age of the oldest, seconds. */
  oldestSeconds: number;
}

/** What has not ended, by status, for metrics; those of test keys are left out. */
export async function countUnfinishedOperations(system: SystemSql): Promise<UnfinishedOperations[]> {
  const rows = await system.query<{ status: OperationStatus; count: number; oldest_seconds: number }>(
    sql`
      select status,
             count(*)::int as count,
             extract(epoch from now() - min(accepted_at))::float8 as oldest_seconds
        from operations
       where ${isUnfinished()}
         and not test
       group by status`,
  );
  return rows.map((row) => ({ status: row.status, count: row.count, oldestSeconds: row.oldest_seconds }));
}
