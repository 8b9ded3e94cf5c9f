import { pointer } from '../../common/clean-text.js';
import type { JsonValue } from '../../common/json.js';
import type { PassTypeDesign } from '../../passes/pass-type.js';
import type { Add } from './design-problem.js';
import { formOf } from './rules/scalar-form.js';

const DAY_MS = 86_400_000;

function timeOf(value: JsonValue | undefined, dayAs: 'start' | 'end'): number {
  const formed = value === undefined ? undefined : formOf({ is: 'date' }, value, { dayAs });
  return formed && 'value' in formed ? Date.parse(String(formed.value)) : NaN;
}

/** Entries of relevantDates: one day, or a start with its end. */
export function checkRelevantDates(design: PassTypeDesign, add: Add): void {
  for (const [index, entry] of (design.apple!.relevantDates ?? []).entries()) {
    const path = pointer('apple', 'relevantDates', index);
    const { date, startDate, endDate } = entry;
    if (date === undefined && (startDate === undefined || endDate === undefined)) {
      add(path, 'An entry needs a date, or a startDate and an endDate.', 'Add what is missing.');
      continue;
    }
    const [start, end] = [timeOf(startDate, 'start'), timeOf(endDate, 'end')];
    if (end < start) add(path, 'The end lies before the start.', 'Exchange the two.');
    else if (end - start > DAY_MS)
      add(path, 'Phones pass over what lasts longer than 24 hours.', 'Make it shorter.', 'warning');
  }
}
