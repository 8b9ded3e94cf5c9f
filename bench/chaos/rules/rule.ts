import { requestsOf, type Request } from '../journal.js';
import type { Picture, SeenOperation } from '../picture.js';

export type Harm = 'lost' | 'doubled' | 'inverted' | 'unfinished';

export interface Rule {
  readonly harm: Harm;
  /** One text for each place where the rule is broken. */
  find(view: View): string[];
}

/** The picture, with the ways through it that several rules take. */
export interface View extends Picture {
  readonly requests: readonly Request[];
  readonly operationsByKey: ReadonlyMap<string, readonly SeenOperation[]>;
  readonly operationsById: ReadonlyMap<string, SeenOperation>;
}

/** Groups entries by a text. */
export function groupBy<Entry>(entries: readonly Entry[], nameOf: (entry: Entry) => string): Map<string, Entry[]> {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const name = nameOf(entry);
    const group = groups.get(name);
    if (group) group.push(entry);
    else groups.set(name, [entry]);
  }
  return groups;
}

export function viewOf(picture: Picture): View {
  const { operations } = picture.database;
  return {
    ...picture,
    requests: requestsOf(picture.journal),
    operationsByKey: groupBy(
      operations.filter(({ key }) => key !== null),
      ({ key }) => key!,
    ),
    operationsById: new Map(operations.map((operation) => [operation.operationId, operation])),
  };
}
