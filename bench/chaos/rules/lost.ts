import { CHANGED_OUTCOMES } from '../picture.js';
import type { Rule, View } from './rule.js';

/**
 * A request whose values a later one had overtaken has done its work, too. So has a sync that changed the customer alone:
 * whether a pass has its values is judged by the values.
 */
const CARRIED_OUT: readonly string[] = [...CHANGED_OUTCOMES, 'synced', 'superseded'];

const changes = ({ requests, operationsByKey }: View) =>
  requests
    .flatMap(({ key }) => operationsByKey.get(key) ?? [])
    .filter(({ outcome }) => outcome !== null && CHANGED_OUTCOMES.includes(outcome));

/** What was answered with 2xx is there, and so is each of its effects. */
export const LOST = {
  'an acknowledged request is stored': {
    harm: 'lost',
    find: ({ requests, operationsByKey, operationsById }) =>
      requests
        .filter(({ acknowledgedAt }) => acknowledgedAt !== null)
        .filter(({ key, operationIds }) => {
          const named = [...operationIds].every((id) => operationsById.has(id));
          return !named || (operationsByKey.get(key) ?? []).length === 0;
        })
        .map(({ key }) => `${key} was answered with 2xx and is not in the database`),
  },
  'a stored request is carried out': {
    harm: 'lost',
    find: ({ requests, operationsByKey }) =>
      requests
        .flatMap(({ key }) => operationsByKey.get(key) ?? [])
        .filter(({ status }) => ['succeeded', 'failed', 'cancelled'].includes(status))
        .filter(({ status, outcome }) => status !== 'succeeded' || !CARRIED_OUT.includes(outcome ?? ''))
        .map(({ operationId, key, status, outcome }) => `${operationId} (${key}) ended as ${status}, ${outcome}`),
  },
  'a change has a revision': {
    harm: 'lost',
    find: (view) => {
      const having = new Set(view.database.revisions.map(({ operationId }) => operationId));
      return changes(view)
        .filter(({ operationId }) => !having.has(operationId))
        .map(({ operationId, outcome }) => `${operationId} ended as ${outcome} without a revision`);
    },
  },
  'a change is announced to the merchant': {
    harm: 'lost',
    find: (view) => {
      const announced = new Set(view.database.events.map(({ operationId }) => operationId));
      return changes(view)
        .filter(({ operationId }) => !announced.has(operationId))
        .map(({ operationId, outcome }) => `${operationId} ended as ${outcome} without an event`);
    },
  },
  'an event reaches the merchant': {
    harm: 'lost',
    find: ({ database, merchant }) => {
      const taken = new Set(merchant.map(({ eventId }) => eventId));
      return database.events
        .filter(({ eventId }) => !taken.has(eventId))
        .map(({ eventId, type }) => `${type} ${eventId} never reached the merchant`);
    },
  },
  'Klaviyo has an event for a change': {
    harm: 'lost',
    find: (view) => {
      if (view.klaviyo === null) return [];
      const told = new Set(view.klaviyo.events.map(({ uniqueId }) => uniqueId.split(':')[0]));
      return changes(view)
        .filter(({ operationId }) => !told.has(operationId))
        .map(({ operationId, outcome }) => `${operationId} ended as ${outcome} and Klaviyo has no event of it`);
    },
  },
  'a pass is everywhere': {
    harm: 'lost',
    find: ({ database, google, klaviyo }) =>
      database.passes.flatMap(({ subject }) => [
        ...(google === null || google.some((one) => one.subject === subject)
          ? []
          : [`Google has no object for ${subject}`]),
        ...(klaviyo === null || klaviyo.profiles.some((one) => one.subject === subject)
          ? []
          : [`Klaviyo has no profile of ${subject}`]),
      ]),
  },
} satisfies Record<string, Rule>;
