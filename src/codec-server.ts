import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { ApiError } from './api/problems.js';
import { readRawBody } from './api/requests/raw-body.js';
import type { CodecServerConfig } from './config.js';
import { createEncryptingCodec, fromJsonPayload, toJsonPayload, type JsonPayload } from './worker/encrypting-codec.js';

export interface RunningCodecServer {
  port: number;
  stop(): Promise<void>;
}

/** A page of histories in one request. */
const BODY_LIMIT_BYTES = 4 * 1024 * 1024;

const digest = (value: string): Buffer => createHash('sha256').update(value).digest();

/** The key of a request: a bearer token, or the password that a browser asked a person for. */
function presentedKey(request: IncomingMessage): string {
  const [scheme, value = ''] = (request.headers.authorization ?? '').split(' ', 2);
  if (scheme?.toLowerCase() === 'bearer') return value;
  if (scheme?.toLowerCase() !== 'basic') return '';
  const pair = Buffer.from(value, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}

/**
 * The codec server of the Temporal UI (POST /decode, Temporal's remote codec protocol): it decrypts for holders of the
 * access key, in pages of the UI's origin alone. It never encrypts, so that it cannot make payloads that workers trust.
 */
export async function startCodecServer(
  config: CodecServerConfig,
  log: Logger,
  host?: string,
): Promise<RunningCodecServer> {
  const codec = createEncryptingCodec({ keys: config.secretKeys, encrypt: false });
  const wanted = digest(config.accessKey);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const end = (status: number, body = '', type = 'text/plain; charset=utf-8'): void => {
      response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body);
    };
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Vary', 'Origin');
    if (request.method === 'GET' && request.url === '/livez') return end(200, 'ok');
    const { origin } = request.headers;
    if (origin !== undefined && origin !== config.uiOrigin) return end(403, 'Pages of this origin may not call.');
    if (origin !== undefined) {
      response.setHeader('Access-Control-Allow-Origin', config.uiOrigin);
      response.setHeader('Access-Control-Allow-Credentials', 'true');
    }
    if (request.method === 'OPTIONS') {
      response.setHeader('Access-Control-Allow-Methods', 'POST');
      response.setHeader('Access-Control-Allow-Headers', 'content-type, authorization, x-namespace');
      response.setHeader('Access-Control-Max-Age', '600');
      return end(204);
    }
    if (!timingSafeEqual(digest(presentedKey(request)), wanted)) {
      response.setHeader('WWW-Authenticate', 'Basic realm="Passrelay codec", charset="UTF-8"');
      return end(401, 'Send the key of CODEC_SERVER_KEY as a bearer token, or as the password.');
    }
    // Not by URL, which throws at "//".
    const [path] = (request.url ?? '/').split('?', 1);
    // A person opens this page once, so that the browser knows the password when the UI's pages call.
    if (request.method === 'GET' && path === '/') return end(200, 'You may go back to the Temporal UI: it can decode.');
    if (path !== '/decode') return end(404, 'POST /decode is all there is.');
    if (request.method !== 'POST') return end(405, 'POST /decode is all there is.');
    let payloads: JsonPayload[];
    try {
      const body = JSON.parse((await readRawBody(request, BODY_LIMIT_BYTES)).toString('utf8')) as {
        payloads?: JsonPayload[];
      };
      payloads = Array.isArray(body.payloads) ? body.payloads : [];
      const decoded = await codec.decode(payloads.map(fromJsonPayload));
      return end(200, JSON.stringify({ payloads: decoded.map(toJsonPayload) }), 'application/json');
    } catch (error) {
      if (error instanceof ApiError && error.code === 'body-too-large')
        return end(413, 'More than 4 MB at once: ask for fewer payloads.');
      // The error may quote the body.
      log.warn({ code: (error as { code?: string }).code ?? (error as Error).name }, 'payloads not decoded');
      return end(400, 'The payloads cannot be decoded: SECRETS_KEY must hold the key that they name.');
    }
  }

  const server = createServer({ requestTimeout: 15_000 }, (request, response) => {
    answer(request, response).catch((err: unknown) => {
      log.error({ err }, 'codec request failed');
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: config.port, ...(host !== undefined && { host }) }, () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  log.info({ port, uiOrigin: config.uiOrigin }, 'decoding for the Temporal UI');
  return {
    port,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
