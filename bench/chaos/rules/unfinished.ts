import type { Rule } from './rule.js';

const FINAL: readonly string[] = ['succeeded', 'failed', 'cancelled'];

/** Everything has ended, in the database and in Temporal. */
export const UNFINISHED = {
  'every operation has ended': {
    harm: 'unfinished',
    find: ({ database }) =>
      database.operations
        .filter(({ status, outcome }) => !FINAL.includes(status) || outcome === null)
        .map(({ operationId, kind, status }) => `${kind} ${operationId} is still ${status}`),
  },
  'no run is left open in Temporal': {
    harm: 'unfinished',
    find: ({ temporal }) => temporal.open.map((workflowId) => `${workflowId} is still open in Temporal`),
  },
} satisfies Record<string, Rule>;
