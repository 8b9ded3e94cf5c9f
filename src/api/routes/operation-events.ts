import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { z } from 'zod';
import { listDeviceResults } from '../../database/operations/device-results.js';
import { findSerialNumbers } from '../../database/passes/pass-lookup.js';
import { findOperation, listSteps } from '../../database/operations/operations.js';
import { FINAL_STATUSES } from '../../passes/operation.js';
import { authenticate } from '../access/authenticate.js';
import { correlationId, none, tenantId } from '../parameters.js';
import { presentOperation } from './present-operation.js';
import { ApiError } from '../problems.js';
import { route, type ApiDeps, type Route } from '../route.js';

const SCOPE = 'Operation.Read';
/** Between two looks at the database, and at the key: one that is revoked reads no further. */
const LOOK_MS = 500;
/** Proxies cut silent connections after a minute or less. */
const HEARTBEAT_MS = 15_000;
/** Streams that a tenant may hold open at one process: the looks of a thousand would slow everybody else. */
const MOST_STREAMS = 50;
/** Then the client reconnects by itself, as server-sent events do. */
const LONGEST_MS = 10 * 60_000;

/** Whether a look that failed is worth another one; a fault of ours is, too, as the stream has an end anyway. */
const isTemporary = (error: unknown): boolean => !(error instanceof ApiError) || error.code === 'unavailable';

/** Names one state of an operation: whoever reconnects with it has seen that state. */
const idOf = (state: string): string => createHash('sha256').update(state).digest('hex').slice(0, 16);

/** Counts a stream until it closes; throws `rate-limited` beyond what its tenant may hold open. */
function holdPlace(open: Map<string, number>, tenant: string, stream: PassThrough): void {
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

/** An operation as it changes, until it ends. */
export const operationEventRoutes = (deps: ApiDeps, open = new Map<string, number>()): Route[] => [
  route({
    method: 'GET',
    path: '/api/:tenantId/operations/:correlationId/events',
    scope: SCOPE,
    summary: 'Server-sent events: `operation` at every change, `end` when it has ended',
    params: z.object({ tenantId, correlationId }),
    query: none,
    headers: [
      { name: 'Last-Event-ID', description: 'Sent by a client that reconnects: a state it has seen is not sent again' },
    ],
    answers: {
      204: { description: 'The client has seen the end, by its Last-Event-ID: an EventSource stops now' },
      200: {
        description: 'A stream; the data of each event is the operation as GET answers it',
        schema: z.object({ event: z.enum(['operation', 'end']), data: z.string(), id: z.string() }),
        contentType: 'text/event-stream',
      },
    },
    problems: ['not-found'],
    async handler(ctx, { params, caller }) {
      const { tenantId: tenant } = caller.tenant;
      const sql = deps.database.tenant(tenant);
      const look = async () => {
        const row = await findOperation(sql, params.correlationId);
        if (!row) return undefined;
        const [steps, devices, serials] = await Promise.all([
          listSteps(sql, row.operation_id),
          listDeviceResults(sql, row.operation_id),
          findSerialNumbers(sql, row.pass_id ? [row.pass_id] : []),
        ]);
        return presentOperation(deps, row, serials, steps, devices);
      };
      let seen = await look();
      if (!seen) throw new ApiError('not-found', 'No operation with this correlation id exists for this tenant.');
      const ended = (): boolean => FINAL_STATUSES.includes(seen!.status);
      const [known, knownEnd] = ctx.get('Last-Event-ID').split('.');
      const isKnown = known === idOf(JSON.stringify(seen));
      if (isKnown && knownEnd === 'end' && ended()) {
        ctx.status = 204;
        return;
      }

      const stream = new PassThrough();
      holdPlace(open, tenant, stream);
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
        if (text !== sent) stream.write(`event: operation\ndata: ${text}\nid: ${idOf(text)}\n\n`);
        else if (nowMs - beatAtMs >= HEARTBEAT_MS) stream.write(': still there\n\n');
        else return;
        sent = text;
        beatAtMs = nowMs;
      };
      const next = async (): Promise<void> => {
        try {
          await authenticate(ctx, deps.credentials, [SCOPE], tenant);
          seen = await look();
        } catch (error) {
          // An outage of the database is no end: the client keeps the last state, and the look is repeated.
          if (!isTemporary(error)) return void stream.end();
        }
        if (stream.destroyed) return;
        if (!seen || performance.now() - startedMs > LONGEST_MS) return void stream.end();
        proceed();
      };
      const proceed = (): void => {
        tell();
        if (ended()) return void stream.end(`event: end\ndata: ${sent}\nid: ${idOf(sent)}.end\n\n`);
        timer = setTimeout(() => void next(), LOOK_MS);
      };
      stream.on('close', () => clearTimeout(timer));
      proceed();
    },
  }),
];
