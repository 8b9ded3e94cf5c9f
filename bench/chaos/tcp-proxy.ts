import { connect, createServer, type Socket } from 'node:net';
import { listen, portOf } from '../../src/simulators/simulator-control.js';

/** Sees what one connection carries; null instead of bytes cuts the connection there. */
export interface Inspector {
  toServer(chunk: Buffer): Buffer | null;
  toClient(chunk: Buffer): Buffer | null;
}

/** `refuse` ends every connection, `black-hole` keeps them and carries nothing. */
export type Way = 'open' | 'refuse' | 'black-hole';

export interface TcpProxy {
  readonly port: number;
  set(way: Way): void;
  /** Ends the connections that are there; new ones are welcome. */
  cutAll(): void;
  stop(): Promise<void>;
}

export interface TcpProxyOptions {
  /** Ports on 127.0.0.1 in the order in which they are tried for the next connection. */
  targets(): readonly number[];
  inspect?(): Inspector;
}

function connected(port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.once('error', () => resolve(null));
    socket.once('connect', () => resolve(socket));
  });
}

/** Passes on everything from one side, with its backpressure; `end` is called where the inspector cuts. */
function carry(from: Socket, to: Socket, pass: (chunk: Buffer) => Buffer | null, end: () => void): void {
  from.on('data', (chunk: Buffer) => {
    const bytes = pass(chunk);
    if (bytes === null) return end();
    if (bytes.length > 0 && !to.write(bytes)) from.pause();
  });
  to.on('drain', () => from.resume());
}

const asItIs = (chunk: Buffer): Buffer => chunk;

/** A TCP proxy on a port of its own that can be told to misbehave as networks do. */
export async function startTcpProxy({ targets, inspect }: TcpProxyOptions): Promise<TcpProxy> {
  let way: Way = 'open';
  const pairs = new Set<{ end(): void; silence(on: boolean): void }>();

  async function join(client: Socket): Promise<void> {
    let server: Socket | null = null;
    const end = (): void => {
      pairs.delete(pair);
      client.destroy();
      server?.destroy();
    };
    const pair = {
      end,
      silence: (on: boolean): void => {
        for (const socket of [client, server]) {
          if (on) socket?.pause();
          else socket?.resume();
        }
      },
    };
    pairs.add(pair);
    client.on('error', end).on('close', end);
    for (const port of targets()) {
      server = await connected(port);
      if (server !== null) break;
    }
    if (server === null || client.destroyed) return end();
    server.on('error', end).on('close', end);
    const inspector = inspect?.();
    carry(client, server, (chunk) => (inspector ? inspector.toServer(chunk) : asItIs(chunk)), end);
    carry(server, client, (chunk) => (inspector ? inspector.toClient(chunk) : asItIs(chunk)), end);
    pair.silence(way === 'black-hole');
  }

  const listener = createServer({ pauseOnConnect: true, noDelay: true }, (client) => {
    if (way === 'refuse') return void client.destroy();
    void join(client);
  });
  await listen(listener, 0);
  const cutAll = (): void => [...pairs].forEach((pair) => pair.end());
  return {
    port: portOf(listener),
    set(next) {
      way = next;
      if (way === 'refuse') cutAll();
      else pairs.forEach((pair) => pair.silence(way === 'black-hole'));
    },
    cutAll,
    async stop() {
      const closed = new Promise((resolve) => listener.close(resolve));
      cutAll();
      await closed;
    },
  };
}
