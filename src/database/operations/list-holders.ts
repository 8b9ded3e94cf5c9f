import type { Sql } from '../connect.js';
import { sql } from '../sql.js';

/** Who holds a pass. */
interface PassHolder {
  pass_id: string;
  serial_number: string;
  email: string | null;
  phone: string | null;
  first_name: string | null;
  last_name: string | null;
}

/** The holders of passes, of those that have one. */
export async function listHolders(
  db: Sql,
  by: { passIds: readonly string[] } | { serialNumbers: readonly string[] },
): Promise<PassHolder[]> {
  const [wanted, which] =
    'passIds' in by
      ? [by.passIds, sql`p.pass_id = any (${by.passIds}::uuid[])`]
      : [by.serialNumbers, sql`p.serial_number = any (${by.serialNumbers}::text[])`];
  if (wanted.length === 0) return [];
  return db.query<PassHolder>(sql`
    select p.pass_id,
           p.serial_number,
           c.email,
           c.phone,
           c.first_name,
           c.last_name
      from passes p
      join customers c on c.tenant_id = p.tenant_id and c.customer_id = p.customer_id
     where p.tenant_id = ${db.tenantId} and ${which}`);
}
