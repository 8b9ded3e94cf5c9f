import type { Identifier } from './operation-input.js';

/** Identifiers that name a pass; all others name a person, the tenant's own among them. */
const OF_PASSES: readonly string[] = ['serialNumber', 'externalId', 'passTemplate'];

/** Ways to reach a person that `settings.identifyBy` may take as identifiers; all other kinds always are. */
const CONTACTS: readonly string[] = ['email', 'phone'];

/** Whether a kind of identifier leads to a person in this tenant. */
export const isIdentifying = (kind: string, identifyBy: readonly string[]): boolean =>
  !CONTACTS.includes(kind) || identifyBy.includes(kind);

/** What a tenant can do whose customers share a phone number, said wherever one stands in the way. */
export const SHARED_PHONE_CURE = 'Several people with one phone: leave "phone" out of settings.identifyBy';

/** The merchant's customer id first, then the tenant's own kinds, then what people share and change. */
const STRENGTH: Readonly<Record<string, number>> = { customerId: 3, email: 1, phone: 0 };
const strength = (kind: string): number => (Object.hasOwn(STRENGTH, kind) ? STRENGTH[kind]! : 2);

/** What of a request says who receives the pass, beyond an id of the pass itself; the strongest first. */
export const personal = (identifiers: readonly Identifier[], identifyBy: readonly string[]): Identifier[] =>
  identifiers
    .filter(({ kind }) => !OF_PASSES.includes(kind) && isIdentifying(kind, identifyBy))
    .sort((a, b) => strength(b.kind) - strength(a.kind));

/** A customer that one of the identifiers leads to. */
export interface KnownRecipient {
  kind: string;
  customerId: string;
  /** The value that the customer has for each kind. */
  values: Readonly<Record<string, string | null | undefined>>;
}

export type RecipientChoice =
  | {
      outcome: 'found' | 'new';
      customerId: string | null;
      /** Identifiers that the customer does not have yet. */
      unknown: Identifier[];
      /** Belongs to somebody else, and stays with them. */
      left: Identifier[];
    }
  | { outcome: 'clash'; kinds: string[] };

/**
 * Leads the personal identifiers of one request to one customer or to a new one. A phone that its owner shares is left
 * with its owner where a stronger identifier names somebody else; any other contradiction is a clash, never a guess.
 */
export function chooseRecipient(given: readonly Identifier[], known: readonly KnownRecipient[]): RecipientChoice {
  const left = given.filter((identifier) => isSharedPhone(identifier, given, known));
  const asked = given.filter((identifier) => !left.includes(identifier));
  const owners = known.filter(({ kind }) => asked.some((one) => one.kind === kind));
  const matched = owners.map(({ kind }) => kind);
  if (new Set(owners.map(({ customerId }) => customerId)).size > 1) return { outcome: 'clash', kinds: matched };
  const unknown = asked.filter(({ kind }) => !matched.includes(kind));
  const customer = owners[0];
  if (!customer) return { outcome: 'new', customerId: null, unknown, left };
  for (const { kind, value } of unknown) {
    const current = customer.values[kind] ?? null;
    const stronger = matched.some((other) => strength(other) > strength(kind));
    // A shared address must not turn one person's card into another's; a customer id may bring a new address with it.
    if (current !== null && current !== value && !stronger) return { outcome: 'clash', kinds: [...matched, kind] };
  }
  return { outcome: 'found', customerId: customer.customerId, unknown, left };
}

function isSharedPhone({ kind }: Identifier, given: readonly Identifier[], known: readonly KnownRecipient[]): boolean {
  const owner = kind === 'phone' ? known.find((one) => one.kind === 'phone') : undefined;
  if (!owner) return false;
  const stronger = given.filter((one) => one.kind !== 'phone');
  const named = known.filter((one) => one.kind !== 'phone');
  if (named.length > 0) return named.some(({ customerId }) => customerId !== owner.customerId);
  return stronger.some((one) => (owner.values[one.kind] ?? one.value) !== one.value);
}
