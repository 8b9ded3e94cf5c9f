import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Log } from '../../src/embedded/progress.js';
import { findGoProgram, MissingProgram, runGo, type GoProgram } from '../../scripts/go-program.js';
import { findOnPath } from '../../src/embedded/run-command.js';
import { findTemporalCli } from '../../src/embedded/temporal-cli.js';

/** The version that Compose starts. */
const TEMPORAL = 'v1.32.1';
const CADDY = 'v2.10.2';

/** What the drill runs beside the product; each is the program that an operator would run. */
export interface Programs {
  temporalServer: string;
  temporalSqlTool: string;
  /** Temporal's own schema files, the folder that its image has as /etc/temporal. */
  temporalFiles: string;
  temporalCli: string;
  caddy: string;
  /** Folder of PostgreSQL's server and tools of one version. */
  postgres: string;
  /** Null: this machine has none. */
  prometheus: string | null;
}

const GO_PROGRAMS = {
  temporalServer: { name: 'server', module: 'go.temporal.io/server/cmd/server', version: TEMPORAL, minutes: 8 },
  temporalSqlTool: { name: 'sql', module: 'go.temporal.io/server/cmd/tools/sql', version: TEMPORAL, minutes: 1 },
  caddy: { name: 'caddy', module: 'github.com/caddyserver/caddy/v2/cmd/caddy', version: CADDY, minutes: 1 },
} as const satisfies Record<string, GoProgram>;

/** The newest PostgreSQL of this machine that has server and tools; the embedded one has no psql and no pg_dump. */
function findPostgres(): string {
  const needed = ['initdb', 'postgres', 'psql', 'pg_dump', 'pg_restore'];
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const onPath = findOnPath('initdb', process.env);
  const folders = [
    ...versions.map((version) => path.join(debian, version, 'bin')),
    ...(onPath ? [path.dirname(onPath)] : []),
  ];
  const found = folders.find((folder) => needed.every((name) => existsSync(path.join(folder, name))));
  if (found) return found;
  throw new MissingProgram(`PostgreSQL with ${needed.join(', ')} is missing; on Debian: apt-get install postgresql`);
}

function requireNamespaces(): void {
  for (const name of ['unshare', 'ip']) {
    if (process.platform !== 'linux' || !findOnPath(name, process.env)) {
      throw new MissingProgram(`${name} is missing: the drill runs in a network of its own, which Linux alone has`);
    }
  }
}

/** Finds or builds every program; throws `MissingProgram` with the cure. */
export async function findPrograms(log: Log): Promise<Programs> {
  requireNamespaces();
  const postgres = findPostgres();
  const temporalServer = await findGoProgram(GO_PROGRAMS.temporalServer, log);
  const temporalSqlTool = await findGoProgram(GO_PROGRAMS.temporalSqlTool, log);
  const caddy = await findGoProgram(GO_PROGRAMS.caddy, log);
  const module = JSON.parse(await runGo(['mod', 'download', '-json', `go.temporal.io/server@${TEMPORAL}`])) as {
    Dir: string;
  };
  const { path: temporalCli } = await findTemporalCli({ log });
  return {
    temporalServer,
    temporalSqlTool,
    temporalFiles: module.Dir,
    temporalCli,
    caddy,
    postgres,
    prometheus: findOnPath('prometheus', process.env) ?? null,
  };
}
