import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { judge, RULES } from '../../bench/chaos/judge.js';
import type { FullPicture, Picture } from '../../bench/chaos/picture.js';
import { soundPicture, steps } from './sound-picture.js';

type Change = (picture: FullPicture) => Partial<Picture>;

const withDatabase = (picture: Picture, change: Partial<Picture['database']>): Partial<Picture> => ({
  database: { ...picture.database, ...change },
});
const last = <Entry>(entries: readonly Entry[]): Entry => entries.at(-1)!;
const withoutLast = <Entry>(entries: readonly Entry[]): Entry[] => entries.slice(0, -1);
const outdated = <Entry extends { fields: object }>(entries: readonly Entry[]): Entry[] => [
  { ...entries[0]!, fields: { ...entries[0]!.fields, points: 'of yesterday' } },
  ...entries.slice(1),
];

/** One fault for each rule, planted into a sound picture. */
const PLANTED: Readonly<Record<keyof typeof RULES, Change>> = {
  'an acknowledged request is stored': (picture) => {
    const operationId = 'operation-issue-ann@example.com';
    return withDatabase(picture, {
      operations: picture.database.operations.filter((operation) => operation.operationId !== operationId),
    });
  },
  'a stored request is carried out': (picture) => {
    const { operations } = picture.database;
    return withDatabase(picture, {
      operations: [...withoutLast(operations), { ...last(operations), status: 'failed', outcome: 'internal-error' }],
    });
  },
  'a change has a revision': (picture) => withDatabase(picture, { revisions: withoutLast(picture.database.revisions) }),
  'a change is announced to the merchant': (picture) =>
    withDatabase(picture, { events: withoutLast(picture.database.events) }),
  'an event reaches the merchant': ({ merchant }) => ({ merchant: merchant.slice(1, -1) }),
  'Klaviyo has an event for a change': ({ klaviyo }) => ({
    klaviyo: { ...klaviyo, events: withoutLast(klaviyo.events) },
  }),
  'a pass is everywhere': ({ google }) => ({ google: withoutLast(google) }),
  'one operation for each idempotency key': (picture) => {
    const { operations } = picture.database;
    return withDatabase(picture, { operations: [...operations, { ...last(operations), operationId: 'another' }] });
  },
  'one pass for each issue': (picture) => {
    const { passes } = picture.database;
    return withDatabase(picture, { passes: [...passes, { ...last(passes), serialNumber: 'another' }] });
  },
  'one revision for each operation': (picture) => {
    const { revisions } = picture.database;
    const again = { ...last(revisions), revision: last(revisions).revision + 1 };
    return withDatabase(picture, { revisions: [...revisions, again] });
  },
  'revisions count without gaps': (picture) => {
    const { passes } = picture.database;
    return withDatabase(picture, { passes: [...withoutLast(passes), { ...last(passes), revision: 99 }] });
  },
  'one event of each type for each operation': ({ merchant }) => ({
    merchant: [...merchant, { ...last(merchant), eventId: 'another' }],
  }),
  'one content for each event id': ({ merchant }) => ({
    merchant: [...merchant, { ...last(merchant), content: 'another' }],
  }),
  'one ending for each operation': ({ merchant }) => ({
    merchant: [...merchant, { ...merchant[0]!, eventId: 'failure', type: 'operation.failed' }],
  }),
  'one event at Klaviyo for each unique id': ({ klaviyo }) => ({
    klaviyo: { ...klaviyo, events: [...klaviyo.events, { ...last(klaviyo.events), metric: 'Pass Issued' }] },
  }),
  'nothing that nobody asked for': (picture) => {
    const stranger = { key: 'stranger', operationId: 'strange', kind: 'push-update', status: 'succeeded' };
    const operations = [...picture.database.operations, { ...stranger, outcome: 'superseded' }];
    return withDatabase(picture, { operations });
  },
  'the pass holds the last values': (picture) => withDatabase(picture, { passes: outdated(picture.database.passes) }),
  'the phone shows the last values': ({ phones }) => ({ phones: outdated(phones) }),
  'Google shows the last values': ({ google }) => ({ google: outdated(google) }),
  'Klaviyo knows the pass as it is': ({ klaviyo }) => ({
    klaviyo: {
      ...klaviyo,
      records: [...withoutLast(klaviyo.records), { ...last(klaviyo.records), changedAt: 'yesterday' }],
    },
  }),
  'no older value comes back': (picture) => {
    const { revisions, passes } = picture.database;
    const pass = passes.find(({ revision }) => revision > 1);
    // Where no pass has a history, one that goes forth and back.
    const { subject, revision } = pass ?? passes[0]!;
    const older = { subject, operationId: 'operation-issue-ann@example.com', changed: { points: '0' } };
    const update = { event: 'sent', key: 'late', kind: 'push-update', subject, fields: { points: 'late' } } as const;
    return {
      journal: [...picture.journal, update],
      ...withDatabase(picture, {
        revisions: [
          ...revisions,
          { subject, revision: revision + 1, operationId: 'late', changed: { points: 'late' } },
          { ...older, revision: revision + 2 },
        ],
      }),
    };
  },
  'every operation has ended': (picture) => {
    const { operations } = picture.database;
    return withDatabase(picture, {
      operations: [...withoutLast(operations), { ...last(operations), status: 'retrying' }],
    });
  },
  'no run is left open in Temporal': () => ({ temporal: { open: ['push-update/operation-update-1'] } }),
};

