import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { startPostgres, type RunningPostgres } from '../../src/embedded/postgres.js';

/** PostgreSQL on one port for the whole drill, with the ways in which it can fail. */
export interface DatabaseServer {
  readonly url: string;
  readonly port: number;
  /** The whole server ends without a goodbye. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** All its processes stop where they are, and go on. */
  freeze(): void;
  thaw(): void;
  /** As a server that was a primary until a moment ago. */
  readOnly(on: boolean): Promise<void>;
  stop(): Promise<void>;
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[1] === String(parent);
      } catch {
        return false;
      }
    });
}

/** Starts it in `dataDir`; the ways that name processes need Linux's /proc. */
export async function startDatabaseServer(dataDir: string, log: (line: string) => void): Promise<DatabaseServer> {
  let running: RunningPostgres | null = await startPostgres({ dataDir, log });
  const { url, port } = running;
  const postmaster = (): number =>
    Number(readFileSync(path.join(dataDir, 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0]);
  const signal = (name: NodeJS.Signals): void => {
    const pid = postmaster();
    // The father first when stopping, or he starts new ones.
    for (const one of [pid, ...childrenOf(pid)]) process.kill(one, name);
  };
  const stop = async (): Promise<void> => {
    await running?.stop();
    running = null;
  };
  return {
    url,
    port,
    async kill() {
      process.kill(postmaster(), 'SIGKILL');
      await stop();
    },
    async start() {
      running = await startPostgres({ dataDir, port, log });
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    async readOnly(on) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      try {
        await client.query(`alter system set default_transaction_read_only = ${on ? 'on' : 'off'}`);
        await client.query('select pg_reload_conf()');
      } finally {
        await client.end();
      }
    },
    stop,
  };
}
