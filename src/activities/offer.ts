import { PermanentError } from '../common/errors.js';
import type { JsonValue } from '../common/json.js';
import { findOffer, keepOffer, markOfferEnded, markStarted, type OfferRow } from '../database/offers/offers.js';
import { findOperation } from '../database/operations/operations.js';
import { recordStep } from '../database/operations/steps.js';
import { loadForChange, type PassRow } from '../database/passes/passes.js';
import { coerceFields } from '../passes/field-values.js';
import { coveredFields, OFFER_CHANGE, overlay, withOffer, withoutOffer, type ActiveOffer } from '../passes/offer.js';
import type { OfferTerms } from '../passes/operation-input.js';
import { changePass, type ChangeInput, type Decision } from './change-pass.js';
import type { ActivityDeps } from './deps.js';
import { invalidData } from './invalid-data.js';
import { readInput } from './read-input.js';
import { knownOperation } from './known-operation.js';

export interface StartedOffer {
  /** `unchanged`: its time was over, or it was ended, before it could begin. */
  result: 'offer-started' | 'offer-planned' | 'unchanged';
}

/** Keeps the offer, and lays it over the pass where its time has come; idempotent by offer. */
export function startOfferActivity(deps: ActivityDeps) {
  return async function startOffer({ found: _, ...ref }: ChangeInput): Promise<StartedOffer> {
    const sql = deps.database.tenant(ref.tenantId);
    const offer = await offerOf(deps, ref);
    const now = new Date(deps.now());
    const step = { ...ref, step: 'start-offer', state: 'succeeded' } as const;
    if (offer.state !== 'ended' && offer.starts_at > now) {
      await recordStep(sql, { ...step, detail: { plannedFor: offer.starts_at.toISOString() } });
      return { result: 'offer-planned' };
    }
    const passType =
      offer.pass_type_id === null ? null : await deps.passTypes.current(ref.tenantId, offer.pass_type_id);
    const active: ActiveOffer = {
      id: offer.offer_id,
      sequence: offer.acceptance_sequence,
      priority: offer.priority,
      fields: offer.fields,
      passType: passType ? { id: passType.passTypeId, version: passType.version } : null,
      ...(passType?.design.google?.autoLinked && {
        autoLinked: { until: offer.ends_at.toISOString(), notifyAtEnd: offer.notify_at_end },
      }),
    };
    const started = await changePass<StartedOffer>(deps, {
      ref,
      change: 'offer',
      step: 'start-offer',
      repeated: () => ({ result: 'offer-started' }),
      // Read after the pass: an end that comes in between moves the pass's lock version, and this is decided again.
      decide: async ({ pass }) => decideStart(pass, await findOffer(sql, offer.offer_id), active, now),
    });
    if (started.result === 'offer-started') await markStarted(sql, offer.offer_id);
    return started;
  };
}

/** The rule of start-offer: `offer` as its row is now, `active` as it would lie over the pass. */
export function decideStart(
  pass: PassRow,
  offer: OfferRow | undefined,
  active: ActiveOffer,
  now: Date,
): Decision<StartedOffer> {
  takesOffers(pass);
  if (!offer || offer.state === 'ended' || offer.ends_at <= now) {
    return { nothing: true, detail: { over: true }, result: { result: 'unchanged' } };
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

function takesOffers({ state }: PassRow): void {
  if (state !== 'deleted' && state !== 'voided') return;
  throw new PermanentError('state-conflict', `The pass is ${state}: it takes no offers.`, { state });
}

/** The offer of an operation: the one that it names, else the one that it makes. */
async function offerOf(deps: ActivityDeps, ref: ChangeInput): Promise<OfferRow> {
  const sql = deps.database.tenant(ref.tenantId);
  const operation = knownOperation(await findOperation(sql, ref.operationId));
  const named = operation.input['offerId'];
  if (typeof named === 'string') {
    const offer = await findOffer(sql, named);
    if (offer?.pass_id === ref.passId) return offer;
    throw new PermanentError('pass-vanished', 'The offer was erased with its pass.');
  }
  const { terms } = readInput<'start-offer'>(operation, 'terms') as { terms: OfferTerms };
  const known = await findOffer(sql, ref.operationId);
  if (known) return known;
  const loaded = await loadForChange(sql, ref, 'offer');
  if (!loaded) throw new PermanentError('pass-vanished', 'The pass of this operation no longer exists.');
  takesOffers(loaded.pass);
  const { pass } = loaded;
  const wanted = terms.passType === null ? null : await deps.passTypes.current(ref.tenantId, terms.passType);
  if (wanted === undefined) {
    throw new PermanentError(
      'unknown-pass-type',
      `There is no pass type "${terms.passType}".`,
      {},
      { summary: 'There is no such pass type.' },
    );
  }
  const { design } = wanted ?? (await deps.passTypes.version(ref.tenantId, pass.pass_type_id, pass.pass_type_version));
  const coerced = coerceFields(design.fields, terms.fields, { mode: 'update', allowCustom: true });
  if (coerced.problems.length > 0) throw invalidData(coerced.problems, design);
  if (wanted === null && Object.keys(coerced.values).length === 0) {
    throw new PermanentError(
      'invalid-data',
      'None of the fields of the offer can be shown on the pass: nothing would change.',
    );
  }
  const startsAt = terms.from === null ? operation.accepted_at : new Date(terms.from);
  const endsAt =
    terms.until === null ? new Date(startsAt.getTime() + (terms.forSeconds ?? 0) * 1000) : new Date(terms.until);
  if (endsAt <= startsAt)
    throw new PermanentError('invalid-data', 'The offer would end before it begins (until, from).');
  const kept = await keepOffer(sql, {
    offer_id: ref.operationId,
    pass_id: ref.passId,
    acceptance_sequence: loaded.operation.acceptance_sequence,
    pass_type_id: wanted?.passTypeId ?? null,
    fields: coerced.values as Record<string, JsonValue>,
    priority: terms.priority,
    starts_at: startsAt,
    ends_at: endsAt,
    uses: terms.uses,
    notify_at_end: terms.notifyAtEnd,
  });
  return kept!;
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
