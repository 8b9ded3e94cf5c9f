import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
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

/**
 * An HTTP server that answers problem+json also where no request gets as far as the application: broken HTTP, headers too
 * large, requests too slow. Node's own answers have no body, and so no correlation id.
 */
export function createHttpServer(
  listener: RequestListener,
  deps: { publicUrl: string },
  options: ServerOptions = {},
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
  // Node's own check of Host answers without a body, and lets two of them pass: ours stands in the listener.
  const server = createServer({ ...options, requireHostHeader: false }, (request, response) => {
    const hosts = hostsOf(request);
    if (hosts === 1 || (hosts === 0 && request.httpVersion !== '1.1')) return listener(request, response);
    const { status, headers, body } = problem('malformed-request');
    response.writeHead(status, headers).end(body);
  });
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
