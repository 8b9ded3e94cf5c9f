import type { GoogleDesign } from '../../passes/pass-type.js';
import { LINKS, listOf, type GoogleResource } from './wallet-object.js';

/** Google takes so many links of one object and ignores further ones in silence; none can be taken away again. */
const MOST_LINKS = 50;

/** Whether Google has linked an object to the card. */
export const isLinkedTo = (card: GoogleResource, objectId: string): boolean => listOf(card[LINKS]).includes(objectId);

/** The change that links an object to the card beside all that is linked; undefined where Google would ignore it. */
export function linkTo(card: GoogleResource, objectId: string): GoogleResource | undefined {
  const links = listOf(card[LINKS]);
  return links.length < MOST_LINKS ? { [LINKS]: [...links, objectId] } : undefined;
}

/**
 * The object of an offer's own pass: it ends at Google by itself, also where nobody can tell Google, and says nothing then
 * unless it was asked to.
 */
export const endingObject = (
  object: GoogleResource,
  { type }: Pick<GoogleDesign, 'type'>,
  { until, notifyAtEnd }: { until: string; notifyAtEnd: boolean },
): GoogleResource => ({
  validTimeInterval: { end: { date: until } },
  ...(type === 'offer' && { disableExpirationNotification: !notifyAtEnd }),
  ...object,
});
