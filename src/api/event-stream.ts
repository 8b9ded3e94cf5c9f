import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import type Koa from 'koa';
import { z } from 'zod';
import { ApiError } from './problems.js';

/** Pause between two reads of the database, and of the key: a revoked key reads no further. */
const LOOK_MS = 500;
/** Proxies cut silent connections after a minute or less. */
const HEARTBEAT_MS = 15_000;
/** Streams that a tenant may hold open at one process: the looks of a thousand would slow everybody else. */
const MOST_STREAMS = 50;
/** Then the client reconnects by itself, as server-sent events do. */
const LONGEST_MS = 10 * 60_000;

/** Headers and answers of a route that streams; each event is what GET answers, as `shown` says. */
export const describeStream = (event: string, shown: string) => ({
  headers: [
    { name: 'Last-Event-ID', description: 'Sent by a client that reconnects: a state it has seen is not sent again' },
  ],
  answers: {
    204: { description: 'The client has seen the end, by its Last-Event-ID: an EventSource stops now' },
    200: {
      description: `A stream; the data of each event is ${shown}`,
      schema: z.object({ event: z.enum([event, 'end']), data: z.string(), id: z.string() }),
      contentType: 'text/event-stream',
    },
  },
});

/** How many streams each tenant holds open at this process. */
export type OpenStreams = Map<string, number>;

export interface Watched<State> {
  tenantId: string;
  open: OpenStreams;
  /** Name of the event that tells a new state. */
  event: string;
  /** Throws where the reader may not read on. */
  check(): Promise<void>;
  /** The state now; undefined where there is nothing any more. */
  look(): Promise<State | undefined>;
  isOver(state: State): boolean;
  /** What `look` has found before the stream begins. */
  first: State;
  lookMs?: number;
}

/** Whether a look that failed is worth another one; a fault of ours is, too, as the stream has an end anyway. */
const isTemporary = (error: unknown): boolean => !(error instanceof ApiError) || error.code === 'unavailable';

/** Names one state: a client that reconnects with it has seen that state. */
const idOf = (state: string): string => createHash('sha256').update(state).digest('hex').slice(0, 16);

/** Counts a stream until it closes; throws `rate-limited` beyond what its tenant may hold open. */
function holdPlace(open: OpenStreams, tenant: string, stream: PassThrough): void {
  const held = open.get(tenant) ?? 0;
  if (held >= MOST_STREAMS) {
    throw new ApiError(
      'rate-limited',
      `${MOST_STREAMS} streams of this tenant are open. Close one, or ask again later.`,
      {
        headers: { 'Retry-After': '10' },
      },
    );
  }
  open.set(tenant, held + 1);
  stream.once('close', () => {
    const left = open.get(tenant)! - 1;
    if (left > 0) open.set(tenant, left);
    else open.delete(tenant);
  });
}

/** Answers with server-sent events: the state at every change, and `end` when it changes no more. */
export function streamEvents<State>(ctx: Koa.Context, watched: Watched<State>): void {
  const { tenantId, open, event, isOver, lookMs = LOOK_MS } = watched;
  let seen = watched.first;
  const [known, knownEnd] = ctx.get('Last-Event-ID').split('.');
  const isKnown = known === idOf(JSON.stringify(seen));
  if (isKnown && knownEnd === 'end' && isOver(seen)) {
    ctx.status = 204;
    return;
  }

  const stream = new PassThrough();
  holdPlace(open, tenantId, stream);
  ctx.status = 200;
  ctx.set({ 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' });
  ctx.body = stream;
  let sent = isKnown ? JSON.stringify(seen) : '';
  let beatAtMs = performance.now();
  const startedMs = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const tell = (): void => {
    const text = JSON.stringify(seen);
    const nowMs = performance.now();
    if (text !== sent) stream.write(`event: ${event}\ndata: ${text}\nid: ${idOf(text)}\n\n`);
    else if (nowMs - beatAtMs >= HEARTBEAT_MS) stream.write(': still there\n\n');
    else return;
    sent = text;
    beatAtMs = nowMs;
  };
  const next = async (): Promise<void> => {
    try {
      await watched.check();
      const state = await watched.look();
      if (state === undefined) return void stream.end();
      seen = state;
    } catch (error) {
      // An outage of the database is no end: the client keeps the last state, and the look is repeated.
      if (!isTemporary(error)) return void stream.end();
    }
    if (stream.destroyed) return;
    if (performance.now() - startedMs > LONGEST_MS) return void stream.end();
    proceed();
  };
  const proceed = (): void => {
    tell();
    if (isOver(seen)) return void stream.end(`event: end\ndata: ${sent}\nid: ${idOf(sent)}.end\n\n`);
    timer = setTimeout(() => void next(), lookMs);
  };
  stream.on('close', () => clearTimeout(timer));
  proceed();
}
