import { pointer } from '../../common/clean-text.js';
import type { JsonValue } from '../../common/json.js';
import type { PassTypeDesign } from '../../passes/pass-type.js';
import type { Add } from './design-problem.js';
import { objectOf } from './face-needs.js';
import { formOf } from './rules/scalar-form.js';

const DAY_MS = 86_400_000;

function timeOf(value: JsonValue | undefined, dayAs: 'start' | 'end'): number {
  const formed = value === undefined ? undefined : formOf({ is: 'date' }, value, { dayAs });
  return formed && 'value' in formed ? Date.parse(String(formed.value)) : NaN;
}

/** Entries of relevantDates: one day, or a start with its end. */
export function checkRelevantDates(design: PassTypeDesign, add: Add): void {
  const { relevantDates, extra } = design.apple!;
  const inExtra = relevantDates === undefined ? extra['relevantDates'] : undefined;
  const base = inExtra === undefined ? pointer('apple', 'relevantDates') : pointer('apple', 'extra', 'relevantDates');
  const entries = relevantDates ?? (Array.isArray(inExtra) ? inExtra : []);
  for (const [index, entry] of entries.entries()) {
    const path = base + pointer(index);
    const { date, startDate, endDate } = objectOf(entry);
    if (date === undefined && (startDate === undefined || endDate === undefined)) {
      add(path, 'An entry needs a date, or a startDate and an endDate.', 'Add what is missing.');
      continue;
    }
    if (date !== undefined && (startDate !== undefined || endDate !== undefined)) {
      const cure = 'Write date alone, or startDate with endDate.';
      add(path, 'An entry is one moment or a time from a start to an end, not both.', cure, 'warning');
    }
    const [start, end] = [timeOf(startDate, 'start'), timeOf(endDate, 'end')];
    if (end < start) add(path, 'The end lies before the start.', 'Exchange the two.');
    else if (end - start > DAY_MS) add(path, `Phones pass over ${TOO_LONG}.`, 'Make it shorter.', 'warning');
  }
}

const TOO_LONG = 'what lasts longer than 24 hours';

/** Why phones pass over an entry of relevantDates with these moments; undefined where they take it. */
export function unfitPeriod({ startDate, endDate }: Readonly<Record<string, JsonValue>>): string | undefined {
  const [start, end] = [Date.parse(String(startDate)), Date.parse(String(endDate))];
  if (end < start) return 'its end lies before its start';
  return end - start > DAY_MS ? `phones pass over ${TOO_LONG}` : undefined;
}
