import type { Sql } from '../connect.js';
import { sql } from '../sql.js';

/** Who holds a pass. */
interface PassHolder {
  pass_id: string;
  email: string | null;
  phone: string | null;
  first_name: string | null;
  last_name: string | null;
}

/** The holders of passes, of those that have one. */
export async function listHolders(db: Sql, passIds: readonly string[]): Promise<PassHolder[]> {
  if (passIds.length === 0) return [];
  return db.query<PassHolder>(sql`
    select p.pass_id,
           c.email,
           c.phone,
           c.first_name,
           c.last_name
      from passes p
      join customers c on c.tenant_id = p.tenant_id and c.customer_id = p.customer_id
     where p.tenant_id = ${db.tenantId} and p.pass_id = any (${passIds}::uuid[])`);
}
