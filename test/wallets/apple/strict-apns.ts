import { once } from 'node:events';
import {
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ThrowawayAuthority } from '../../../src/wallets/apple/throwaway-certificates.js';

export interface ReceivedPush {
  token: string;
  headers: Record<string, unknown>;
  body: string;
  stream: ServerHttp2Stream;
  session: ServerHttp2Session;
  /** UID of the client certificate that the push came with. */
  clientUid: string;
}

export type Answer = (push: ReceivedPush, count: number) => void;

export const accept = ({ stream }: ReceivedPush): void => {
  stream.respond({ ':status': 200, 'apns-id': `id-${stream.id}` });
  stream.end();
};
export const refuse =
  (status: number, body: object | string, headers: Record<string, string> = {}): Answer =>
  ({ stream }) => {
    stream.respond({ ':status': status, ...headers });
    stream.end(typeof body === 'string' ? body : JSON.stringify(body));
  };

/** An APNs that demands a client certificate of `authority`; the test says how it answers. */
export async function startStrictApns(
  authority: ThrowawayAuthority,
  answer: Answer,
  settings: { maxConcurrentStreams?: number } = {},
) {
  const { certificatePem: cert, privateKeyPem: key } = authority.issueServerCertificate();
  const server: Http2SecureServer = createSecureServer({
    cert,
    key,
    ca: authority.certificatePem,
    requestCert: true,
    rejectUnauthorized: true,
    settings: { maxConcurrentStreams: settings.maxConcurrentStreams ?? 1000 },
  });
  const sessions: ServerHttp2Session[] = [];
  const received: ReceivedPush[] = [];
  const sockets: TLSSocket[] = [];
  server.on('secureConnection', (socket) => sockets.push(socket));
  let open = 0;
  const peak = { streams: 0 };
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => {});
  });
  server.on('sessionError', () => {});
  server.on('stream', (stream, headers) => {
    open += 1;
    peak.streams = Math.max(peak.streams, open);
    stream.on('close', () => (open -= 1));
    stream.on('error', () => {});
    stream.setEncoding('utf8');
    let body = '';
    stream.on('data', (chunk: string) => (body += chunk));
    stream.on('end', () => {
      const session = stream.session as ServerHttp2Session;
      const subject = (session.socket as TLSSocket).getPeerCertificate().subject as unknown as Record<string, string>;
      const token = /^\/3\/device\/([0-9a-f]+)$/.exec(String(headers[':path']))?.[1] ?? '';
      const push = { token, headers: { ...headers }, body, stream, session, clientUid: subject['UID'] ?? '' };
      received.push(push);
      answer(push, received.length);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    received,
    sessions,
    /** The bare connections, to be killed without a farewell. */
    sockets,
    peak,
    async stop() {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
