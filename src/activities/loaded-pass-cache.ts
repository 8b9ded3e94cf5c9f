import type { LoadedForChange } from '../database/passes/passes.js';
import type { StepInput } from './deps.js';

const MOST = 500;

/**
 * What find-pass read, for the step that comes next in the same process: one round trip less. Each entry serves once.
 * It may be old by then: it is used only where the pass's lock version is still the same.
 */
export interface FoundPasses {
  keep(ref: StepInput, loaded: LoadedForChange): void;
  take(ref: StepInput & { passId: string }): LoadedForChange | undefined;
}

/** Holds a few hundred entries; those of runs that went on elsewhere make room for new ones. */
export function createFoundPasses(): FoundPasses {
  const byOperation = new Map<string, LoadedForChange>();
  const keyOf = ({ tenantId, operationId }: StepInput): string => `${tenantId}/${operationId}`;
  return {
    keep(ref, loaded) {
      byOperation.set(keyOf(ref), loaded);
      if (byOperation.size > MOST) byOperation.delete(byOperation.keys().next().value!);
    },
    take(ref) {
      const key = keyOf(ref);
      const loaded = byOperation.get(key);
      byOperation.delete(key);
      return loaded?.pass.pass_id === ref.passId ? loaded : undefined;
    },
  };
}
