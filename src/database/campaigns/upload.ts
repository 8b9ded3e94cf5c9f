import type { CampaignDefinition, CampaignState } from '../../passes/campaign.js';
import type { TenantSql } from '../connect.js';
import { sql } from '../sql.js';
import { insertRows, type NewRow } from './audience.js';
import { moveWithin } from './campaigns.js';

const BATCH = 1_000;

export interface Uploaded {
  rows: number;
  faulty: number;
}

/**
 * Takes the rows of an upload, all or nothing, and lets the dry run begin in the same transaction: rows without it could
 * not be uploaded again. The state where the campaign takes no upload; undefined where there is none.
 */
export async function uploadRows(
  db: TenantSql,
  campaignId: string,
  read: (definition: CampaignDefinition) => AsyncIterable<NewRow>,
): Promise<Uploaded | CampaignState | undefined> {
  return db.transaction(async (tx) => {
    const [campaign] = await tx.query<{ state: CampaignState; definition: CampaignDefinition }>(sql`
      select state, definition
        from campaigns
       where tenant_id = ${tx.tenantId}
         and campaign_id = ${campaignId}
         for update`);
    if (!campaign) return undefined;
    if (campaign.state !== 'uploading') return campaign.state;
    let [rows, faulty, batch] = [0, 0, [] as NewRow[]];
    const flush = async (): Promise<void> => {
      await insertRows(tx, campaignId, BigInt(rows), batch);
      rows += batch.length;
      batch = [];
    };
    for await (const row of read(campaign.definition)) {
      if (row.state === 'refused') faulty++;
      if (batch.push(row) === BATCH) await flush();
    }
    await flush();
    await tx.query(sql`
      update campaigns
         set rows_read = ${rows}
       where tenant_id = ${tx.tenantId}
         and campaign_id = ${campaignId}`);
    await moveWithin(tx, campaignId, 'uploaded');
    return { rows, faulty };
  });
}