const rulesOf = (picture: Picture): string[] => [...new Set(judge(picture).map(({ rule }) => rule))];

describe('the judge of the chaos drill', () => {
  it('finds nothing where nothing is wrong, however requests overlap, repeat and stay without an answer', () => {
    fc.assert(
      fc.property(steps, (all) => assert.deepEqual(judge(soundPicture(all)), [])),
      { numRuns: 300 },
    );
  });

  it('has a planted fault for each rule', () => {
    assert.deepEqual(Object.keys(PLANTED).sort(), Object.keys(RULES).sort());
  });

  for (const [rule, plant] of Object.entries(PLANTED)) {
    it(`names a fault against: ${rule}`, () => {
      fc.assert(
        fc.property(steps, (all) => {
          const sound = soundPicture(all);
          const found = rulesOf({ ...sound, ...plant(sound) });
          assert.ok(found.includes(rule), `found only: ${found.join('; ') || 'nothing'}`);
        }),
        { numRuns: 50 },
      );
    });
  }

  it('asks nothing of Google and Klaviyo where a tenant has neither', () => {
    fc.assert(
      fc.property(steps, (all) => assert.deepEqual(judge({ ...soundPicture(all), google: null, klaviyo: null }), [])),
      { numRuns: 50 },
    );
  });

  it('takes either of two values that were under way together, and neither of two that were not', () => {
    const sent = (key: string, points: string) =>
      ({ event: 'sent', key, kind: 'push-update', subject: 'ann@example.com', fields: { points } }) as const;
    const answered = (key: string, status: number | null) =>
      ({ event: 'answered', key, status, operationId: null, serialNumber: null }) as const;
    const shows = (journal: Picture['journal'], points: string): boolean =>
      !rulesOf({
        ...soundPicture([]),
        journal,
        phones: [{ subject: 'ann@example.com', fields: { points } }],
      }).includes('the phone shows the last values');
    const [a, b] = [sent('a', '1'), sent('b', '2')];
    const together = [a, b, answered('b', 200), answered('a', 200)];
    assert.deepEqual([shows(together, '1'), shows(together, '2'), shows(together, '3')], [true, true, false]);
    const apart = [a, answered('a', 200), b, answered('b', 200)];
    assert.deepEqual([shows(apart, '1'), shows(apart, '2')], [false, true]);
    // Nobody knows whether a request without an answer was accepted, or when.
    const unknown = [a, answered('a', null), b, answered('b', 200)];
    assert.deepEqual([shows(unknown, '1'), shows(unknown, '2')], [true, true]);
  });
});
