import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { connectDatabase, type Database } from '../src/database/connect.js';
import { migrate } from '../src/database/migrate.js';
import { startPostgres } from '../src/embedded/postgres.js';
import { findTemporalCli } from '../src/embedded/temporal-cli.js';
import { startTemporal } from '../src/embedded/temporal.js';
import { SEARCH_ATTRIBUTES } from '../src/workflows/search-attributes.js';

export interface BenchDatabase {
  url: string;
  database: Database;
  /** A statement as the owner, past row level security. */
  owner<Row = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>;
}

export interface Servers {
  folder: string;
  temporalAddress: string;
  /** A database without anything in it on the one PostgreSQL server; returns its URL. */
  createEmptyDatabase(name: string): Promise<string>;
  /** A migrated one. */
  createDatabase(name: string): Promise<BenchDatabase>;
  /** Runs when the servers stop, the last one first. */
  onStop(stop: () => Promise<unknown>): void;
  stop(): Promise<void>;
}

/**
 * The product's own embedded PostgreSQL and Temporal with its settings, in a folder that goes afterwards. PostgreSQL
 * syncs to disk; Temporal keeps its state in memory, which makes it fastest: the opponents get the better engine.
 */
export async function startServers(log: (line: string) => void): Promise<Servers> {
  const folder = mkdtempSync(path.join(tmpdir(), 'passrelay-bench-'));
  // Run as root, PostgreSQL has another account, which must get through to its data.
  chmodSync(folder, 0o711);
  const stops: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const one of stops.splice(0).reverse()) {
      await one().catch((error: unknown) => log(`did not stop in order: ${(error as Error).message}`));
    }
  };
  try {
    const postgres = await startPostgres({ dataDir: path.join(folder, 'postgres'), log });
    stops.push(() => postgres.stop());
    const cli = await findTemporalCli({ log });
    const temporal = await startTemporal({
      cliPath: cli.path,
      headless: true,
      searchAttributes: SEARCH_ATTRIBUTES,
      log,
    });
    stops.push(() => temporal.stop());
    const createEmptyDatabase = async (name: string): Promise<string> => {
      const url = new URL(postgres.url);
      const server = new pg.Client({ connectionString: url.href });
      await server.connect();
      await server.query(`create database ${server.escapeIdentifier(name)}`).finally(() => server.end());
      url.pathname = `/${name}`;
      return url.href;
    };
    return {
      folder,
      temporalAddress: temporal.address,
      onStop: (one) => void stops.push(one),
      stop,
      createEmptyDatabase,
      async createDatabase(name) {
        const url = await createEmptyDatabase(name);
        await migrate(url);
        const owner = new pg.Pool({ connectionString: url, max: 4 });
        const database = connectDatabase({ url, applicationName: 'passrelay-bench' });
        stops.push(() => Promise.all([owner.end(), database.close()]));
        return {
          url,
          database,
          owner: async <Row>(text: string, values?: unknown[]) => (await owner.query(text, values)).rows as Row[],
        };
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
