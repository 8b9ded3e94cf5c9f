import { keepOffers, markOffersEnded, markOffersStarted } from '../../database/bursts/offers.js';
import type { UndoneOperation } from '../../database/bursts/changes.js';
import { findOffers, type NewOffer, type OfferRow } from '../../database/offers/offers.js';
import type { PassRow } from '../../database/passes/passes.js';
import type { ActivityDeps } from '../deps.js';
import { activeOffer, decideEnd, decideStart, looksAt, ofPass } from '../offer.js';
import { offerDesign, offerOfTerms } from '../offer-terms.js';
import { readInput } from '../read-input.js';
import { isOutage, type BurstStepInput, type Slice } from './burst-step.js';
import { changePasses, type ChangedPasses } from './change-passes.js';
import { inHalves } from './in-halves.js';

/** start-offer over a burst: stores the offers that its operations make, and lays those over their passes whose time has come. */
export const startOffersActivity = (deps: ActivityDeps) =>
  async function startMany(ref: BurstStepInput): Promise<ChangedPasses> {
    const now = new Date(deps.now());
    let kept: Kept = { offers: new Map(), troubles: new Map() };
    const started = await changePasses(deps, {
      ref,
      step: 'start-offer',
      change: 'offer',
      asks: ({ operation }) => operation.kind === 'start-offer',
      // Read after the passes: an end that comes in between moves the pass's lock version, and the offer is decided again.
      prepare: async (slice, operations, passes) => void (kept = await keepAll(deps, slice, operations, passes, now)),
      decide: async ({ pass, operation }, { operationId }) => {
        if (kept.troubles.has(operationId)) throw kept.troubles.get(operationId);
        const offer = ofPass(kept.offers.get(namedBy(operation) ?? operationId), pass.pass_id);
        const active = await activeOffer(deps, ref.tenantId, offer);
        return decideStart(pass, offer, active, looksAt(offer, operation.input, now));
      },
    });
    await markOffersStarted(deps.database.tenant(ref.tenantId), ref);
    return started;
  };

/** end-offer over a burst: the values beneath show again. */
export const endOffersActivity = (deps: ActivityDeps) =>
  async function endMany(ref: BurstStepInput): Promise<ChangedPasses> {
    // Marked before the passes are read: a start-offer under way sees it and gives up.
    await markOffersEnded(deps.database.tenant(ref.tenantId), ref);
    let offers: ReadonlyMap<string, OfferRow> = new Map();
    return changePasses(deps, {
      ref,
      step: 'end-offer',
      change: 'offer',
      asks: ({ operation }) => operation.kind === 'end-offer',
      // Its row says that the offer is over, so a cancellation must not leave it on the pass.
      cancellable: false,
      prepare: async ({ tenant }, operations) =>
        void (offers = await findOffers(
          tenant,
          operations.flatMap(({ operation }) => namedBy(operation) ?? []),
        )),
      decide: async ({ pass, operation }) => {
        const { offerId } = readInput<'end-offer'>(operation, 'offerId');
        return decideEnd(pass, offerId, offers.get(offerId)?.notify_at_end === true);
      },
    });
  };

/** The offer that an operation names; another operation made it. */
const namedBy = ({ input }: UndoneOperation['operation']): string | null =>
  typeof input['offerId'] === 'string' ? input['offerId'] : null;

interface Kept {
  offers: Map<string, OfferRow>;
  /** Why an operation can make none. */
  troubles: Map<string, unknown>;
}

/** The offers of some operations as they are now; new ones are stored first. */
async function keepAll(
  deps: ActivityDeps,
  slice: Slice,
  operations: readonly UndoneOperation[],
  passes: ReadonlyMap<string, PassRow>,
  now: Date,
): Promise<Kept> {
  const { tenant } = slice;
  const known = await findOffers(
    tenant,
    operations.map(({ operationId, operation }) => namedBy(operation) ?? operationId),
  );
  const troubles = new Map<string, unknown>();
  const made: NewOffer[] = [];
  for (const { operationId, passId, acceptedAt, operation, made: changes, recorded } of operations) {
    const pass = passes.get(passId);
    const isCancelled = operation.cancel_requested && changes.length === 0;
    if (known.has(operationId) || namedBy(operation) !== null || recorded || isCancelled || !pass) continue;
    try {
      const terms = readInput<'start-offer'>(operation, 'terms').terms!;
      const asked = { operationId, sequence: operation.acceptance_sequence, acceptedAt, now, terms };
      made.push(offerOfTerms(asked, pass, await offerDesign(deps, pass, terms)));
    } catch (error) {
      if (isOutage(error)) throw error;
      troubles.set(operationId, error);
    }
  }
  await inHalves(
    made,
    (some) => keepOffers(tenant, slice.ref, some),
    (offer, error) => void troubles.set(offer.offer_id, error),
  );
  const fresh = await findOffers(
    tenant,
    made.map(({ offer_id: id }) => id),
  );
  return { offers: new Map([...known, ...fresh]), troubles };
}
