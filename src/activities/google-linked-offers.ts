import { designedFields } from '../database/devices/google-object-changes.js';
import {
  handOverOfferObject,
  keepOfferObject,
  markOfferObject,
  type OfferObjectRow,
} from '../database/devices/google-offers.js';
import type { Sql } from '../database/connect.js';
import { PermanentError } from '../common/errors.js';
import { besideCard, showPass, type LinkedOffer } from '../passes/offer.js';
import { viewOfStored } from '../passes/pass-view.js';
import { endingObject, isLinkedTo, linkTo } from '../wallets/google/linked-offer.js';
import type { GoogleWalletClient } from '../wallets/google/objects-client.js';
import { asWarning, type LeftOut } from '../wallets/google/render-object.js';
import { googleClassId, googleObjectId } from '../wallets/google/resource-ids.js';
import { googleObject, GOOGLE_STATES } from '../wallets/google/wallet-object.js';
import type { ActivityDeps } from './deps.js';
import { ensureGoogleClass } from './google-class.js';
import type { LoadedGoogle } from './google-pass.js';

/** What became of an offer's own pass, for the operation's status. */
export interface SaidOfOffer {
  offerId: string;
  objectId: string;
  /** `refused`: the card shows the offer instead. */
  result: 'linked' | 'refused' | 'ended';
  reason?: string;
  /** What Google would not have taken and was left out. */
  warnings?: ReturnType<typeof asWarning>[];
}

/** Refusals of a resource; anything else that is permanent meets the card as well. */
const REFUSED = new Set(['google-invalid-resource', 'google-refused', 'google-required-value', 'google-exists']);
const isRefusal = (error: unknown): error is PermanentError =>
  error instanceof PermanentError && REFUSED.has(error.code);
const isUnknown = (error: unknown): boolean => error instanceof PermanentError && error.code === 'google-not-found';

/** A new object shows an offer also to a holder who has removed the one before; beyond so many, objects are used again. */
const OBJECTS_OF_A_CARD = 20;

type Kind = `${OfferObjectRow['objectType']}Object`;
const kindOf = ({ objectType }: Pick<OfferObjectRow, 'objectType'>): Kind => `${objectType}Object`;

/**
 * Makes and links the passes of offers that are active beside the card, and ends those of offers that are over. The caller
 * stores the ends with its evidence (`recordEnded`): a repeated attempt must say them again.
 */
export async function writeLinkedOffers(
  deps: ActivityDeps,
  loaded: LoadedGoogle,
  card: { kind: Kind; objectId: string } | null,
): Promise<SaidOfOffer[]> {
  const { access, pass, beside, offerObjects } = loaded;
  const said: SaidOfOffer[] = [];
  const active = card ? beside : [];
  for (const offer of active) {
    const known = offerObjects.find(({ offerId }) => offerId === offer.id);
    // A pass out of use gets nothing new; what it has follows it.
    if (!known && pass.state !== 'active') continue;
    const one = await writeOffer(deps, loaded, { offer, card: card!, known });
    if (one) said.push(one);
  }
  for (const object of offerObjects) {
    const isOver = !active.some(({ id }) => id === object.offerId);
    if (!isOver || object.state === 'ended' || object.state === 'refused') continue;
    const { offerId, objectId } = object;
    await expire(access.client, object);
    said.push({ offerId, objectId, result: 'ended' });
  }
  return said;
}

/** Stores which offers' passes were ended. */
export async function recordEnded(sql: Sql, said: readonly SaidOfOffer[]): Promise<void> {
  for (const { offerId, result } of said) if (result === 'ended') await markOfferObject(sql, offerId, 'ended');
}

/** The object of the offer that ended longest ago, where the card has many: links stay, and Google counts them. */
const reusable = (
  objects: readonly OfferObjectRow[],
  { objectType, classId }: Pick<OfferObjectRow, 'objectType' | 'classId'>,
): OfferObjectRow | undefined =>
  objects.length < OBJECTS_OF_A_CARD
    ? undefined
    : objects.find((one) => one.state === 'ended' && one.objectType === objectType && one.classId === classId);

async function writeOffer(
  deps: ActivityDeps,
  { access, pass, stored, offerObjects }: LoadedGoogle,
  input: { offer: LinkedOffer; card: { kind: Kind; objectId: string }; known: OfferObjectRow | undefined },
): Promise<SaidOfOffer | undefined> {
  const { offer, card } = input;
  const { tenant_id: tenantId, pass_id: passId } = pass;
  const { client, issuerId, publicUrl } = access;
  const sql = deps.database.tenant(tenantId);
  const locale = await deps.tenantSettings(tenantId);
  const own = await showPass(besideCard(stored, offer), locale, (id, number) =>
    deps.passTypes.version(tenantId, id, number),
  );
  const { design } = own.version;
  if (!design.google) return undefined;
  const classId = googleClassId(issuerId, tenantId, design.google.classSuffix);
  const objectType = design.google.type;
  const former = input.known ? undefined : reusable(offerObjects, { objectType, classId });
  const objectId = (input.known ?? former)?.objectId ?? googleObjectId(issuerId, tenantId, passId, `offer/${offer.id}`);
  const object = { offerId: offer.id, objectId, objectType, classId };
  const isKept = former ? await handOverOfferObject(sql, former.offerId, offer.id) : await keepOfferObject(sql, object);
  if (!isKept) return undefined;
  const leftOut: LeftOut[] = [];
  try {
    await ensureGoogleClass(deps, access, own.pass, { design: design.google, classId });
    const content = googleObject({
      design: design.google,
      classId,
      objectId,
      view: viewOfStored(own.pass, { design, publicUrl, locale }),
      state: GOOGLE_STATES[pass.state],
      notify: false,
      leaveOut: (part) => void leftOut.push(part),
    });
    const resource = endingObject(content, design.google, offer.autoLinked);
    await client.ensure(kindOf(object), resource, await designedFields(sql, design.google.type, 'object'));
    await linkToCard(client, card, objectId);
    await markOfferObject(sql, offer.id, 'linked');
    const warnings = leftOut.length > 0 && { warnings: leftOut.map(asWarning) };
    return { offerId: offer.id, objectId, result: 'linked', ...warnings };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    await expire(client, object);
    await markOfferObject(sql, offer.id, 'refused');
    return { offerId: offer.id, objectId, result: 'refused', reason: error.message };
  }
}

/** Others link objects as well: a link that came in between is read again once, as Google refuses to unlink it. */
async function linkToCard(
  client: GoogleWalletClient,
  card: { kind: Kind; objectId: string },
  objectId: string,
): Promise<void> {
  for (let isFirst = true; ; isFirst = false) {
    const current = await client.get(card.kind, card.objectId);
    if (isLinkedTo(current, objectId)) return;
    const change = linkTo(current, objectId);
    try {
      const written = change && (await client.patch(card.kind, card.objectId, change));
      if (written && isLinkedTo(written, objectId)) return;
      throw new PermanentError('google-refused', 'Google links no more objects to this card.');
    } catch (error) {
      if (!isFirst || !isRefusal(error)) throw error;
    }
  }
}

/** Moves an offer's pass to the expired ones; it stays linked, which Google does not undo. */
async function expire(
  client: GoogleWalletClient,
  object: OfferObjectRow | Omit<OfferObjectRow, 'state'>,
): Promise<void> {
  try {
    await client.patch(kindOf(object), object.objectId, { state: 'EXPIRED' });
  } catch (error) {
    // It never came to Google, or Google has refused it as a whole.
    if (!isUnknown(error) && !isRefusal(error)) throw error;
  }
}
