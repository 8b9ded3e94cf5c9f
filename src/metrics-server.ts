import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

/** Where a process shows its metrics; never the public address. Port 0: a free one. */
export interface MetricsConfig {
  host: string;
  port: number;
}

export interface MetricsServer {
  port: number;
  stop(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Serves GET /metrics in the text format of Prometheus and GET /livez, on a listener of its own. Throws where the port
 * is in use.
 */
export async function startMetricsServer(
  registry: Registry,
  { host, port }: MetricsConfig,
  isAlive: () => boolean = () => true,
): Promise<MetricsServer> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    if (request.method === 'GET' && request.url === '/livez') {
      response.writeHead(isAlive() ? 200 : 503, { 'Content-Type': 'text/plain' }).end(isAlive() ? 'ok' : 'not working');
      return;
    }
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    registry.metrics().then(
      (text) =>
        response.writeHead(200, { 'Content-Type': registry.contentType, 'Cache-Control': 'no-store' }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => resolve());
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    throw new Error(`Port ${port} is in use: each process needs a METRICS_PORT of its own.`, { cause: error });
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
