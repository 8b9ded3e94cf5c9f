import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { runCommand } from '../../src/embedded/run-command.js';
import { serverAccount } from '../../src/embedded/postgres-user.js';
import type { Launcher, Started } from './processes.js';
import { PASSWORDS, PORTS } from './settings.js';

const POSTGRES_ENV = { PGHOST: '127.0.0.1', PGPORT: String(PORTS.postgres), PGPASSWORD: PASSWORDS.superuser };

/** PostgreSQL with its own programs and tools, as an operator has it; data in the drill's folder, synced to disk. */
export function createPostgresServer(bin: string, folder: string, repository: string, launcher: Launcher) {
  const account = serverAccount();
  const home = path.join(folder, 'postgres');
  const data = path.join(home, 'data');
  let server: Started | null = null;

  async function run(program: string, args: string[], env: Record<string, string> = {}): Promise<string> {
    const result = await runCommand(path.join(bin, program), args, {
      env: { PATH: `${bin}:${process.env['PATH']}`, ...POSTGRES_ENV, ...env },
      cwd: folder,
      timeoutMs: 300_000,
    });
    if (!result.ok) throw new Error(`${program} ${args.join(' ')}: ${result.output.slice(-1_000)}`);
    return result.output;
  }

  /** PostgreSQL's programs refuse root; only these two need another account. */
  async function initialise(): Promise<void> {
    mkdirSync(home, { mode: 0o711 });
    const passwordFile = path.join(home, 'password');
    writeFileSync(passwordFile, PASSWORDS.superuser, { mode: 0o600 });
    for (const file of account ? [home, passwordFile] : []) chownSync(file, account!.uid, account!.gid);
    const made = await launcher.start({
      name: 'initdb',
      command: path.join(bin, 'initdb'),
      args: [
        '--pgdata',
        data,
        '--auth=scram-sha-256',
        '--username=postgres',
        '--pwfile',
        passwordFile,
        '--encoding=UTF8',
        '--locale=C',
      ],
      account,
    });
    if ((await made.ended) !== 0) throw new Error('initdb failed; see initdb.log');
  }

  async function start(): Promise<void> {
    server = await launcher.start({
      name: 'postgres',
      command: path.join(bin, 'postgres'),
      args: [
        '-D',
        data,
        '-p',
        String(PORTS.postgres),
        '-c',
        'listen_addresses=127.0.0.1',
        '-c',
        'unix_socket_directories=',
        '-c',
        'max_connections=400',
      ],
      account,
      stopSignal: 'SIGINT',
    });
    await launcher.untilReady('postgres', () => run('psql', ['-U', 'postgres', '-d', 'postgres', '-c', 'select 1']));
  }

  return {
    initialise,
    start,
    async stop(): Promise<void> {
      await server?.stop();
      server = null;
    },
    run,
    /** The script that Compose mounts into the image's start folder. */
    async createDatabases(): Promise<void> {
      const script = path.join(repository, 'deploy/postgres/create-databases.sh');
      const result = await runCommand('sh', [script], {
        env: {
          PATH: `${bin}:${process.env['PATH']}`,
          ...POSTGRES_ENV,
          POSTGRES_USER: 'postgres',
          PASSRELAY_DB_PASSWORD: PASSWORDS.passrelay,
          TEMPORAL_DB_PASSWORD: PASSWORDS.temporal,
        },
        timeoutMs: 60_000,
      });
      if (!result.ok) throw new Error(`create-databases.sh: ${result.output}`);
    },
    async query<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
      const client = new pg.Client({ connectionString: superuserUrl('passrelay') });
      await client.connect();
      try {
        return (await client.query(text, values)).rows as Row[];
      } finally {
        await client.end();
      }
    },
  };
}

const superuserUrl = (database: string): string =>
  `postgres://postgres:${PASSWORDS.superuser}@127.0.0.1:${PORTS.postgres}/${database}`;
