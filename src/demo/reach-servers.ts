import { Connection } from '@temporalio/client';
import pg from 'pg';
import type { TemporalConfig } from '../config.js';

const REACH_MS = 10_000;
/** gRPC's DEADLINE_EXCEEDED and UNAVAILABLE, whose texts name the library's inner workings. */
const SILENT = new Set<unknown>([4, 14]);

/** Where a database is, without user and password. */
export function databaseAddress(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

/** Connects to the database of the settings once; throws an Error with the cure. */
export async function reachDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: REACH_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (cause) {
    throw new Error(
      `The database ${databaseAddress(url)} of DATABASE_URL cannot be used: ${(cause as Error).message}. ` +
        'Start or correct it, or leave DATABASE_URL unset: then the demo brings its own PostgreSQL.',
      { cause },
    );
  } finally {
    // A connection that never came about cannot be ended.
    await client.end().catch(() => undefined);
  }
}

/** Asks the Temporal server of the settings for our namespace; throws an Error with the cure. */
export async function reachTemporal({ connectionOptions, namespace }: TemporalConfig): Promise<void> {
  const { address, apiKey, tls, metadata } = connectionOptions;
  const connection = Connection.lazy({
    connectTimeout: REACH_MS,
    ...(address !== undefined && { address }),
    ...(apiKey !== undefined && { apiKey }),
    ...(tls !== undefined && { tls }),
    ...(metadata !== undefined && { metadata: metadata as Record<string, string> }),
  });
  try {
    await connection.withDeadline(Date.now() + REACH_MS, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
  } catch (cause) {
    const { code, message } = cause as { code?: unknown; message: string };
    throw new Error(
      `Temporal at ${address} (namespace ${namespace}) cannot be used: ${SILENT.has(code) ? 'it does not answer' : message}. ` +
        'Start it or correct the TEMPORAL_* settings, or leave them unset: then the demo brings its own server.',
      { cause },
    );
  } finally {
    await connection.close();
  }
}
