import { PermanentError } from '../common/errors.js';
import type { JsonValue } from '../common/json.js';
import type { NewOffer } from '../database/offers/offers.js';
import type { PassRow } from '../database/passes/passes.js';
import { coerceFields } from '../passes/field-values.js';
import type { OfferTerms, StartOfferInput } from '../passes/operation-input.js';
import type { PassTypeVersion } from '../passes/pass-type.js';
import type { ActivityDeps } from './deps.js';
import { invalidData } from './invalid-data.js';

/** The operation that makes an offer. */
export interface AskedOffer {
  operationId: string;
  sequence: string;
  acceptedAt: Date;
  now: Date;
  terms: OfferTerms;
}

/** What the fields of an offer are judged by. */
export interface OfferDesign {
  /** The type that the offer names. */
  wanted: PassTypeVersion | null;
  design: PassTypeVersion['design'];
}

export function takesOffers({ state }: Pick<PassRow, 'state'>): void {
  if (state !== 'deleted' && state !== 'voided') return;
  throw new PermanentError('state-conflict', `The pass is ${state}: it takes no offers.`, { state });
}

/**
 * Whether the time of an operation's offer has come, whatever the clock here says: it is to begin at once, or it is named
 * because it is due. Clocks of the database and of workers differ.
 */
export const beginsAtOnce = ({ offerId, terms }: StartOfferInput): boolean =>
  offerId !== undefined || terms?.from === null;

/** Reads the type of an offer, else that of its pass; throws where the one that is asked for does not exist. */
export async function offerDesign(
  { passTypes }: Pick<ActivityDeps, 'passTypes'>,
  pass: PassRow,
  { passType }: OfferTerms,
): Promise<OfferDesign> {
  const { tenant_id: tenantId } = pass;
  if (passType === null) {
    const { design } = await passTypes.version(tenantId, pass.pass_type_id, pass.pass_type_version);
    return { wanted: null, design };
  }
  const wanted = await passTypes.current(tenantId, passType);
  if (wanted) return { wanted, design: wanted.design };
  throw new PermanentError(
    'unknown-pass-type',
    `There is no pass type "${passType}".`,
    {},
    { summary: 'There is no such pass type.' },
  );
}

/** The offer that an operation makes of its terms; throws where they do not fit the pass. */
export function offerOfTerms(
  { operationId, sequence, acceptedAt, now, terms }: AskedOffer,
  pass: PassRow,
  { wanted, design }: OfferDesign,
): NewOffer {
  takesOffers(pass);
  const coerced = coerceFields(design.fields, terms.fields, { mode: 'update', allowCustom: true });
  if (coerced.problems.length > 0) throw invalidData(coerced.problems, design);
  if (wanted === null && Object.keys(coerced.values).length === 0) {
    throw new PermanentError(
      'invalid-data',
      'None of the fields of the offer can be shown on the pass: nothing would change.',
    );
  }
  const startsAt = terms.from === null ? acceptedAt : new Date(terms.from);
  const endsAt =
    terms.until === null ? new Date(startsAt.getTime() + (terms.forSeconds ?? 0) * 1000) : new Date(terms.until);
  if (endsAt <= startsAt)
    throw new PermanentError('invalid-data', 'The offer would end before it begins (until, from).');
  return {
    offer_id: operationId,
    pass_id: pass.pass_id,
    acceptance_sequence: sequence,
    pass_type_id: wanted?.passTypeId ?? null,
    fields: coerced.values as Record<string, JsonValue>,
    priority: terms.priority,
    starts_at: startsAt,
    ends_at: endsAt,
    uses: terms.uses,
    notify_at_end: terms.notifyAtEnd,
    // Its own operation begins it, where its time has come.
    asked: beginsAtOnce({ terms }) || startsAt <= now ? 'start-offer' : null,
  };
}
