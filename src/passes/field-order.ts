import { sameJson } from '../common/same-json.js';
import type { JsonValue } from '../common/json.js';

export interface OrderedFields {
  data: Readonly<Record<string, JsonValue>>;
  /**
   * Field name to what last set or cleared it: the acceptance sequence in decimal, with the sender's own version where
   * one was given (`17;v=42`; with `;first=3` where
   * that version was accepted before). Under the name after `OTHERS`: newest writes of other kinds that may come back.
   */
  sequences: Readonly<Record<string, string>>;
}

/** No field has a name with a control character. */
const OTHERS = '\u0001';

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
  /** Fields where another write holds: this one lost. */
  superseded: string[];
  /** Whether `sequences` differ from before: they are to be stored also where no value changed. */
  moved: boolean;
}

/** Writes that can be compared with each other: by number, by time, or, without a version, by acceptance alone. */
type Order = 'accepted' | 'number' | 'time';

/** One write of one field; null cleared it. */
interface Write {
  sequence: string;
  version: string | null;
  value: JsonValue;
  /** Where the version had come before: when it was first accepted. A repeated delivery is as old as its first one. */
  first?: string;
}

const ORDERS: readonly Order[] = ['accepted', 'number', 'time'];
const orderOf = ({ version }: Pick<Write, 'version'>): Order =>
  version === null ? 'accepted' : /^\d+$/.test(version) ? 'number' : 'time';

/** Of two writes of the same order the newer one; of one version the later accepted, since it was first accepted. */
function newerOf(a: Write, b: Write): Write {
  const byVersion = compareVersions(a.version, b.version);
  if (byVersion !== 0) return byVersion > 0 ? a : b;
  const [late, early] = isLater(a.sequence, b.sequence) ? [a, b] : [b, a];
  if (late.version === null) return late;
  const first = isLater(firstOf(late), firstOf(early)) ? firstOf(early) : firstOf(late);
  return first === late.sequence ? late : { ...late, first };
}

const firstOf = ({ first, sequence }: Write): string => first ?? sequence;

function compareVersions(a: string | null, b: string | null): number {
  if (a === null || b === null || a === b) return 0;
  if (/^\d+$/.test(a)) return BigInt(a) > BigInt(b) ? 1 : -1;
  return a > b ? 1 : -1;
}

/**
 * The newest write of each order, the one that holds before the others: the one accepted last. Each newest is a maximum,
 * so the same ones are left whatever the order of arrival.
 */
function newestOf(writes: readonly Write[]): Write[] {
  const newest = ORDERS.flatMap((order) => {
    const rivals = writes.filter((write) => orderOf(write) === order);
    return rivals.length === 0 ? [] : [rivals.reduce(newerOf)];
  });
  return newest.sort((a, b) => (isLater(firstOf(a), firstOf(b)) ? -1 : 1));
}

/**
 * Writes `values` (null clears) as the operation with acceptance sequence `sequence`, per field. Of two writes the one
 * accepted later wins; where both carry a version of the sender's own, the higher version wins instead. Merges commute
 * in any mix of the two, and a repeated merge changes nothing.
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
    moved: false,
  };
  for (const [field, value] of Object.entries(values)) {
    const before = Object.hasOwn(current.data, field) ? current.data[field]! : null;
    const write = { sequence, version, value };
    const newest = newestOf([...readWrites(current.sequences, field, before), write]);
    const holds = newest[0]!;
    // The same write again is not superseded: it holds, or holds what it once wrote.
    if (holds.sequence !== sequence || holds.version !== version) merged.superseded.push(field);
    keepWrites(merged.sequences, field, newest);
    if (holds.value === null) delete merged.data[field];
    else merged.data[field] = holds.value;
    if (!sameJson(before, holds.value)) merged.changed.push(field);
    const kept = [field, OTHERS + field].every((key) => merged.sequences[key] === current.sequences[key]);
    if (!kept) merged.moved = true;
  }
  return merged;
}

const nameOf = ({ sequence, version, first }: Write): string =>
  `${sequence}${version === null ? '' : `;v=${version}`}${first === undefined ? '' : `;first=${first}`}`;

function readWrites(sequences: OrderedFields['sequences'], field: string, value: JsonValue): Write[] {
  if (!Object.hasOwn(sequences, field)) return [];
  const [sequence, ...rest] = sequences[field]!.split(';');
  const part = (name: string) => rest.find((text) => text.startsWith(name))?.slice(name.length);
  const first = part('first=');
  const holds: Write = {
    sequence: sequence!,
    version: part('v=') ?? null,
    value,
    ...(first !== undefined && { first }),
  };
  const others = Object.hasOwn(sequences, OTHERS + field) ? sequences[OTHERS + field]! : '[]';
  return [holds, ...(JSON.parse(others) as Write[])];
}

/** What a write without a version covers never comes back: its version counts, its value need not be kept. */
function keepWrites(sequences: Record<string, string>, field: string, newest: readonly Write[]): void {
  const [holds, ...others] = newest;
  sequences[field] = nameOf(holds!);
  delete sequences[OTHERS + field];
  if (others.length === 0) return;
  const last = newest.findIndex(({ version }) => version === null);
  const kept = others.map((write, index) => (last >= 0 && index + 1 > last ? { ...write, value: null } : write));
  sequences[OTHERS + field] = JSON.stringify(kept);
}

/** Whether acceptance sequence `a` is later than `b`; both decimal text of a 64-bit number. */
export function isLater(a: string, b: string): boolean {
  return BigInt(a) > BigInt(b);
}
