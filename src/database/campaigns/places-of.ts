import type { Sql } from '../connect.js';
import { sql, type Statement } from '../sql.js';

/**
 * Rows of a campaign with their place in the table (`at`), one probe each; an update joins by the place alone. After an
 * upload the planner expects hardly a row of the campaign: an update by number and state would read a million of them.
 */
export const placesOf = (db: Sql, campaignId: string, numbers: readonly string[]): Statement => sql`
      select x.*
        from unnest(${numbers}::bigint[]) n (number)
       cross join lateral (
         select c.ctid as at, c.row_number, c.state
           from campaign_rows c
          where c.tenant_id = ${db.tenantId}
            and c.campaign_id = ${campaignId}
            and c.row_number = n.number
         offset 0) x`;
