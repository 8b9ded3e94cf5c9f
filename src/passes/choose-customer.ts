import { SHARED_PHONE_CURE } from './choose-recipient.js';
import type { Outcome } from './operation.js';

/** A customer that one given identifier leads to. */
export interface CustomerHit {
  kind: string;
  customerId: string;
  /** Klaviyo's id as this customer is known by, where it is. */
  klaviyoProfileId: string | null;
}

export type CustomerChoice =
  | { outcome: 'found'; customerId: string; matched: string[] }
  | {
      outcome: Extract<Outcome, 'customer-not-found' | 'ambiguous-identifiers' | 'identifier-conflict'>;
      reason: string;
    };

/** What people change and hand on; every other kind of identifier stays with its customer. */
const CHANGEABLE = new Set(['email', 'phone']);
const distinct = (hits: readonly CustomerHit[]): string[] => [...new Set(hits.map(({ customerId }) => customerId))];
const kinds = (hits: readonly CustomerHit[]): string[] => [...new Set(hits.map(({ kind }) => kind))].sort();

/**
 * Leads the identifiers of a changed profile to one customer, or says why not. Lasting ids decide: an e-mail address or
 * phone number that leads elsewhere is a conflict to be judged when it is written, since it may be just changing hands.
 */
export function chooseCustomer(klaviyoProfileId: string | null, hits: readonly CustomerHit[]): CustomerChoice {
  const lasting = hits.filter(({ kind }) => !CHANGEABLE.has(kind));
  const deciding = lasting.length > 0 ? lasting : hits;
  const customers = distinct(deciding);
  if (customers.length === 0) {
    return { outcome: 'customer-not-found', reason: 'No customer is known by any of the identifiers given.' };
  }
  if (customers.length > 1) {
    return {
      outcome: 'ambiguous-identifiers',
      reason: `${kinds(deciding).join(' and ')} lead to ${customers.length} different customers; nothing was changed. Merge them where they are one person (passrelay customer merge), or send one identifier.${kinds(deciding).includes('phone') ? ` ${SHARED_PHONE_CURE}.` : ''}`,
    };
  }
  const customerId = customers[0]!;
  const known = deciding[0]!.klaviyoProfileId;
  if (lasting.length === 0 && klaviyoProfileId !== null && known !== null && known !== klaviyoProfileId) {
    return {
      outcome: 'identifier-conflict',
      reason: `${kinds(hits).join(' and ')} lead to customer ${customerId}, who is known as another Klaviyo profile; nothing was changed. Sync that profile first, then retry.`,
    };
  }
  return { outcome: 'found', customerId, matched: kinds(hits.filter((hit) => hit.customerId === customerId)) };
}
