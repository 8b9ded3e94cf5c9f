import { besideCard, offersAtGoogle, overlay, type Coverable } from '../passes/offer.js';
import type { SampleCustomer } from '../passes/sample-customers.js';

/**
 * A pass as its holder sees it now, under its active offers, in the design of a pass type. At Google an offer that is a pass of
 * its own shows in its own design only.
 */
export function sampleOfPass(pass: Coverable & { serial_number: string }, passTypeId: string): SampleCustomer {
  const name = `pass ${pass.serial_number}`;
  const { length } = pass.offers;
  if (length === 0) return { name, data: pass.data };
  const { onCard, beside } = offersAtGoogle(pass.offers, new Set());
  const card = { ...pass, offers: onCard };
  const own = beside.filter(({ passType }) => passType?.id === passTypeId).at(-1);
  return {
    name: `${name}, under ${length === 1 ? 'its offer' : `its ${length} offers`}`,
    data: overlay(pass).data,
    atGoogle: overlay(own ? besideCard(card, own) : card).data,
  };
}
