import { sameJson } from '../common/same-json.js';
import type { JsonValue } from '../common/json.js';

export interface OrderedFields {
  data: Readonly<Record<string, JsonValue>>;
  /** Field name to the acceptance sequence (decimal text) that last set or cleared it. */
  sequences: Readonly<Record<string, string>>;
}

/** Four of the largest bodies; no pass shows a hundredth of it. */
const MOST_CHARACTERS = 1024 * 1024;

const sizeOf = ({ data, sequences }: OrderedFields): number => JSON.stringify([data, sequences]).length;

/**
 * Whether a merge leads to more than one pass may hold: a key that differs in every delivery adds one each time, until the
 * pass takes the worker, and so every tenant, down. What makes it smaller never does.
 */
export function outgrows(before: OrderedFields, after: OrderedFields): boolean {
  const size = sizeOf(after);
  return size > MOST_CHARACTERS && size > sizeOf(before);
}

export interface MergedFields {
  data: Record<string, JsonValue>;
  sequences: Record<string, string>;
  /** Fields whose value is another one than before. */
  changed: string[];
  /** Fields that a later accepted operation had already set: this write lost. */
  superseded: string[];
}

/** What last wrote a field: its acceptance sequence, and the sender's own version where one was given (`17;v=42`). */
interface Writer {
  sequence: string;
  version: string | null;
}

/**
 * Writes `values` (null clears) as the operation with acceptance sequence `sequence`. Which of two writes wins is
 * decided per field by acceptance sequence alone, so merges commute and a repeated merge changes nothing. Where both
 * writes carry a version of the sender's own, the higher version wins instead: an old delivery that Klaviyo repeats
 * hours later never undoes newer data.
 */
export function mergeFields(
  current: OrderedFields,
  values: Readonly<Record<string, JsonValue>>,
  sequence: string,
  version: string | null = null,
): MergedFields {
  const merged: MergedFields = {
    data: { ...current.data },
    sequences: { ...current.sequences },
    changed: [],
    superseded: [],
  };
  for (const [field, value] of Object.entries(values)) {
    const last = Object.hasOwn(current.sequences, field) ? parseWriter(current.sequences[field]!) : null;
    const byVersion = last && version !== null && last.version !== null ? compareVersions(last.version, version) : 0;
    if (last && (byVersion > 0 || (byVersion === 0 && isLater(last.sequence, sequence)))) {
      merged.superseded.push(field);
      continue;
    }
    // An equal value still moves the sequence: an older write that arrives later must lose to this one too.
    const latest = last && isLater(last.sequence, sequence) ? last.sequence : sequence;
    merged.sequences[field] = version === null ? latest : `${latest};v=${version}`;
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

function parseWriter(text: string): Writer {
  const [sequence, version] = text.split(';v=');
  return { sequence: sequence!, version: version ?? null };
}

/** Numbers with numbers, UTC times with UTC times; versions of different kinds say nothing about each other. */
function compareVersions(a: string, b: string): number {
  const numeric = [a, b].map((text) => /^\d+$/.test(text));
  if (numeric[0] !== numeric[1]) return 0;
  const [first, second] = numeric[0] ? [BigInt(a), BigInt(b)] : [a, b];
  return first > second ? 1 : first < second ? -1 : 0;
}

/** Whether acceptance sequence `a` is later than `b`; both decimal text of a 64-bit number. */
export function isLater(a: string, b: string): boolean {
  return BigInt(a) > BigInt(b);
}
