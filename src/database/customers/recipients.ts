import { randomUUID } from 'node:crypto';
import { chooseRecipient, personal, type KnownRecipient } from '../../passes/choose-recipient.js';
import type { Identifier } from '../../passes/operation-input.js';
import type { Sql } from '../connect.js';
import { sql } from '../sql.js';
import { dropIdentifiers } from './customer-identifiers.js';

/** Identifiers that have a column of their own in a customer. */
const COLUMNS: readonly string[] = ['customerId', 'email', 'phone'];

/** The identifiers of one request belong to different people: nothing may be guessed or merged. */
export class IdentifiersClash extends Error {
  override readonly name = 'IdentifiersClash';
  constructor(readonly kinds: readonly string[]) {
    super(`These identifiers belong to different customers: ${kinds.join(', ')}.`);
  }
}

/** Another transaction wrote the same identifiers meanwhile: begin again, and meet what it made. */
export class RecipientRace extends Error {
  override readonly name = 'RecipientRace';
}

export interface Recipient {
  identifiers: readonly Identifier[];
  name: string | null;
  test: boolean;
  /** `identifyBy` of the tenant's settings. */
  identifyBy: readonly string[];
}

export interface FoundRecipient {
  customerId: string;
  /** Identifiers that belong to somebody else and stayed with them. */
  left: readonly Identifier[];
}

/**
 * Leads the identifiers to one customer, locked until the transaction ends, or makes one. New identifiers are added to a
 * known customer; one that contradicts a stronger one is a clash. Throws IdentifiersClash or RecipientRace: roll back.
 */
export async function findOrCreateRecipient(db: Sql, recipient: Recipient): Promise<FoundRecipient> {
  const given = personal(recipient.identifiers, recipient.identifyBy);
  const seen = idsOf(await findKnown(db, given));
  await lockCustomers(db, seen);
  // Read again: the former holder of the locks may have given these customers other identifiers.
  const known = seen.length > 0 ? await findKnown(db, given) : [];
  if (idsOf(known).some((id) => !seen.includes(id))) throw new RecipientRace();
  const choice = chooseRecipient(given, known);
  if (choice.outcome === 'clash') throw new IdentifiersClash(choice.kinds);
  const { unknown, left } = choice;
  const phone = recipient.identifiers.find(({ kind }) => kind === 'phone');
  // A phone number that identifies nobody is still the way to call this person.
  const contacts = phone && !given.includes(phone) ? [...unknown, phone] : unknown;
  if (choice.customerId === null) {
    return { customerId: await createCustomer(db, recipient, unknown, contacts), left };
  }
  const { customerId } = choice;
  const { values } = known.find((one) => one.customerId === customerId)!;
  for (const { kind, value } of unknown) {
    // As in a profile sync a customer has one of each of the tenant's own kinds.
    if (!COLUMNS.includes(kind) && values[kind] != null) {
      await dropIdentifiers(db, customerId, kind, value);
    }
  }
  await addIdentifiers(db, customerId, unknown);
  if (contacts.length > 0) {
    await db.query(sql`
      update customers
         set email = coalesce(${valueOf(contacts, 'email')}, email),
             phone = coalesce(${valueOf(contacts, 'phone')}, phone),
             external_customer_id = coalesce(${valueOf(contacts, 'customerId')}, external_customer_id),
             updated_at = now()
       where tenant_id = ${db.tenantId} and customer_id = ${customerId}`);
  }
  return { customerId, left };
}

const idsOf = (known: readonly KnownRecipient[]): string[] => [...new Set(known.map(({ customerId }) => customerId))];

const valueOf = (identifiers: readonly Identifier[], kind: string): string | null =>
  identifiers.find((one) => one.kind === kind)?.value ?? null;

/** The customers that the identifiers lead to, as they are committed now. */
async function findKnown(db: Sql, given: readonly Identifier[]): Promise<KnownRecipient[]> {
  return db.query<KnownRecipient>(sql`
    select i.kind,
           c.customer_id as "customerId",
           coalesce((select jsonb_object_agg(o.kind, o.value)
                       from customer_identifiers o
                      where o.tenant_id = ${db.tenantId} and o.customer_id = c.customer_id
                        and o.kind <> all (${COLUMNS}::text[])), '{}')
             || jsonb_build_object('email', c.email, 'phone', c.phone, 'customerId', c.external_customer_id) as values
      from unnest(${given.map(({ kind }) => kind)}::text[], ${given.map(({ value }) => value)}::text[]) as given (kind, value)
      join customer_identifiers i
        on i.tenant_id = ${db.tenantId} and i.kind = given.kind and i.value = given.value
      join customers c on c.tenant_id = ${db.tenantId} and c.customer_id = i.customer_id`);
}

/** Locks customers, in one order for everybody, until the transaction ends: who writes identifiers holds this lock. */
export async function lockCustomers(db: Sql, customerIds: readonly string[]): Promise<void> {
  if (customerIds.length === 0) return;
  await db.query(sql`
    select from customers
     where tenant_id = ${db.tenantId} and customer_id = any (${customerIds}::uuid[])
     order by customer_id
       for no key update`);
}

async function createCustomer(
  db: Sql,
  recipient: Recipient,
  identifiers: readonly Identifier[],
  contacts: readonly Identifier[],
): Promise<string> {
  const customerId = randomUUID();
  const [firstName, ...rest] = recipient.name?.split(/\s+/) ?? [];
  await db.query(sql`
    insert into customers
      (customer_id, tenant_id, email, phone, external_customer_id, first_name, last_name, test)
    values (
      ${customerId},
      ${db.tenantId},
      ${valueOf(contacts, 'email')},
      ${valueOf(contacts, 'phone')},
      ${valueOf(contacts, 'customerId')},
      ${firstName ?? null},
      ${rest.join(' ') || null},
      ${recipient.test})`);
  await addIdentifiers(db, customerId, identifiers);
  return customerId;
}

/** Sorted by PostgreSQL's key, so that two transactions with the same identifiers wait for each other in one order. */
async function addIdentifiers(db: Sql, customerId: string, given: readonly Identifier[]): Promise<void> {
  if (given.length === 0) return;
  const made = await db.query(sql`
    insert into customer_identifiers (tenant_id, kind, value, customer_id)
    select ${db.tenantId}, kind, value, ${customerId}::uuid
      from unnest(${given.map(({ kind }) => kind)}::text[], ${given.map(({ value }) => value)}::text[]) as given (kind, value)
     order by kind, value
        on conflict (tenant_id, kind, value) do nothing
    returning kind`);
  if (made.length < given.length) throw new RecipientRace();
}
