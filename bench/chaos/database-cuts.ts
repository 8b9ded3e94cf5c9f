import { createFrameReader, type Frame } from './postgres-frames.js';
import type { Inspector } from './tcp-proxy.js';

/** What happens to the answers of PostgreSQL, changeable while running. */
export interface DatabaseCuts {
  /** Share of answers to what was committed that never arrive: the connection is cut instead. */
  afterCommit: number;
  /** Share of answers within a transaction that never arrive; the transaction is rolled back. */
  inTransaction: number;
  /** Told once, right after a statement whose text matches went to the server. */
  watch: { readonly text: RegExp; hit(): void } | null;
  /** Connections that were cut, by place. */
  readonly counts: { afterCommit: number; inTransaction: number };
}

export const createDatabaseCuts = (): DatabaseCuts => ({
  afterCommit: 0,
  inTransaction: 0,
  watch: null,
  counts: { afterCommit: 0, inTransaction: 0 },
});

const zeroEnd = (body: Buffer, from: number): number => body.indexOf(0, from);
const text = (body: Buffer, from: number): string => body.toString('utf8', from, zeroEnd(body, from));

/** Follows prepared statements by name: their text goes over the wire once for each connection. */
function createStatementWatch(cuts: DatabaseCuts): (frame: Frame) => boolean {
  const texts = new Map<string, string>();
  const textOf = ({ type, body }: Frame): string | null => {
    if (type === 'Q') return text(body, 0);
    if (type === 'P') texts.set(text(body, 0), text(body, zeroEnd(body, 0) + 1));
    // Bind names the portal, then the statement.
    return type === 'B' ? (texts.get(text(body, zeroEnd(body, 0) + 1)) ?? null) : null;
  };
  return (frame) => {
    const sent = textOf(frame);
    return sent !== null && cuts.watch?.text.test(sent) === true;
  };
}

/** Stands between a process and PostgreSQL: loses answers where `cuts` says, and reports watched statements. */
export function inspectDatabase(cuts: DatabaseCuts, random: () => number): Inspector {
  const fromClient = createFrameReader('client');
  const fromServer = createFrameReader('server');
  const watched = createStatementWatch(cuts);
  // From a command's completion to the server's readiness: whoever lacks these does not know what came of it.
  let held: Buffer[] = [];

  const loses = (state: string): boolean => {
    const place = state === 'I' ? 'afterCommit' : 'inTransaction';
    if (random() >= cuts[place]) return false;
    cuts.counts[place] += 1;
    return true;
  };

  return {
    toServer(chunk) {
      if (fromClient(chunk).some(watched)) {
        const { hit } = cuts.watch!;
        cuts.watch = null;
        setImmediate(hit);
      }
      return chunk;
    },
    toClient(chunk) {
      const forward: Buffer[] = [];
      for (const { type, body, bytes } of fromServer(chunk)) {
        if (type !== 'C' && held.length === 0) forward.push(bytes);
        else held.push(bytes);
        if (type !== 'Z' || held.length === 0) continue;
        if (loses(String.fromCharCode(body[0]!))) return null;
        forward.push(...held);
        held = [];
      }
      return Buffer.concat(forward);
    },
  };
}
