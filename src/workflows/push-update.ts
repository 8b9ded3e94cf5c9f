import { outcomeOfUpdate } from '../passes/update-outcome.js';
import { cancellableUnless } from './cancellable-unless.js';
import type { OperationInput, OperationResult } from './inputs.js';
import { onFoundPass, tellWalletsForSure } from './on-found-pass.js';
import { runStep } from './run-step.js';

/**
 * find-pass → convert-type → apply-data → recompute-metadata (if asked or the type changed; else apply-data itself updates
 * the visuals of the fields that it changes) → notify-devices → write-back.
 */
export async function pushUpdate(input: OperationInput): Promise<OperationResult> {
  return onFoundPass(input, async (target, found) => {
    // The first step that changes the pass writes down how it was found: one round trip for both.
    const first = found.evidence ? { ...target, found: found.evidence } : target;
    const converted = found.convert ? await runStep('convert-type', first, 'database') : null;
    const typeChanged = converted?.outcome === 'converted';
    const recomputes = found.recompute || typeChanged;
    const applied = found.apply
      ? await cancellableUnless(typeChanged, () =>
          runStep('apply-data', { ...(converted ? target : first), recomputes }, 'database'),
        )
      : null;
    const applies = typeChanged || (applied?.changed ?? 0) > 0;
    const recomputed = recomputes
      ? await cancellableUnless(applies, () => runStep('recompute-metadata', target, 'database'))
      : null;

    const changed = applies || (recomputed?.changed ?? 0) > 0 || found.renewed === true;
    const superseded = (applied?.superseded ?? 0) > 0 || converted?.outcome === 'superseded';
    const outcome = outcomeOfUpdate({ typeChanged, changed, superseded });
    if (!changed) return { outcome, passId: found.passId };
    return tellWalletsForSure(target, found, { eventType: 'pass.updated', outcome });
  });
}
