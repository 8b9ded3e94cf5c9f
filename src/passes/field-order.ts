import { sameJson } from './same-json.js';
import type { JsonValue } from './pass-type.js';

export interface OrderedFields {
  data: Readonly<Record<string, JsonValue>>;
  /** Field name to the acceptance sequence (decimal text) that last set or cleared it. */
  sequences: Readonly<Record<string, string>>;
}

export interface MergedFields {
  data: Record<string, JsonValue>;
  sequences: Record<string, string>;
  /** Fields whose value is another one than before. */
  changed: string[];
  /** Fields that a later accepted operation had already set: this write lost. */
  superseded: string[];
}

/**
 * Writes `values` (null clears) as the operation with acceptance sequence `sequence`. Which of two writes wins is
 * decided per field by acceptance sequence alone, so merges commute and a repeated merge changes nothing.
 */
export function mergeFields(
  current: OrderedFields,
  values: Readonly<Record<string, JsonValue>>,
  sequence: string,
): MergedFields {
  const merged: MergedFields = {
    data: { ...current.data },
    sequences: { ...current.sequences },
    changed: [],
    superseded: [],
  };
  for (const [field, value] of Object.entries(values)) {
    const last = Object.hasOwn(current.sequences, field) ? current.sequences[field] : undefined;
    if (last !== undefined && isLater(last, sequence)) {
      merged.superseded.push(field);
      continue;
    }
    // An equal value still moves the sequence: an older write that arrives later must lose to this one too.
    merged.sequences[field] = sequence;
    const before = Object.hasOwn(current.data, field) ? current.data[field] : undefined;
    if (value === null) {
      delete merged.data[field];
      if (before !== undefined) merged.changed.push(field);
    } else {
      merged.data[field] = value;
      if (before === undefined || !sameJson(before, value)) merged.changed.push(field);
    }
  }
  return merged;
}

/** Whether acceptance sequence `a` is later than `b`; both decimal text of a 64-bit number. */
export function isLater(a: string, b: string): boolean {
  return BigInt(a) > BigInt(b);
}
