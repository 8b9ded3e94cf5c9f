import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { connectDatabase, type Database } from '../../src/database/connect.js';
import { migrate } from '../../src/database/migrate.js';
import { startPostgres } from '../../src/embedded/postgres.js';
import './note-statements.js';

export interface TestDatabase {
  url: string;
  database: Database;
  /** A statement as the owner of the database, past row level security: for looking behind the scenes. */
  owner<Row = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

/** One template per state of the migrations: editing one makes the next run build anew. */
function templateName(): string {
  const folder = new URL('../../migrations/', import.meta.url);
  const hash = createHash('sha256');
  for (const file of readdirSync(folder).sort()) hash.update(file).update(readFileSync(new URL(file, folder)));
  return `passrelay_template_${hash.digest('hex').slice(0, 12)}`;
}

const at = (serverUrl: string, name: string): string => {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
};

async function onServer<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** A server for this process alone, in a folder that goes when it stops. */
async function startEmbedded(): Promise<{ url: string; stop: () => Promise<void> }> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'passrelay-test-pg-'));
  // Run as root, PostgreSQL has another account: its data would lie elsewhere, and stay there, if it could not get in.
  chmodSync(dataDir, 0o711);
  const running = await startPostgres({ dataDir, log: () => undefined });
  return {
    url: running.url,
    async stop() {
      await running.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

let server: Promise<{ url: string; stop: () => Promise<void> }> | undefined;
let users = 0;

/** The server of the environment, else the embedded one, started for this process and stopped with its last database. */
async function serverUrl(): Promise<string> {
  const given = process.env['TEST_DATABASE_URL'];
  if (given) return given;
  server ??= startEmbedded();
  return (await server).url;
}

/**
 * A migrated database of its own, cloned from a template in some tens of milliseconds. Drop it at the end: a
 * connection that is still open then makes the drop fail, which is how leaks are found.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  users++;
  const base = await serverUrl();
  const template = templateName();
  const name = `passrelay_test_${randomBytes(6).toString('hex')}`;
  await onServer(base, async (client) => {
    // A session lock: test files run in processes of their own, and one of them builds the template for all.
    await client.query('select pg_advisory_lock(7272002)');
    const { rowCount } = await client.query('select from pg_database where datname = $1 and datistemplate', [template]);
    if (rowCount === 0) {
      await client.query(`drop database if exists ${template}`);
      await client.query(`create database ${template}`);
      await migrate(at(base, template));
      await client.query(`alter database ${template} is_template true`);
    }
    await client.query(`create database ${name} template ${template}`);
  });
  const url = at(base, name);
  const database = connectDatabase({ url, poolMax: 10 });
  const owner = new pg.Pool({ connectionString: url, max: 2 });
  return {
    url,
    database,
    owner: async <Row>(text: string, values?: unknown[]) => (await owner.query(text, values)).rows as Row[],
    async drop() {
      await database.close();
      await owner.end();
      try {
        await onServer(base, (client) => client.query(`drop database ${name}`));
      } finally {
        // Also after a failed drop: a server left running would keep the test process alive.
        if (--users === 0 && server) {
          await (await server).stop();
          server = undefined;
        }
      }
    },
  };
}
