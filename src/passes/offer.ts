import type { JsonValue } from '../common/json.js';
import { timesOfPass, withDefaults, type PassLocale } from './pass-view.js';
import type { PassTypeDesign } from './pass-type.js';
import type { Wallet } from './wallet.js';
import { computeVisuals, followVisuals } from './visuals.js';

/** An offer that lies over a pass now, as its row keeps it. */
export interface ActiveOffer {
  id: string;
  /** Order of acceptance, as a decimal number. */
  sequence: string;
  priority: number;
  /** Values that cover those of the pass; null hides one. */
  fields: Readonly<Record<string, JsonValue>>;
  /** The type and version that the pass shows meanwhile; null: its own. */
  passType: { id: string; version: number } | null;
  /** At Google it is a pass of its own beside the card; absent: the card shows it. */
  autoLinked?: { until: string; notifyAtEnd: boolean };
}

/** An offer that is a pass of its own at Google. */
export type LinkedOffer = ActiveOffer & Required<Pick<ActiveOffer, 'autoLinked'>>;

/** Under this name a revision says which offer came or went; no field can have it. */
export const OFFER_CHANGE = 'wallet.offer';

/** What offers cover of a pass. */
export interface Coverable {
  pass_type_id: string;
  pass_type_version: number;
  data: Record<string, JsonValue>;
  visuals: Record<string, string>;
  offers: readonly ActiveOffer[];
}

const inOrder = (a: ActiveOffer, b: ActiveOffer): number =>
  a.priority - b.priority || Number(BigInt(a.sequence) - BigInt(b.sequence)) || (a.id < b.id ? -1 : 1);

/** The offers of a pass with one more, lowest first; the same one again changes nothing. */
export const withOffer = (offers: readonly ActiveOffer[], offer: ActiveOffer): ActiveOffer[] =>
  [...offers.filter(({ id }) => id !== offer.id), offer].sort(inOrder);

export const withoutOffer = (offers: readonly ActiveOffer[], id: string): ActiveOffer[] =>
  offers.filter((offer) => offer.id !== id);

/** Names of the fields that offers cover now. */
export const coveredFields = (offers: readonly ActiveOffer[]): Set<string> =>
  new Set(offers.flatMap(({ fields }) => Object.keys(fields)));

/** What of a revision's changes can be seen: under an offer, what lies beneath changes in silence. */
export function spokenChanges<V>(
  changed: Readonly<Record<string, V>>,
  offers: readonly ActiveOffer[],
): Record<string, V> {
  if (offers.length === 0 || Object.hasOwn(changed, OFFER_CHANGE)) return { ...changed };
  const covered = coveredFields(offers);
  // Visuals of a covered field, or under another type, are computed from the offer: that they changed beneath says nothing.
  const visuals =
    offers.every(({ passType }) => passType === null) && !Object.keys(changed).some((name) => covered.has(name));
  return Object.fromEntries(
    Object.entries(changed).filter(([name]) => !covered.has(name) && (visuals || !name.startsWith('visual.'))),
  );
}

/** Data and type that a pass shows: its own, overlaid by its active offers. What lies beneath stays as it is. */
export function overlay<P extends Coverable>(pass: P): P {
  if (pass.offers.length === 0) return pass;
  const values = new Map(Object.entries(pass.data));
  let type = { id: pass.pass_type_id, version: pass.pass_type_version };
  for (const { fields, passType } of [...pass.offers].sort(inOrder)) {
    for (const [name, value] of Object.entries(fields)) {
      if (value === null) values.delete(name);
      else values.set(name, value);
    }
    type = passType ?? type;
  }
  return { ...pass, pass_type_id: type.id, pass_type_version: type.version, data: Object.fromEntries(values) };
}

const isLinked = (offer: ActiveOffer): offer is LinkedOffer => offer.autoLinked !== undefined;

/**
 * Which active offers the card shows at Google, and which stand beside it. One that Google `refused` covers fields of the card,
 * in the card's own design: another one could need a new object, which Google might refuse to link as well.
 */
export function offersAtGoogle(
  offers: readonly ActiveOffer[],
  refused: ReadonlySet<string>,
): { onCard: ActiveOffer[]; beside: LinkedOffer[] } {
  const beside = offers.filter(isLinked).filter(({ id }) => !refused.has(id));
  const onCard = offers
    .filter((offer) => !beside.some(({ id }) => id === offer.id))
    .map((offer) => (refused.has(offer.id) ? { ...offer, passType: null } : offer));
  return { onCard, beside };
}

/** The pass as an offer's own pass shows it: the offer lies on top, whatever its priority among the others. */
export const besideCard = <P extends Coverable>(card: P, offer: LinkedOffer): P => ({
  ...card,
  offers: [...card.offers, { ...offer, priority: Number.MAX_SAFE_INTEGER }],
});

/**
 * The pass that wallets and pages show, with the version of its type: visuals follow the covered fields. Every place that renders
 * a pass gets it from here.
 */
export async function showPass<P extends Coverable, V extends { design: PassTypeDesign }>(
  pass: P,
  locale: PassLocale,
  versionOf: (passTypeId: string, version: number) => Promise<V>,
): Promise<{ pass: P; version: V }> {
  const shown = overlay(pass);
  const version = await versionOf(shown.pass_type_id, shown.pass_type_version);
  if (shown === pass) return { pass, version };
  const { design } = version;
  const fields = withDefaults(design, shown.data);
  const times = timesOfPass(design, fields, locale);
  const isOwnType = shown.pass_type_id === pass.pass_type_id && shown.pass_type_version === pass.pass_type_version;
  const visuals = isOwnType
    ? followVisuals(design, pass.visuals, fields, [...coveredFields(pass.offers)], times).visuals
    : computeVisuals(design, fields, times);
  return { pass: { ...shown, visuals }, version };
}

/**
 * The same as one wallet shows it: an offer in a type without a form for that wallet covers the fields of the card in the card's
 * own design, as a card cannot leave a wallet for some days. The version may still have no form, where the card's own has none.
 */
export async function showInWallet<P extends Coverable, V extends { design: PassTypeDesign }>(
  wallet: Wallet,
  pass: P,
  locale: PassLocale,
  versionOf: (passTypeId: string, version: number) => Promise<V>,
): Promise<{ pass: P; version: V }> {
  const shown = await showPass(pass, locale, versionOf);
  if (shown.version.design[wallet] || pass.offers.every(({ passType }) => passType === null)) return shown;
  const offers = pass.offers.map((offer) => ({ ...offer, passType: null }));
  return showPass({ ...pass, offers }, locale, versionOf);
}
