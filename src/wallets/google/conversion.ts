import type { GoogleObjectState } from './wallet-object.js';
import type { GoogleType } from './schema.js';

/** One thing to do at Google. Every step meets its own earlier effect when it is repeated. */
export type ConversionStep =
  | { do: 'patch-class'; objectType: GoogleType; objectId: string; classId: string; ifRefused: ConversionStep[] }
  | { do: 'ensure-object'; objectType: GoogleType; objectId: string; classId: string }
  | { do: 'link'; objectType: GoogleType; objectId: string; linkedObjectIds: string[] }
  | { do: 'retire'; objectType: GoogleType; objectId: string; state: GoogleObjectState };

export interface ConversionPlan {
  /** `change-class` may still end in a new object: see the step's `ifRefused`. */
  kind: 'nothing' | 'change-class' | 'new-object';
  steps: ConversionStep[];
}

/**
 * What Google needs when a pass changes its type. Within a type the class of the object is changed; it is not documented whether Google
 * takes that, so a 4xx falls back to a new object. Across types there is always a new object: it is linked from the old one, which
 * brings it into the holder's wallet, and the old one is COMPLETED. Links go first: a retired pass may no longer push them.
 * `linkedObjectIds` are those the old object has: PATCH replaces the array whole and Google refuses to unlink.
 */
export function planGoogleConversion(input: {
  from: { type: GoogleType; classId: string; objectId: string; linkedObjectIds?: readonly string[] };
  to: { type: GoogleType; classId: string };
  newObjectId: string;
}): ConversionPlan {
  const { from, to, newObjectId } = input;
  if (from.type === to.type && from.classId === to.classId) return { kind: 'nothing', steps: [] };
  const old = { objectType: from.type, objectId: from.objectId };
  const replace: ConversionStep[] = [
    { do: 'ensure-object', objectType: to.type, objectId: newObjectId, classId: to.classId },
    { do: 'link', ...old, linkedObjectIds: [...new Set([...(from.linkedObjectIds ?? []), newObjectId])] },
    { do: 'retire', ...old, state: 'COMPLETED' },
  ];
  if (from.type !== to.type) return { kind: 'new-object', steps: replace };
  return { kind: 'change-class', steps: [{ do: 'patch-class', ...old, classId: to.classId, ifRefused: replace }] };
}
