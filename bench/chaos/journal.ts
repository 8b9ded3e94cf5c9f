import { appendFileSync } from 'node:fs';

export type Fields = Readonly<Record<string, string>>;
export type RequestKind = 'push-update' | 'issue-pass' | 'profile-sync' | 'send-message';

/** One line of what was seen from outside; its place in the journal is its place in time. */
export type JournalLine =
  | {
      readonly event: 'sent';
      readonly key: string;
      readonly kind: RequestKind;
      /** The customer's e-mail address: each has one pass. */
      readonly subject: string;
      readonly fields: Fields;
    }
  | {
      readonly event: 'answered';
      readonly key: string;
      /** Null: the connection broke. */
      readonly status: number | null;
      readonly operationId: string | null;
      /** Of the pass that an issue made. */
      readonly serialNumber: string | null;
    };

/** All attempts under one idempotency key. */
export interface Request {
  readonly key: string;
  readonly kind: RequestKind;
  readonly subject: string;
  readonly fields: Fields;
  /** Place of the first attempt. */
  readonly sentAt: number;
  /** Place of the first 2xx; null where none came. */
  acknowledgedAt: number | null;
  /** Distinct ids in its 2xx answers. */
  readonly operationIds: Set<string>;
  readonly serialNumbers: Set<string>;
}

export const isSuccess = (status: number | null): boolean => status !== null && status >= 200 && status < 300;

/** The requests of a journal, in the order of their first attempts. */
export function requestsOf(lines: readonly JournalLine[]): Request[] {
  const byKey = new Map<string, Request>();
  lines.forEach((line, at) => {
    if (line.event === 'sent') {
      if (byKey.has(line.key)) return;
      const { key, kind, subject, fields } = line;
      const sets = { operationIds: new Set<string>(), serialNumbers: new Set<string>() };
      byKey.set(key, { key, kind, subject, fields, sentAt: at, acknowledgedAt: null, ...sets });
      return;
    }
    const request = byKey.get(line.key);
    if (request === undefined) throw new Error(`the journal has an answer to ${line.key}, which was never sent`);
    if (!isSuccess(line.status)) return;
    request.acknowledgedAt ??= at;
    if (line.operationId !== null) request.operationIds.add(line.operationId);
    if (line.serialNumber !== null) request.serialNumbers.add(line.serialNumber);
  });
  return [...byKey.values()];
}

/** Whether `earlier` was surely accepted before `later`: its answer was there before the other was sent. */
export const surelyBefore = (earlier: Request, later: Request): boolean =>
  earlier.acknowledgedAt !== null && earlier.acknowledgedAt < later.sentAt;

export interface Journal {
  readonly lines: readonly JournalLine[];
  write(line: JournalLine): void;
}

/** Keeps each line in memory and in a file, which stays readable after a drill that was broken off. */
export function createJournal(file: string): Journal {
  const lines: JournalLine[] = [];
  return {
    lines,
    write(line) {
      lines.push(line);
      appendFileSync(file, `${JSON.stringify({ ...line, atMs: Date.now() })}\n`);
    },
  };
}
