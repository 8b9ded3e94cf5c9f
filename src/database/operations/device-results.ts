import type { Wallet } from '../../passes/wallet.js';
import type { Sql } from '../connect.js';
import { sql } from '../sql.js';

export interface DeviceResultRow {
  platform: Wallet;
  device_id: string | null;
  state: 'pending' | 'scheduled' | 'delivered' | 'covered' | 'gone' | 'refused' | 'failed';
  attempts: number;
  covered_by: string | null;
  reason: string | null;
  updated_at: Date;
}

/** The results of one operation for each wallet. */
export async function listDeviceResults(db: Sql, operationId: string): Promise<DeviceResultRow[]> {
  return db.query<DeviceResultRow>(
    sql`
      select
        platform,
        device_id,
        state,
        attempts,
        covered_by,
        reason,
        updated_at
      from notifications
      where tenant_id = ${db.tenantId} and operation_id = ${operationId}
      order by platform, target
      limit 1000`,
  );
}
