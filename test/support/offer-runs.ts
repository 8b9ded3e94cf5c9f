import type { Activities } from '../../src/activities/index.js';
import type { FormedKind } from '../../src/passes/burst-kind.js';
import type { TestDatabase } from './database.js';
import { formBurst } from './segment.js';

export type OfferKind = Extract<FormedKind, 'start-offer' | 'end-offer' | 'push-update'>;

/** Runs operations of offers, and updates beside them, step by step: alone or in a burst. */
export function offerRuns(db: () => TestDatabase, steps: () => Activities) {
  /** One operation, step by step, as the workflow of a single one runs it. */
  async function alone(tenantId: string, operationId: string, kind: OfferKind): Promise<void> {
    const ref = { tenantId, operationId, run: 1 };
    const found = await steps()['find-pass'](ref);
    if (!found.found) return;
    const target = { ...ref, passId: found.passId };
    const end = (outcome: 'unchanged' | 'offer-planned') =>
      steps()['record-outcome']({ ...ref, status: 'succeeded', outcome, reason: null });
    if (kind === 'start-offer') {
      const { result } = await steps()['start-offer'](target);
      if (result !== 'offer-started') await end(result);
      else await steps()['notify-devices']({ ...target, eventType: 'offer.started', endsWith: result });
    } else if (kind === 'end-offer') {
      const { revision } = await steps()['end-offer'](target);
      if (revision === null) await end('unchanged');
      else await steps()['notify-devices']({ ...target, eventType: 'offer.ended', endsWith: 'offer-ended' });
    } else {
      const first = found.evidence ? { ...target, found: found.evidence } : target;
      const converted = found.convert ? await steps()['convert-type'](first) : null;
      const recomputes = found.recompute || converted?.outcome === 'converted';
      if (found.apply) await steps()['apply-data']({ ...(converted ? target : first), recomputes });
      if (recomputes) await steps()['recompute-metadata'](target);
    }
  }

  /** A burst as the dispatcher forms it, whose passes are found. */
  async function begin(tenantId: string, ids: readonly string[], kind: OfferKind) {
    const ref = await formBurst(db(), tenantId, ids, kind);
    await steps()['burst-find-pass'](ref);
    return ref;
  }

  async function together(tenantId: string, ids: readonly string[], kind: OfferKind): Promise<void> {
    const ref = await begin(tenantId, ids, kind);
    if (kind === 'push-update') {
      await steps()['burst-convert-type'](ref);
      await steps()['burst-apply-data'](ref);
      await steps()['burst-recompute-metadata'](ref);
    } else {
      await steps()[`burst-${kind}`](ref);
      await steps()['burst-notify-devices']({ ...ref, ends: true });
    }
    await steps()['end-burst'](ref);
  }

  return { alone, begin, together };
}
