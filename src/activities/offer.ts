import { PermanentError } from '../common/errors.js';
import type { JsonValue } from '../common/json.js';
import { findOffer, keepOffer, markOfferEnded, markStarted, type OfferRow } from '../database/offers/offers.js';
import { findOperation } from '../database/operations/operations.js';
import { loadForChange, type PassRow } from '../database/passes/passes.js';
import { coveredFields, OFFER_CHANGE, overlay, withOffer, withoutOffer, type ActiveOffer } from '../passes/offer.js';
import type { StartOfferInput } from '../passes/operation-input.js';
import { changePass, type ChangeInput, type Decision } from './change-pass.js';
import type { ActivityDeps } from './deps.js';
import { knownOperation } from './known-operation.js';
import { beginsAtOnce, offerDesign, offerOfTerms, takesOffers } from './offer-terms.js';
import { readInput } from './read-input.js';

export interface StartedOffer {
  /** `unchanged`: its time was over, or it was ended, before it could begin; or it lies on the pass already. */
  result: 'offer-started' | 'offer-planned' | 'unchanged';
}

/** Keeps the offer, and lays it over the pass where its time has come; idempotent by offer. */
export function startOfferActivity(deps: ActivityDeps) {
  return async function startOffer({ found: _, ...ref }: ChangeInput): Promise<StartedOffer> {
    const sql = deps.database.tenant(ref.tenantId);
    const { offer: kept, now } = await offerOf(deps, ref);
    const active = await activeOffer(deps, ref.tenantId, kept);
    const started = await changePass<StartedOffer>(deps, {
      ref,
      change: 'offer',
      step: 'start-offer',
      repeated: () => ({ result: 'offer-started' }),
      // Read after the pass: an end that comes in between moves the pass's lock version, and this is decided again.
      decide: async ({ pass }) => decideStart(pass, await findOffer(sql, kept.offer_id), active, now),
    });
    if (started.result === 'offer-started') await markStarted(sql, kept.offer_id);
    return started;
  };
}

/** When an operation looks at its offer: not before its beginning, where that is to be at once. */
export const looksAt = ({ starts_at: startsAt }: OfferRow, input: StartOfferInput, now: Date): Date =>
  beginsAtOnce(input) && startsAt > now ? startsAt : now;

/** An offer as it will lie over its pass: with the version of its type that is current now. */
export async function activeOffer(
  { passTypes }: Pick<ActivityDeps, 'passTypes'>,
  tenantId: string,
  offer: OfferRow,
): Promise<ActiveOffer> {
  const passType = offer.pass_type_id === null ? null : await passTypes.current(tenantId, offer.pass_type_id);
  return {
    id: offer.offer_id,
    sequence: offer.acceptance_sequence,
    priority: offer.priority,
    fields: offer.fields,
    passType: passType ? { id: passType.passTypeId, version: passType.version } : null,
    ...(passType?.design.google?.autoLinked && {
      autoLinked: { until: offer.ends_at.toISOString(), notifyAtEnd: offer.notify_at_end },
    }),
  };
}

/** The rule of start-offer: `offer` as its row is now, `active` as it would lie over the pass. */
export function decideStart(
  pass: PassRow,
  offer: OfferRow | undefined,
  active: ActiveOffer,
  now: Date,
): Decision<StartedOffer> {
  if (offer && offer.state !== 'ended' && offer.starts_at > now) {
    const detail = { plannedFor: offer.starts_at.toISOString() };
    return { nothing: true, detail, ends: 'offer-planned', result: { result: 'offer-planned' } };
  }
  takesOffers(pass);
  if (!offer || offer.state === 'ended' || offer.ends_at <= now) {
    return { nothing: true, detail: { over: true }, result: { result: 'unchanged' } };
  }
  // Asked for twice, as by its operation's retry and by its time: phones are told once.
  if (pass.offers.some(({ id }) => id === active.id)) {
    return { nothing: true, detail: { active: pass.offers.length }, result: { result: 'unchanged' } };
  }
  const after = { ...pass, offers: withOffer(pass.offers, active) };
  return {
    write: {
      after,
      changed: { ...shownChanges(pass, after), [OFFER_CHANGE]: { from: null, to: active.id } },
      changedFields: Object.keys(active.fields),
    },
    detail: { active: after.offers.length, until: offer.ends_at.toISOString() },
    result: () => ({ result: 'offer-started' }),
  };
}

