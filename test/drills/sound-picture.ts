import fc from 'fast-check';
import type { JournalLine } from '../../bench/chaos/journal.js';
import type { FullPicture, Picture } from '../../bench/chaos/picture.js';

interface Step {
  subject: string;
  /** Which fields it sets. */
  points: boolean;
  offer: boolean;
  /** Its answer is lost once or the connection refused, and it is sent again under the same key. */
  attempts: number;
  /** It is sent while the one before is under way, and accepted before it. */
  overtakes: boolean;
  /** It never hears that it was accepted. */
  unanswered: boolean;
}

const SUBJECTS = ['ann@example.com', 'ben@example.com', 'cat@example.com'];

export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    subject: fc.constantFrom(...SUBJECTS),
    points: fc.boolean(),
    offer: fc.boolean(),
    attempts: fc.integer({ min: 1, max: 3 }),
    overtakes: fc.boolean(),
    unanswered: fc.boolean(),
  }),
  { minLength: 4, maxLength: 20 },
);

type Sent = Extract<JournalLine, { event: 'sent' }>;
type Draft = { -readonly [Part in keyof FullPicture]: FullPicture[Part] };

/** The journal of the steps, and the requests in the order in which a product accepted them. */
function post(all: readonly Step[]): { journal: JournalLine[]; accepted: Sent[] } {
  const journal: JournalLine[] = [];
  const accepted: Sent[] = [];
  const answered = (key: string, status: number | null): JournalLine => {
    const operationId = status === 200 ? `operation-${key}` : null;
    const serialNumber = status === 200 && key.startsWith('issue') ? `serial-${key}` : null;
    return { event: 'answered', key, status, operationId, serialNumber };
  };
  for (const subject of SUBJECTS) {
    const key = `issue-${subject}`;
    const fields = { points: '0', offer: 'none' };
    const sent: Sent = { event: 'sent', key, kind: 'issue-pass', subject, fields };
    journal.push(sent, answered(key, 200));
    accepted.push(sent);
  }
  let open: JournalLine[] = [];
  all.forEach((step, number) => {
    const key = `update-${number}`;
    const fields = {
      ...(step.points && { points: String(number + 1) }),
      ...(step.offer && { offer: `offer ${number}` }),
    };
    const { subject } = step;
    const sent: Sent = { event: 'sent', key, kind: 'push-update', subject, fields };
    if (!step.overtakes) journal.push(...open.splice(0));
    for (let attempt = 1; attempt <= step.attempts; attempt++) {
      journal.push(sent);
      if (attempt < step.attempts) journal.push(answered(key, attempt === 1 ? null : 503));
    }
    // What is under way at the same time may be accepted in any order.
    accepted.splice(step.overtakes && open.length > 0 ? -1 : accepted.length, 0, sent);
    open.push(answered(key, step.unanswered ? null : 200));
  });
  journal.push(...open);
  open = [];
  return { journal, accepted };
}

/** The pass of a subject after a number of revisions. */
const standing = (subject: string, revision: number) => ({
  subject,
  serialNumber: `serial-issue-${subject}`,
  state: 'active',
  changedAt: new Date(revision * 1_000).toISOString(),
});

/** What a product without a fault leaves behind. */
export function soundPicture(all: readonly Step[]): Draft {
  const { journal, accepted } = post(all);
  const held = new Map<string, { fields: Record<string, string>; revision: number }>();
  const operations: Picture['database']['operations'][number][] = [];
  const revisions: Picture['database']['revisions'][number][] = [];
  for (const { key, kind, subject, fields } of accepted) {
    const operationId = `operation-${key}`;
    const pass = held.get(subject) ?? { fields: {}, revision: 0 };
    const changes = Object.keys(fields).length > 0;
    // An update without a field changes nothing; here it counts as overtaken.
    const outcome = changes ? (kind === 'issue-pass' ? 'created' : 'updated') : 'superseded';
    operations.push({ operationId, key, kind, status: 'succeeded', outcome });
    if (!changes) continue;
    held.set(subject, { fields: { ...pass.fields, ...fields }, revision: pass.revision + 1 });
    revisions.push({ subject, revision: pass.revision + 1, operationId, changed: fields });
  }
  const shown = () => [...held].map(([subject, { fields }]) => ({ subject, fields: { ...fields } }));
  const events = revisions.map(({ operationId }, number) => ({
    eventId: `event-${number}`,
    type: operationId.startsWith('operation-issue') ? 'pass.created' : 'pass.updated',
    operationId,
  }));
  return {
    journal,
    database: {
      operations,
      revisions,
      events,
      passes: [...held].map(([subject, pass]) => ({ ...standing(subject, pass.revision), ...pass })),
    },
    temporal: { open: [] },
    phones: shown(),
    google: shown(),
    klaviyo: {
      profiles: [...held].map(([subject, { revision }]) => standing(subject, revision)),
      records: [...held].map(([subject, { revision }]) => standing(subject, revision)),
      events: revisions.map(({ operationId }) => ({
        uniqueId: `${operationId}:write-back-event`,
        metric: 'Pass Updated',
      })),
    },
    // At least once: the first one comes twice.
    merchant: [...events, events[0]!].map((event) => ({ ...event, content: `content of ${event.eventId}` })),
  };
}
