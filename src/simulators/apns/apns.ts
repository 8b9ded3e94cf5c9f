import { randomUUID } from 'node:crypto';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { createFaults, type ApnsFault } from './faults.js';
import { judgePush, type Refusal } from './requests.js';
import { createTokenDirectory, type PushListener } from './tokens.js';
import { listen, portOf, readBody, startControlServer } from '../simulator-control.js';

export type { ApnsFault } from './faults.js';

/** A push that was accepted for delivery. `at` is in milliseconds. */
export interface RecordedPush {
  readonly token: string;
  readonly topic: string;
  readonly at: number;
  readonly id: string;
}

/** A push that was refused, with the reason given. */
export interface RecordedRefusal {
  readonly path: string;
  readonly status: number;
  readonly reason: string;
  readonly at: number;
}

export interface ApnsSimulatorOptions {
  /** Port of the HTTP/2 endpoint; 0 or absent: a free one. */
  readonly port?: number;
  /** Port of the control endpoint; 0 or absent: a free one. */
  readonly controlPort?: number;
  readonly serverCertificatePem: string;
  readonly serverKeyPem: string;
  /** Only client certificates issued under these authorities get past the TLS handshake. */
  readonly clientCaPem: string | readonly string[];
  /** Milliseconds; default Date.now. */
  readonly clock?: () => number;
}

export interface ApnsSimulator {
  /** `https://127.0.0.1:port`, HTTP/2 with a client certificate. */
  readonly url: string;
  /** Plain HTTP: POST /simulator/faults, POST /simulator/tokens, GET /simulator/pushes. */
  readonly controlUrl: string;
  readonly pushes: readonly RecordedPush[];
  readonly refusals: readonly RecordedRefusal[];
  /** Connections that got past the TLS handshake so far. */
  readonly connections: number;
  registerToken(token: string, topic: string, onPush?: PushListener): void;
  unregisterToken(token: string, atMs?: number): void;
  fault(...faults: ApnsFault[]): void;
  stop(): Promise<void>;
}

/**
 * Stands in for api.push.apple.com as wallets meet it: HTTP/2 over TLS, client certificate required, its subject UID the
 * only topic allowed, Apple's reasons for everything else. Reasons follow Apple's "Handling notification responses".
 */
export async function startApnsSimulator(options: ApnsSimulatorOptions): Promise<ApnsSimulator> {
  const clock = options.clock ?? Date.now;
  const tokens = createTokenDirectory(clock);
  const sockets = new Set<Socket>();
  const pushes: RecordedPush[] = [];
  const refusals: RecordedRefusal[] = [];
  let connections = 0;
  const faults = createFaults(() => sockets.forEach((socket) => socket.destroy()));

  const deliver = (listener: PushListener, push: RecordedPush): void => {
    pushes.push(push);
    // After the answer: a phone never learns of a push before its sender does.
    setImmediate(() => listener({ topic: push.topic }));
  };

  const onRequest = async (request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> => {
    const body = await readBody(request);
    const headers = request.headers as Record<string, string | undefined>;
    const id = (headers['apns-id'] ?? randomUUID()).toUpperCase();
    const answer = (status: number, json?: object, extra: Record<string, string> = {}): void => {
      if (response.stream.destroyed) return;
      response.writeHead(status, { 'apns-id': id, ...extra });
      response.end(json === undefined ? '' : JSON.stringify(json));
    };
    const refuse = ({ status, reason, timestamp }: Refusal, extra?: Record<string, string>): void => {
      refusals.push({ path: request.url, status, reason, at: clock() });
      answer(status, timestamp === undefined ? { reason } : { reason, timestamp }, extra);
    };

    const fault = faults.next();
    if (fault?.kind === 'silent') return;
    if (fault?.kind === 'go-away') {
      // Everything below this stream was served, this one was not: the sender must send it again on a new connection.
      request.stream.session?.goaway(0, Math.max(0, (request.stream.id ?? 1) - 2));
      request.stream.close(7);
      return;
    }
    if (fault?.kind === 'drop-connection' && fault.delivered !== true) return void request.stream.session?.destroy();
    if (fault?.kind === 'status') {
      const reason = fault.status === 503 ? 'ServiceUnavailable' : 'InternalServerError';
      return refuse({ status: fault.status, reason }, retryAfter(fault.retryAfterSeconds));
    }
    if (fault?.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.delayMs));

    const push = judgePush({
      method: request.method,
      path: request.url,
      headers,
      body,
      certificateUid: certificateUid(request.stream.session?.socket as TLSSocket | undefined),
    });
    if ('status' in push) return refuse(push);
    const listener = tokens.lookUp(push.token, push.topic);
    if (typeof listener !== 'function') return refuse(listener);
    const throttle = faults.throttled(push.token);
    if (throttle !== undefined)
      return refuse({ status: 429, reason: 'TooManyRequests' }, retryAfter(throttle.retryAfterSeconds));

    deliver(listener, { token: push.token, topic: push.topic, at: clock(), id });
    if (fault?.kind === 'drop-connection') return void request.stream.session?.destroy();
    answer(200);
  };

  const server = createSecureServer(
    {
      cert: options.serverCertificatePem,
      key: options.serverKeyPem,
      ca: typeof options.clientCaPem === 'string' ? options.clientCaPem : [...options.clientCaPem],
      requestCert: true,
      rejectUnauthorized: true,
      allowHTTP1: false,
      minVersion: 'TLSv1.2',
    },
    // A request of which not even its body could be read: the stream breaks, as Apple's would.
    (request, response) => void onRequest(request, response).catch(() => request.stream.close(2)),
  );
  server.on('connection', (socket: Socket) => {
    if (faults.outage) return void socket.destroy();
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('secureConnection', () => (connections += 1));
  server.on('sessionError', () => undefined);

  const order = (body: unknown): void => [body].flat().forEach((fault) => faults.order(fault as ApnsFault));
  await listen(server, options.port ?? 0);
  const control = await startControlServer(
    {
      'POST /simulator/faults': order,
      'POST /simulator/tokens': (body) => announceToken(tokens, body),
      'GET /simulator/pushes': () => ({ count: pushes.length, pushes, refusals, connections }),
    },
    options.controlPort ?? 0,
  );

  return {
    url: `https://127.0.0.1:${portOf(server)}`,
    controlUrl: control.url,
    pushes,
    refusals,
    get connections() {
      return connections;
    },
    registerToken: tokens.registerToken,
    unregisterToken: tokens.unregisterToken,
    fault: (...ordered) => order(ordered),
    async stop() {
      await control.stop();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        sockets.forEach((socket) => socket.destroy());
      });
    },
  };
}

const retryAfter = (seconds: number | undefined): Record<string, string> =>
  seconds === undefined ? {} : { 'retry-after': String(seconds) };

function certificateUid(socket: TLSSocket | undefined): string | undefined {
  // Node types the subject without UID, although a Pass Type ID certificate always has one.
  const subject = socket?.getPeerCertificate().subject as { UID?: string } | undefined;
  return subject?.UID;
}

function announceToken(tokens: ReturnType<typeof createTokenDirectory>, body: unknown): void {
  const { token, topic, unregisteredAt } = (body ?? {}) as Record<string, unknown>;
  if (typeof token !== 'string' || typeof topic !== 'string') throw new Error('token and topic must be strings');
  tokens.registerToken(token, topic);
  if (typeof unregisteredAt === 'number') tokens.unregisterToken(token, unregisteredAt);
}
