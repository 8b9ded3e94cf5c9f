import type { PushUpdateInput } from './operation-input.js';
import type { Outcome } from './operation.js';

/** What the steps of a push-update found out. */
export interface UpdateResult {
  typeChanged: boolean;
  /** Fields or visuals changed. */
  changed: boolean;
  /** A later accepted operation had come first, somewhere. */
  superseded: boolean;
}

/** How a push-update ends that nothing stopped. */
export function outcomeOfUpdate({ typeChanged, changed, superseded }: UpdateResult): Outcome {
  if (typeChanged) return 'converted';
  if (changed) return 'updated';
  return superseded ? 'superseded' : 'unchanged';
}

/** The steps that a push-update asks for, beside those that every one has. */
export const stepsAskedFor = (input: Partial<PushUpdateInput>) => ({
  convert: (input.passType ?? null) !== null,
  apply: Object.keys(input.data ?? {}).length > 0,
  recompute: input.updateMetadata ?? false,
  ...(input.renewed && { renewed: true }),
});
