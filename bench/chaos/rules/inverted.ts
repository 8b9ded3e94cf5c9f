import { surelyBefore, type Request } from '../journal.js';
import type { Shown } from '../picture.js';
import { groupBy, type Rule, type View } from './rule.js';

/** The requests whose value of a field may be the last: nothing acknowledged was surely accepted after them. */
export function lastOnes(requests: readonly Request[], field: string): Request[] {
  const writers = requests.filter(({ fields }) => field in fields);
  const acknowledged = writers.filter(({ acknowledgedAt }) => acknowledgedAt !== null);
  return writers.filter((one) => !acknowledged.some((other) => surelyBefore(one, other)));
}

/** Compares with the last accepted values of each customer. */
function outdated({ requests }: View, who: string, shown: readonly Shown[]): string[] {
  const bySubject = groupBy(requests, ({ subject }) => subject);
  return shown.flatMap(({ subject, fields }) => {
    const theirs = bySubject.get(subject) ?? [];
    const names = new Set(theirs.flatMap((request) => Object.keys(request.fields)));
    return [...names].flatMap((field) => {
      const last = lastOnes(theirs, field).map((request) => request.fields[field]!);
      const value = fields[field];
      if (value !== undefined && last.includes(value)) return [];
      return `${who} shows ${field} ${value ?? 'not at all'} for ${subject}; the last accepted is ${last.join(' or ')}`;
    });
  });
}

/** Values of one field in the order of a pass's revisions, each with the request that wrote it. */
function history(view: View, subject: string): Map<string, Request[]> {
  const theirs = view.requests.filter((request) => request.subject === subject);
  const byField = new Map<string, Request[]>();
  const revisions = view.database.revisions.filter((revision) => revision.subject === subject);
  for (const { changed } of [...revisions].sort((a, b) => a.revision - b.revision)) {
    for (const [field, value] of Object.entries(changed)) {
      const writer = theirs.find(({ fields }) => fields[field] === value);
      if (writer) byField.set(field, [...(byField.get(field) ?? []), writer]);
    }
  }
  return byField;
}

/** The last accepted value of each field is what everybody shows, and no older one came back in between. */
export const INVERTED = {
  'the pass holds the last values': {
    harm: 'inverted',
    find: (view) => outdated(view, 'the database', view.database.passes),
  },
  'the phone shows the last values': { harm: 'inverted', find: (view) => outdated(view, 'the phone', view.phones) },
  'Google shows the last values': { harm: 'inverted', find: (view) => outdated(view, 'Google', view.google ?? []) },
  'Klaviyo knows the pass as it is': {
    harm: 'inverted',
    find: ({ database, klaviyo }) => {
      if (klaviyo === null) return [];
      const profiles = new Map(klaviyo.profiles.map((profile) => [profile.subject, profile]));
      const records = new Map(klaviyo.records.map((record) => [record.serialNumber, record]));
      return database.passes.flatMap(({ subject, serialNumber, state, changedAt }) => {
        const profile = profiles.get(subject);
        const record = records.get(serialNumber);
        return [
          ...(profile && (profile.serialNumber !== serialNumber || profile.state !== state)
            ? [
                `Klaviyo's profile of ${subject} names ${profile.serialNumber}, ${profile.state}; it is ${serialNumber}, ${state}`,
              ]
            : []),
          ...(record?.state === state && record.changedAt === changedAt
            ? []
            : [
                `Klaviyo's record of ${serialNumber} is of ${record?.changedAt ?? 'no time'}; the pass of ${subject} is of ${changedAt}`,
              ]),
        ];
      });
    },
  },
  'no older value comes back': {
    harm: 'inverted',
    find: (view) =>
      [...new Set(view.database.revisions.map(({ subject }) => subject))].flatMap((subject) =>
        [...history(view, subject)].flatMap(([field, writers]) =>
          writers
            .filter((writer, at) => writers.slice(0, at).some((earlier) => surelyBefore(writer, earlier)))
            .map((writer) => `${field} of ${subject} went back to ${writer.fields[field]}`),
        ),
      ),
  },
} satisfies Record<string, Rule>;
