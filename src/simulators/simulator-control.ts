import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';

/** One control call: gets the parsed JSON body (undefined without one) and returns what to answer as JSON. */
export type ControlHandler = (body: unknown) => unknown;

const MAX_BODY_BYTES = 1024 * 1024;

/** Reads a request body up to 1 MiB; throws beyond. */
export async function readBody(request: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    const chunk = part as Buffer;
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error('the body is larger than 1 MiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Answers a control call if one of `routes` (keys such as `POST /simulator/faults`) takes it; an Error thrown becomes a 400 with its message. */
export async function answerControl(
  routes: Readonly<Record<string, ControlHandler>>,
  request: IncomingMessage,
  respond: (status: number, json: unknown) => void,
): Promise<boolean> {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  const handler = routes[`${request.method} ${path}`];
  if (handler === undefined) return false;
  try {
    const body = await readBody(request);
    respond(200, handler(body.length === 0 ? undefined : JSON.parse(body.toString('utf8'))) ?? { ok: true });
  } catch (error) {
    respond(400, { error: (error as Error).message });
  }
  return true;
}

/** A plain HTTP server on 127.0.0.1 (port 0: a free one) that serves control calls only. */
export async function startControlServer(
  routes: Readonly<Record<string, ControlHandler>>,
  port: number,
): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const respond = (status: number, json: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
    };
    void answerControl(routes, request, respond).then((taken) => {
      if (!taken) respond(404, { error: `known calls: ${Object.keys(routes).join(', ')}` });
    });
  });
  await listen(server, port);
  return { url: `http://127.0.0.1:${portOf(server)}`, stop: () => close(server) };
}

/** Listens on 127.0.0.1; rejects when the port is busy. */
export function listen(server: NetServer, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** The port a listening server got. */
export function portOf(server: { address(): AddressInfo | string | null }): number {
  return (server.address() as AddressInfo).port;
}

/** Closes an HTTP server with every connection it still has. */
export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