/** The offer of an operation, the one that it names or else the one that it makes, and when it looks at it. */
async function offerOf(deps: ActivityDeps, ref: ChangeInput): Promise<{ offer: OfferRow; now: Date }> {
  const sql = deps.database.tenant(ref.tenantId);
  const operation = knownOperation(await findOperation(sql, ref.operationId));
  const input: StartOfferInput = operation.input;
  const now = new Date(deps.now());
  const looked = (found: OfferRow | undefined) => {
    const offer = ofPass(found, ref.passId);
    return { offer, now: looksAt(offer, input, now) };
  };
  const known = await findOffer(sql, input.offerId ?? ref.operationId);
  if (known || input.offerId !== undefined) return looked(known);
  const terms = readInput<'start-offer'>(operation, 'terms').terms!;
  const loaded = await loadForChange(sql, ref, 'offer');
  if (!loaded) throw new PermanentError('pass-vanished', 'The pass of this operation no longer exists.');
  const { pass } = loaded;
  takesOffers(pass);
  const { acceptance_sequence: sequence } = loaded.operation;
  const asked = { operationId: ref.operationId, sequence, acceptedAt: operation.accepted_at, now, terms };
  return looked(await keepOffer(sql, offerOfTerms(asked, pass, await offerDesign(deps, pass, terms))));
}

/** An offer that an operation names; one of another pass is none. */
export function ofPass(offer: OfferRow | undefined, passId: string): OfferRow {
  if (offer?.pass_id === passId) return offer;
  throw new PermanentError('pass-vanished', 'The offer was erased with its pass.');
}

/** Fields whose shown value differs, for the audit trail and for what a phone says. */
function shownChanges(before: PassRow, after: PassRow): Record<string, { from: JsonValue; to: JsonValue }> {
  const [from, to] = [overlay(before).data, overlay(after).data];
  const names = coveredFields([...before.offers, ...after.offers]);
  const changes: Record<string, { from: JsonValue; to: JsonValue }> = {};
  for (const name of names) {
    const change = { from: from[name] ?? null, to: to[name] ?? null };
    if (JSON.stringify(change.from) !== JSON.stringify(change.to)) changes[name] = change;
  }
  return changes;
}

/** Takes an offer off the pass: what lies beneath shows again. Only an offer that asks for it speaks then. */
export function endOfferActivity(deps: ActivityDeps) {
  return async function endOffer({ found: _, ...ref }: ChangeInput): Promise<{ revision: number | null }> {
    const sql = deps.database.tenant(ref.tenantId);
    const operation = knownOperation(await findOperation(sql, ref.operationId));
    const { offerId } = readInput<'end-offer'>(operation, 'offerId');
    const offer = await findOffer(sql, offerId);
    // Before the pass is looked at: a beginning that is under way sees it and gives up.
    await markOfferEnded(sql, offerId);
    return changePass<{ revision: number | null }>(deps, {
      ref,
      change: 'offer',
      step: 'end-offer',
      repeated: (revision) => ({ revision }),
      decide: ({ pass }) => decideEnd(pass, offerId, offer?.notify_at_end === true),
    });
  };
}

/** The rule of end-offer. Phones speak of what shows again where the offer asks for it. */
export function decideEnd(pass: PassRow, offerId: string, speaks: boolean): Decision<{ revision: number | null }> {
  const after = { ...pass, offers: withoutOffer(pass.offers, offerId) };
  const detail = { active: after.offers.length };
  // Moves the lock version: a beginning that has read the pass before must read it again.
  if (after.offers.length === pass.offers.length) {
    return { sequences: pass.field_sequences, detail, result: { revision: null } };
  }
  const shown = shownChanges(pass, after);
  return {
    write: {
      after,
      changed: { ...(speaks && shown), [OFFER_CHANGE]: { from: offerId, to: null } },
      changedFields: Object.keys(shown),
    },
    detail,
    result: (revision) => ({ revision }),
  };
}
