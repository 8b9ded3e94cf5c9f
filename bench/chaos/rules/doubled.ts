import { groupBy, type Rule } from './rule.js';

const repeated = <Entry>(entries: readonly Entry[], nameOf: (entry: Entry) => string): [string, Entry[]][] =>
  [...groupBy(entries, nameOf)].filter(([, group]) => group.length > 1);

/** One key, one operation, one effect of each sort; and nothing that nobody asked for. */
export const DOUBLED = {
  'one operation for each idempotency key': {
    harm: 'doubled',
    find: ({ requests, operationsByKey }) => [
      ...requests
        .filter(({ operationIds }) => operationIds.size > 1)
        .map(({ key, operationIds }) => `${key} was answered with ${[...operationIds].join(' and ')}`),
      ...[...operationsByKey]
        .filter(([, operations]) => operations.length > 1)
        .map(([key, operations]) => `${key} has ${operations.length} operations`),
    ],
  },
  'one pass for each issue': {
    harm: 'doubled',
    find: ({ requests, database }) => [
      ...requests
        .filter(({ serialNumbers }) => serialNumbers.size > 1)
        .map(({ key, serialNumbers }) => `${key} was answered with the passes ${[...serialNumbers].join(' and ')}`),
      ...repeated(database.passes, ({ subject }) => subject).map(
        ([subject, passes]) => `${subject} has ${passes.length} passes`,
      ),
    ],
  },
  'one revision for each operation': {
    harm: 'doubled',
    find: ({ database }) =>
      repeated(database.revisions, ({ operationId }) => operationId).map(
        ([operationId, revisions]) => `${operationId} made ${revisions.length} revisions`,
      ),
  },
  'revisions count without gaps': {
    harm: 'doubled',
    find: ({ database }) => {
      const bySubject = groupBy(database.revisions, ({ subject }) => subject);
      return database.passes
        .filter(({ subject, revision }) => {
          const numbers = new Set((bySubject.get(subject) ?? []).map((one) => one.revision));
          return numbers.size !== revision || !numbers.has(revision);
        })
        .map(({ subject, revision }) => `the pass of ${subject} is at revision ${revision}, its history is not`);
    },
  },
  'one event of each type for each operation': {
    harm: 'doubled',
    find: ({ database, merchant }) => {
      const distinct = [...groupBy([...database.events, ...merchant], ({ eventId }) => eventId).values()];
      const events = distinct.map(([first]) => first!).filter(({ operationId }) => operationId !== null);
      return repeated(events, ({ type, operationId }) => `${type} of ${operationId}`).map(
        ([name, group]) => `${name} has ${group.length} events`,
      );
    },
  },
  'one content for each event id': {
    harm: 'doubled',
    find: ({ merchant }) =>
      [...groupBy(merchant, ({ eventId }) => eventId)]
        .filter(([, group]) => new Set(group.map(({ content }) => content)).size > 1)
        .map(([eventId]) => `the merchant has ${eventId} with different contents`),
  },
  'one ending for each operation': {
    harm: 'doubled',
    find: ({ merchant, operationsById }) =>
      merchant
        .filter(({ type, operationId }) => {
          const status = operationsById.get(operationId ?? '')?.status;
          return type === 'operation.failed' && status !== 'failed';
        })
        .map(({ operationId }) => `the merchant was told that ${operationId} failed, which it did not`),
  },
  'one event at Klaviyo for each unique id': {
    harm: 'doubled',
    find: ({ klaviyo }) =>
      repeated(klaviyo?.events ?? [], ({ uniqueId }) => uniqueId).map(
        ([uniqueId, events]) => `Klaviyo has ${events.length} events with the unique id ${uniqueId}`,
      ),
  },
  'nothing that nobody asked for': {
    harm: 'doubled',
    find: ({ requests, operationsByKey, operationsById, database, merchant, klaviyo }) => {
      const sent = new Set(requests.map(({ key }) => key));
      const events = new Set(database.events.map(({ eventId }) => eventId));
      return [
        ...[...operationsByKey.keys()].filter((key) => !sent.has(key)).map((key) => `nobody sent ${key}`),
        ...database.revisions
          .filter(({ operationId }) => !operationsById.has(operationId))
          .map(({ subject, revision }) => `revision ${revision} of ${subject} belongs to no operation`),
        ...merchant
          .filter(({ eventId }) => !events.has(eventId))
          .map(({ eventId, type }) => `the merchant has ${type} ${eventId}, which the database does not know`),
        ...(klaviyo?.events ?? [])
          .filter(({ uniqueId }) => !operationsById.has(uniqueId.split(':')[0]!))
          .map(({ uniqueId, metric }) => `Klaviyo has ${metric} ${uniqueId}, which belongs to no operation`),
      ];
    },
  },
} satisfies Record<string, Rule>;
