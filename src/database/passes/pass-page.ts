import type { PassRow } from './passes.js';
import type { SystemSql } from '../connect.js';
import { isUnfinished } from '../operations/fragments.js';
import { sql } from '../sql.js';

export interface PassPageRow extends PassRow {
  /** On an Apple device, or saved to Google Wallet. */
  installed: boolean;
  /** An accepted request about this pass has not ended. */
  updating: boolean;
}

/** Passes by serial number, whichever tenant they belong to: the number itself is what opens a pass link. */
export async function findPassesForPage(system: SystemSql, serialNumbers: readonly string[]): Promise<PassPageRow[]> {
  return system.query<PassPageRow>(
    sql`
      select
        p.*,
        exists (select from apple_registrations r where r.pass_id = p.pass_id)
        or exists (
          select
          from google_objects g
          where g.pass_id = p.pass_id
            and g.saved_at is not null
            and (g.removed_at is null or g.removed_at < g.saved_at)
        ) as installed,
        exists (
          select
          from operations o
          where o.tenant_id = p.tenant_id
            and o.pass_id = p.pass_id
            and ${isUnfinished('o')}
            and o.kind in ('push-update', 'profile-sync', 'void-pass', 'expire-pass', 'restore-pass')
        ) as updating
      from passes p
      where p.serial_number = any (${serialNumbers}::text[])
      order by array_position(${serialNumbers}::text[], p.serial_number)`,
  );
}
