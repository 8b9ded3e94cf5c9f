import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** What a provider, or something in front of it, may put on the wire. */
export interface RawAnswer {
  status: number;
  body?: string;
  headers?: Readonly<Record<string, string>>;
  /** Resets the connection after so many bytes of the body; `Content-Length` promises all of it. */
  cutAfter?: number;
}

/** A server that answers every request as told, byte by byte; `null` resets the connection at once. */
export async function startRawProvider() {
  let next: (head: string) => RawAnswer | null = () => null;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    let got = '';
    socket.on('data', (chunk: Buffer) => {
      got += chunk.toString('latin1');
      const end = got.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/^content-length: (\d+)/im.exec(got)?.[1] ?? 0);
      if (got.length < end + 4 + length) return;
      const head = got.slice(0, end);
      got = '';
      const answer = next(head);
      if (!answer) return socket.resetAndDestroy();
      const body = Buffer.from(answer.body ?? '');
      const headers = { ...answer.headers, 'content-length': String(body.length), connection: 'close' };
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`HTTP/1.1 ${answer.status} Said\r\n${lines.join('')}\r\n`);
      if (answer.cutAfter === undefined) return socket.end(body);
      socket.write(body.subarray(0, answer.cutAfter), () => setImmediate(() => socket.resetAndDestroy()));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    /** The same port, where a client speaks TLS to a server that does not. */
    tlsUrl: `https://127.0.0.1:${port}`,
    answer: (with_: RawAnswer | null | ((head: string) => RawAnswer | null)) =>
      void (next = typeof with_ === 'function' ? with_ : () => with_),
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
