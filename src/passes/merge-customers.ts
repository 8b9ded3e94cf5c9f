import type { JsonValue } from '../common/json.js';

/** A customer as a merge sees it. */
export interface MergeParty {
  customerId: string;
  email: string | null;
  phone: string | null;
  /** The merchant's id. */
  externalId: string | null;
  klaviyoProfileId: string | null;
  /** Identifiers of the tenant's own kinds. */
  own: Readonly<Record<string, string>>;
}

/** What Klaviyo said when it was asked: the profile that is there, and the ids that it no longer knows. */
export interface KlaviyoWord {
  profileId: string;
  email: string | null;
  phone: string | null;
  gone: readonly string[];
}

/**
 * Whether Klaviyo says that these customers are one person: one profile holds an address of each, no other living
 * profile is known for any, and nothing that lasts contradicts it.
 */
export function areOnePerson(parties: readonly MergeParty[], word: KlaviyoWord): boolean {
  const isTheirs = ({ email, phone, klaviyoProfileId }: MergeParty): boolean =>
    klaviyoProfileId === word.profileId ||
    (word.email !== null && email === word.email) ||
    (word.phone !== null && phone === word.phone);
  const isFree = ({ klaviyoProfileId: id }: MergeParty): boolean =>
    id === null || id === word.profileId || word.gone.includes(id);
  const agree = (values: readonly (string | null | undefined)[]): boolean =>
    new Set(values.filter((value) => value != null)).size <= 1;
  const kinds = new Set(parties.flatMap(({ own }) => Object.keys(own)));
  return (
    parties.every((party) => isTheirs(party) && isFree(party)) &&
    agree(parties.map(({ email }) => email)) &&
    agree(parties.map(({ externalId }) => externalId)) &&
    [...kinds].every((kind) => agree(parties.map(({ own }) => own[kind])))
  );
}

/** A pass that takes its holder's place for its type. */
export interface LivePassOfMerge {
  passId: string;
  passTypeId: string;
  installed: boolean;
  createdAt: string;
}

export type MergeKeeps = 'installed' | 'newest' | 'oldest';

/**
 * The passes that leave their place, where a type allows one live pass: all of a type but the one that the tenant's rule
 * keeps. `installed`: one that is on a phone, the newest of several.
 */
export function passesToVoid(live: readonly LivePassOfMerge[], keeps: MergeKeeps): LivePassOfMerge[] {
  const age = (a: LivePassOfMerge, b: LivePassOfMerge): number =>
    b.createdAt.localeCompare(a.createdAt) || a.passId.localeCompare(b.passId);
  const ordered = [...live].sort((a, b) => {
    if (keeps === 'oldest') return -age(a, b);
    return (keeps === 'installed' ? Number(b.installed) - Number(a.installed) : 0) || age(a, b);
  });
  const kept = new Set<string>();
  return ordered.filter(({ passTypeId }) => {
    if (kept.has(passTypeId)) return true;
    kept.add(passTypeId);
    return false;
  });
}

type Fields = Record<string, JsonValue>;

/** When a channel's consent was given or taken back; empty if unknown. */
const timeOf = (consent: JsonValue | undefined): string => String((consent as { at?: unknown } | undefined)?.at ?? '');
const isUnsubscribed = (consent: JsonValue | undefined): boolean =>
  (consent as { state?: unknown } | undefined)?.state === 'UNSUBSCRIBED';

/** Consent of two records of one person: the later word of each channel counts, and without times an unsubscription. */
export function mergeConsent(into: Fields, from: Fields): Fields {
  const merged: Fields = { ...from, ...into };
  for (const channel of Object.keys(from)) {
    if (!Object.hasOwn(into, channel)) continue;
    const [mine, theirs] = [timeOf(into[channel]), timeOf(from[channel])];
    const comparable = mine !== '' && theirs !== '' && mine !== theirs;
    const takeTheirs = comparable ? Date.parse(theirs) > Date.parse(mine) : isUnsubscribed(from[channel]);
    if (takeTheirs) merged[channel] = from[channel]!;
  }
  return merged;
}
