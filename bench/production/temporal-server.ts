import { readFileSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from '../../src/embedded/run-command.js';
import type { Launcher, Started } from './processes.js';
import type { Programs } from './programs.js';
import { PASSWORDS, PORTS } from './settings.js';

/** Temporal's server on PostgreSQL, with the schema, namespace and dynamic configuration that Compose gives it. */
export function createTemporalServer(programs: Programs, folder: string, repository: string, launcher: Launcher) {
  let server: Started | null = null;
  const address = `127.0.0.1:${PORTS.temporal}`;

  async function runScript(text: string, env: Record<string, string>): Promise<void> {
    const result = await runCommand('sh', ['-c', text], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
      timeoutMs: 180_000,
    });
    if (!result.ok) throw new Error(`${text.split('\n')[1]}: ${result.output.slice(-1_500)}`);
  }
  const scriptOf = (name: string): string => readFileSync(path.join(repository, 'deploy/temporal', name), 'utf8');

  return {
    address,
    /** The script of Compose; the names of the image's files and tool are replaced by those of this machine. */
    async applySchema(): Promise<void> {
      const script = scriptOf('apply-schema.sh')
        .replaceAll('/etc/temporal/', `${programs.temporalFiles}/`)
        .replaceAll('temporal-sql-tool', programs.temporalSqlTool);
      await runScript(script, { POSTGRES_HOST: '127.0.0.1', SQL_PASSWORD: PASSWORDS.temporal });
    },
    async start(): Promise<void> {
      server = await launcher.start({
        name: 'temporal',
        command: programs.temporalServer,
        args: ['--allow-no-auth', 'start'],
        env: {
          DB: 'postgres12',
          DB_PORT: String(PORTS.postgres),
          POSTGRES_SEEDS: '127.0.0.1',
          POSTGRES_USER: 'temporal',
          POSTGRES_PWD: PASSWORDS.temporal,
          NUM_HISTORY_SHARDS: '128',
          BIND_ON_IP: '127.0.0.1',
          LOG_LEVEL: 'warn',
          DYNAMIC_CONFIG_FILE_PATH: path.join(repository, 'deploy/temporal/dynamic-config.yaml'),
        },
      });
      await launcher.untilReady('temporal', () => this.cli(['operator', 'cluster', 'health']));
    },
    async stop(): Promise<void> {
      await server?.stop();
      server = null;
    },
    async createNamespace(): Promise<void> {
      const script = scriptOf('create-namespace.sh').replaceAll(
        'temporal operator',
        `${programs.temporalCli} operator`,
      );
      await runScript(script, { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: 'default' });
    },
    /** A command of Temporal's own command line; throws with its words. */
    async cli(args: string[]): Promise<string> {
      const result = await runCommand(programs.temporalCli, [...args, '--address', address], {
        env: { PATH: process.env['PATH'], HOME: folder },
        timeoutMs: 30_000,
      });
      if (!result.ok) throw new Error(`temporal ${args.join(' ')}: ${result.output.slice(-800)}`);
      return result.output;
    },
  };
}
