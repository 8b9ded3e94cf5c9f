import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

const HOST = '127.0.0.1';

function tryListen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: HOST, exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve(bound));
    });
  });
}

/** Tells whether nothing listens on this TCP port of 127.0.0.1 at the moment. */
export async function isPortFree(port: number): Promise<boolean> {
  return (await tryListen(port)) !== undefined;
}

/** A connection that goes out from the port of the last run is over in a moment; a server on it stays. */
const LOOKS = 5;
const LOOK_AGAIN_MS = 200;

/** The port of the last run, so that addresses stay what they were; another one where it is taken for good. */
export async function samePort(last: number | undefined): Promise<number> {
  for (let look = 0; last !== undefined && look < LOOKS; look++) {
    if (await isPortFree(last)) return last;
    await wait(LOOK_AGAIN_MS);
  }
  return freePort();
}

/**
 * A TCP port of 127.0.0.1 that is free now: the first free one of `preferred`, else one the system chooses.
 * Another program can still take it before the caller does, so callers that bind later try again.
 */
export async function freePort(preferred: readonly (number | undefined)[] = []): Promise<number> {
  for (const port of preferred) {
    if (port !== undefined && (await isPortFree(port))) return port;
  }
  const port = await tryListen(0);
  if (port === undefined) throw new Error('No free TCP port on 127.0.0.1: close programs that hold many connections.');
  return port;
}
