import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import { isInside, neighbourhood, readAddress, type Network } from '../common/networks.js';
import { PROBLEMS, type ProblemCode } from './problems.js';

const DETAILS = {
  'malformed-request': 'The request is not well-formed HTTP.',
  'headers-too-large': 'The address and the headers together are larger than 16 KB.',
  'request-timeout': 'The request took too long to arrive.',
  'method-not-allowed': 'This is no proxy.',
} satisfies Partial<Record<ProblemCode, string>>;

const codeOf = (error: NodeJS.ErrnoException): keyof typeof DETAILS =>
  error.code === 'HPE_HEADER_OVERFLOW'
    ? 'headers-too-large'
    : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? 'request-timeout'
      : 'malformed-request';

export interface HttpServerOptions extends ServerOptions {
  /** Connections at the same time; more are closed as they come. */
  maxConnections?: number;
  /** Of one public address that is no proxy of ours. */
  maxConnectionsPerAddress?: number;
  trustedProxies?: readonly Network[];
  /** A connection on which nothing moves is closed. */
  silenceMs?: number;
  /** Requests that may take this long to arrive, as large files do; all others have `requestTimeout`. */
  uploads?: { are(request: IncomingMessage): boolean; ms: number };
  /** From a request's beginning to the last byte of its answer; streams of events end by themselves. */
  answerMs?: number;
}

const PER_ADDRESS = 200;
const SILENCE_MS = 30_000;
/** A pass of a megabyte over a slow mobile network. */
const ANSWER_MS = 120_000;

/**
 * An HTTP server that answers problem+json also where no request gets as far as the application: broken HTTP, headers too
 * large, requests too slow. Node's own answers have no body, and so no correlation id.
 */
export function createHttpServer(
  listener: RequestListener,
  deps: { publicUrl: string },
  options: HttpServerOptions = {},
): Server {
  const problem = (code: keyof typeof DETAILS) => {
    const { status, title } = PROBLEMS[code];
    const correlationId = randomUUID();
    const type = `${deps.publicUrl}/problems/${code}`;
    const body = JSON.stringify({ type, title, status, detail: DETAILS[code], correlationId });
    const headers = {
      'Content-Type': 'application/problem+json',
      'Content-Length': String(Buffer.byteLength(body)),
      'X-Correlation-Id': correlationId,
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
      Connection: 'close',
    };
    return { status, headers, body };
  };
  const answerSocket = (socket: Socket, code: keyof typeof DETAILS): void => {
    const { status, headers, body } = problem(code);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} ${PROBLEMS[code].title}\r\n${lines.join('')}\r\n${body}`);
  };
  const hostsOf = ({ rawHeaders }: IncomingMessage): number =>
    rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length;
  const { uploads } = options;
  const longest = uploads && { requestTimeout: uploads.ms };
  /** Node has one limit for all requests: where uploads raise it, the others keep theirs by this one. */
  const limitArrival = (request: IncomingMessage, ms: number): void => {
    if (request.complete) return;
    const late = setTimeout(() => {
      if (!request.complete) answerSocket(request.socket, 'request-timeout');
    }, ms).unref();
    request.once('close', () => clearTimeout(late));
  };
  // Node's own check of Host answers without a body, and lets two of them pass: ours is in the listener.
  const server = createServer({ ...options, ...longest, requireHostHeader: false }, (request, response) => {
    const isUpload = uploads?.are(request) === true;
    const answerMs = isUpload ? 2 * uploads.ms : (options.answerMs ?? ANSWER_MS);
    if (uploads && !isUpload && options.requestTimeout) limitArrival(request, options.requestTimeout);
    const unread = setTimeout(() => {
      if (!String(response.getHeader('Content-Type')).startsWith('text/event-stream')) request.socket.destroy();
    }, answerMs).unref();
    response.once('close', () => clearTimeout(unread));
    const hosts = hostsOf(request);
    if (hosts === 1 || (hosts === 0 && request.httpVersion !== '1.1')) return listener(request, response);
    const { status, headers, body } = problem('malformed-request');
    response.writeHead(status, headers).end(body);
  });
  // A client that never reads its answers keeps them in our memory, and a connection that others need.
  server.setTimeout(options.silenceMs ?? SILENCE_MS);
  if (options.maxConnections !== undefined) server.maxConnections = options.maxConnections;
  limitByAddress(server, options);
  // The one expectation of HTTP is 100-continue, which Node meets by itself; any other may be passed over.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.on('connect', (_, socket: Socket) => {
    socket.on('error', () => undefined);
    answerSocket(socket, 'method-not-allowed');
  });
  server.on(
    'clientError',
    (error: NodeJS.ErrnoException, socket: Socket & { _httpMessage?: { headersSent: boolean } }) => {
      // In the middle of an answer there is nothing left to say.
      if (error.code === 'ECONNRESET' || !socket.writable || socket._httpMessage?.headersSent) socket.destroy();
      else answerSocket(socket, codeOf(error));
    },
  );
  return server;
}

/** One address may not take the places of all others. Behind a proxy many people have one; private peers are ours. */
export function limitByAddress(
  server: Server,
  options: Pick<HttpServerOptions, 'maxConnectionsPerAddress' | 'trustedProxies'>,
): void {
  const { maxConnectionsPerAddress: most = PER_ADDRESS, trustedProxies = [] } = options;
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const address = readAddress(socket.remoteAddress ?? '');
    if (!address || address.range() !== 'unicast' || isInside(address, trustedProxies)) return;
    const name = neighbourhood(address);
    const count = (open.get(name) ?? 0) + 1;
    if (count > most) return void socket.destroy();
    open.set(name, count);
    socket.once('close', () => {
      const left = open.get(name)! - 1;
      if (left > 0) open.set(name, left);
      else open.delete(name);
    });
  });
}
