import type { SentUpdate } from './journal.js';

/** What the product and the outside world hold in the end. */
export interface Outcome {
  updates: readonly SentUpdate[];
  /** By correlation id. */
  operations: ReadonlyMap<string, { status: string; outcome: string | null }>;
  /** The value on each pass by serial number, as the API tells it. */
  passes: ReadonlyMap<string, number>;
  /** The value that each phone shows, by serial number. */
  phones: ReadonlyMap<string, number>;
  /** For each `Pass Updated` of Klaviyo the operation that it is about. */
  klaviyoEvents: readonly string[];
  /** For each `pass.updated` that the merchant acted on the operation that it is about. */
  merchantEvents: readonly string[];
}

const some = (values: readonly string[]): string =>
  `${values.slice(0, 3).join(', ')}${values.length > 3 ? ` and ${values.length - 3} more` : ''}`;

function twice(values: readonly string[]): string[] {
  const seen = new Set<string>();
  return values.filter((value) => seen.has(value) || !seen.add(value));
}

/** The last accepted value of each pass, in the order of sending: one sender waits for each answer of a pass. */
function lastValues(updates: readonly SentUpdate[]): Map<string, number> {
  return new Map(
    updates
      .filter(({ correlationId }) => correlationId !== null)
      .map(({ serialNumber, points }) => [serialNumber, points]),
  );
}

/** Names what was lost, doubled or inverted; empty where nothing was. */
export function judge(outcome: Outcome): string[] {
  const { operations, passes, phones, klaviyoEvents, merchantEvents } = outcome;
  const accepted = outcome.updates.flatMap(({ correlationId }) => correlationId ?? []);
  const faults: string[] = [];
  const report = (what: string, which: readonly string[]): void => {
    if (which.length > 0) faults.push(`${which.length} ${what}: ${some(which)}`);
  };
  report(
    'accepted and unknown',
    accepted.filter((id) => !operations.has(id)),
  );
  report(
    'not succeeded',
    accepted.filter((id) => operations.has(id) && operations.get(id)!.status !== 'succeeded'),
  );
  report('accepted twice under one id', twice(accepted));
  const last = [...lastValues(outcome.updates)];
  report(
    'passes without the last value',
    last.filter(([serial, points]) => passes.get(serial) !== points).map(([serial]) => serial),
  );
  report(
    'phones without the last value',
    last.filter(([serial, points]) => phones.has(serial) && phones.get(serial) !== points).map(([serial]) => serial),
  );
  const updated = accepted.filter((id) => operations.get(id)?.outcome === 'updated');
  for (const [who, events] of [
    ['Klaviyo', klaviyoEvents],
    ['the merchant', merchantEvents],
  ] as const) {
    const told = new Set(events);
    report(
      `updates that ${who} was not told`,
      updated.filter((id) => !told.has(id)),
    );
    report(`updates that ${who} was told twice`, twice(events));
  }
  return faults;
}
