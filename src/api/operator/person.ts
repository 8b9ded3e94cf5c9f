import { findCustomer, type CustomerRow } from '../../database/customers/customers.js';
import type { Sql } from '../../database/connect.js';
import { maskEmail, maskName, maskPhone } from '../../common/mask-personal.js';
import { mays } from './operator-rights.js';
import type { OperatorSession } from './operator-session.js';

type Person = Pick<CustomerRow, 'email' | 'phone' | 'first_name' | 'last_name'>;

/** What a reader may see of somebody: without Customer.Read it is masked. */
export function presentPerson(session: OperatorSession, row: Person): { email: string; phone: string; name: string } {
  const name = [row.first_name, row.last_name].filter(Boolean).join(' ') || null;
  return mays(session, 'Customer.Read')
    ? { email: row.email ?? '', phone: row.phone ?? '', name: name ?? '' }
    : { email: maskEmail(row.email) ?? '', phone: maskPhone(row.phone) ?? '', name: maskName(name) ?? '' };
}

/** Somebody in a sentence. */
export async function nameCustomer(db: Sql, session: OperatorSession, customerId: string | null): Promise<string> {
  const row = customerId === null ? undefined : await findCustomer(db, customerId);
  if (!row) return 'somebody whose data was erased';
  const { name, email, phone } = presentPerson(session, row);
  const contact = email || phone;
  return name && contact ? `${name} (${contact})` : name || contact || 'somebody without a name';
}

/** Somebody in a list: the name, else an address; null where the holder is not known. */
export function shortName(session: OperatorSession, holder: Person | null): string | null {
  if (holder === null) return null;
  const { name, email, phone } = presentPerson(session, holder);
  return name || email || phone || null;
}
