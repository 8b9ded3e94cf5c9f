import { randomUUID } from 'node:crypto';
import type { Identifier } from '../../passes/operation-input.js';
import type { Sql } from '../connect.js';
import { dropIdentifiers } from './customer-identifiers.js';

/** Identifiers that have a column of their own in a customer. */
const COLUMN = { customerId: 'external_customer_id', email: 'email', phone: 'phone' } as const;
type Personal = keyof typeof COLUMN;
/** Identifiers that name a pass; all others name a person, the tenant's own among them. */
const OF_PASSES: readonly string[] = ['serialNumber', 'externalId', 'passTemplate'];

/** The merchant's customer id first, then the tenant's own kinds, then what people share and change. */
const strength = (kind: string): number =>
  kind === 'customerId' ? 3 : kind === 'email' ? 1 : kind === 'phone' ? 0 : 2;

interface CustomerRow {
  customer_id: string;
  email: string | null;
  phone: string | null;
  external_customer_id: string | null;
  /** Identifiers of the tenant's own kinds. */
  own: Record<string, string> | null;
}

const personal = (identifiers: readonly Identifier[]): Identifier[] =>
  identifiers.filter(({ kind }) => !OF_PASSES.includes(kind)).sort((a, b) => strength(b.kind) - strength(a.kind));

/** Whether a request says who receives the pass, beyond an id of the pass itself. */
export const namesPerson = (identifiers: readonly Identifier[]): boolean => personal(identifiers).length > 0;

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

const hasColumn = (kind: string): kind is Personal => Object.hasOwn(COLUMN, kind);

export interface Recipient {
  identifiers: readonly Identifier[];
  name: string | null;
  test: boolean;
}

/**
 * Leads the identifiers to one customer, locked until the transaction ends, or makes one. New identifiers are added to a
 * known customer; one that contradicts a stronger one is a clash. Throws IdentifiersClash or RecipientRace: roll back.
 */
export async function findOrCreateRecipient(sql: Sql, tenantId: string, recipient: Recipient): Promise<string> {
  const given = personal(recipient.identifiers);
  const kinds = given.map(({ kind }) => kind);
  const values = given.map(({ value }) => value);
  const known = await sql.query<CustomerRow & { kind: string }>(
    `select i.kind, c.customer_id, c.email, c.phone, c.external_customer_id,
            (select jsonb_object_agg(o.kind, o.value) from customer_identifiers o
              where o.tenant_id = $1 and o.customer_id = c.customer_id and o.kind <> all($4::text[])) as own
       from unnest($2::text[], $3::text[]) as given (kind, value)
       join customer_identifiers i on i.tenant_id = $1 and i.kind = given.kind and i.value = given.value
       join customers c on c.tenant_id = $1 and c.customer_id = i.customer_id`,
    [tenantId, kinds, values, Object.keys(COLUMN)],
  );
  if (new Set(known.map((row) => row.customer_id)).size > 1) throw new IdentifiersClash(known.map(({ kind }) => kind));
  const customer = known[0];
  if (!customer) return createCustomer(sql, tenantId, recipient, given);

  await sql.query('select from customers where tenant_id = $1 and customer_id = $2 for no key update', [
    tenantId,
    customer.customer_id,
  ]);
  const matched = known.map(({ kind }) => kind);
  const unknown = given.filter(({ kind }) => !matched.includes(kind));
  for (const { kind, value } of unknown) {
    const current = hasColumn(kind) ? customer[COLUMN[kind]] : (customer.own?.[kind] ?? null);
    const stronger = matched.some((other) => strength(other) > strength(kind));
    // A shared phone must not turn one person's card into another's; a customer id may bring a new address with it.
    if (current !== null && current !== value && !stronger) throw new IdentifiersClash([...matched, kind]);
    // As in a profile sync a customer has one of each of the tenant's own kinds.
    if (current !== null && !hasColumn(kind)) {
      await dropIdentifiers(sql, { tenantId, customerId: customer.customer_id }, kind, value);
    }
  }
  if (unknown.length > 0) {
    await addIdentifiers(sql, tenantId, customer.customer_id, unknown);
    const fresh = (kind: Personal): string | null => unknown.find((one) => one.kind === kind)?.value ?? null;
    await sql.query(
      `update customers set email = coalesce($3, email), phone = coalesce($4, phone),
              external_customer_id = coalesce($5, external_customer_id), updated_at = now()
        where tenant_id = $1 and customer_id = $2`,
      [tenantId, customer.customer_id, fresh('email'), fresh('phone'), fresh('customerId')],
    );
  }
  return customer.customer_id;
}

async function createCustomer(
  sql: Sql,
  tenantId: string,
  recipient: Recipient,
  given: readonly Identifier[],
): Promise<string> {
  const customerId = randomUUID();
  const valueOf = (kind: Personal): string | null => given.find((one) => one.kind === kind)?.value ?? null;
  const [firstName, ...rest] = recipient.name?.split(/\s+/) ?? [];
  await sql.query(
    `insert into customers (customer_id, tenant_id, email, phone, external_customer_id, first_name, last_name, test)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      customerId,
      tenantId,
      valueOf('email'),
      valueOf('phone'),
      valueOf('customerId'),
      firstName ?? null,
      rest.join(' ') || null,
      recipient.test,
    ],
  );
  await addIdentifiers(sql, tenantId, customerId, given);
  return customerId;
}

/** Sorted by PostgreSQL's key, so that two transactions with the same identifiers wait for each other in one order. */
async function addIdentifiers(
  sql: Sql,
  tenantId: string,
  customerId: string,
  given: readonly Identifier[],
): Promise<void> {
  const made = await sql.query(
    `insert into customer_identifiers (tenant_id, kind, value, customer_id)
     select $1, kind, value, $4::uuid from unnest($2::text[], $3::text[]) as given (kind, value) order by kind, value
     on conflict (tenant_id, kind, value) do nothing returning kind`,
    [tenantId, given.map(({ kind }) => kind), given.map(({ value }) => value), customerId],
  );
  if (made.length < given.length) throw new RecipientRace();
}
