import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import path from 'node:path';
import type { Log } from './progress.js';
import { canReach, type ServerAccount } from './postgres-user.js';
import type { PostgresBinaries } from './postgres-binaries.js';

/** What we remember beside the data: how to connect, and the port of the last run. */
export interface ClusterSettings {
  user: string;
  password: string;
  port?: number;
}

const SETTINGS = 'passrelay.json';
const own = (account: ServerAccount | undefined, file: string) => {
  if (account) fs.chownSync(file, account.uid, account.gid);
};

/** A folder that every account of this machine can reach, for what cannot stay in the project's folder. */
export function reachableBase(account: ServerAccount | undefined): string {
  const home = process.env['XDG_CACHE_HOME'] || path.join(process.env['HOME'] || '/tmp', '.cache');
  const places = account
    ? ['/var/lib/passrelay', '/var/tmp/passrelay', '/tmp/passrelay']
    : [path.join(home, 'passrelay')];
  for (const place of places) {
    try {
      fs.mkdirSync(place, { recursive: true, mode: 0o755 });
      fs.accessSync(place, fs.constants.W_OK);
      if (!account || canReach(account, path.join(place, 'x'))) return place;
    } catch {
      continue;
    }
  }
  throw new Error(
    `No folder can be both written by us and reached by the user "postgres" (tried ${places.join(', ')}). ` +
      'Move the project out of a folder that others cannot enter, or set DATABASE_URL to a PostgreSQL server of yours.',
  );
}

/**
 * The folder of the data files: `<dataDir>/cluster`, or, where the server's account cannot enter `dataDir`, a folder it
 * can, to which `<dataDir>/cluster` is a symbolic link.
 */
export function placeCluster(dataDir: string, account: ServerAccount | undefined, log: Log): string {
  fs.mkdirSync(dataDir, { recursive: true });
  const link = path.join(fs.realpathSync(dataDir), 'cluster');
  const target = fs.lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() ? fs.readlinkSync(link) : undefined;
  if (target !== undefined) {
    fs.mkdirSync(path.dirname(target), { recursive: true });
    return target;
  }
  if (!account || canReach(account, link)) return link;
  if (fs.existsSync(link)) {
    throw new Error(
      `The PostgreSQL data in ${link} cannot be reached by the user "postgres". ` +
        'Let others enter the folders that lead to it (chmod o+x), or move that folder away to start over.',
    );
  }
  const elsewhere = path.join(reachableBase(account), `cluster-${randomBytes(6).toString('hex')}`);
  fs.symlinkSync(elsewhere, link);
  log(`PostgreSQL's data lies in ${elsewhere}: its user cannot enter ${dataDir}.`);
  return elsewhere;
}

/** Says why an existing data folder cannot be used, with the cure; returns when it can, or does not exist yet. */
export function checkCluster(cluster: string, version: string): void {
  if (!fs.existsSync(cluster)) return;
  const away = `To start over, move it away: mv ${cluster} ${cluster}.old (nothing has been deleted).`;
  const file = path.join(cluster, 'PG_VERSION');
  const major = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim() : '';
  if (!/^\d+$/.test(major) || !fs.existsSync(path.join(cluster, 'global', 'pg_control'))) {
    throw new Error(
      `The PostgreSQL data in ${cluster} is damaged: PG_VERSION or global/pg_control is missing. ${away}`,
    );
  }
  const wanted = version.split('.')[0];
  if (major !== wanted) {
    throw new Error(
      `The data in ${cluster} was written by PostgreSQL ${major}; the installed one is ${wanted}. ` +
        `To keep it, dump it with pg_dump ${major} and load it into a new folder. ${away}`,
    );
  }
}

export function readSettings(cluster: string): ClusterSettings | undefined {
  try {
    const value = JSON.parse(fs.readFileSync(path.join(cluster, SETTINGS), 'utf8')) as Partial<ClusterSettings>;
    return typeof value.user === 'string' && typeof value.password === 'string'
      ? (value as ClusterSettings)
      : undefined;
  } catch {
    return undefined;
  }
}

export function writeSettings(cluster: string, settings: ClusterSettings, account: ServerAccount | undefined): void {
  const file = path.join(cluster, SETTINGS);
  fs.writeFileSync(`${file}.new`, JSON.stringify(settings), { mode: 0o600 });
  own(account, `${file}.new`);
  fs.renameSync(`${file}.new`, file);
}

function runInitdb(initdb: string, args: string[], cwd: string, account: ServerAccount | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(initdb, args, { cwd, ...account, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const cure = 'Set DATABASE_URL to a PostgreSQL server of yours if this cannot be fixed.';
    child.once('error', (error) => reject(new Error(`initdb could not run: ${error.message}. ${cure}`)));
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`initdb ended with ${code}: ${output.trim().slice(-800)}. ${cure}`)),
    );
  });
}

/** Creates the data folder in one step: an interrupted creation leaves only a folder with another name. */
export async function createCluster(
  cluster: string,
  settings: ClusterSettings,
  binaries: PostgresBinaries,
  account: ServerAccount | undefined,
): Promise<void> {
  const parent = path.dirname(cluster);
  const unfinished = `${path.basename(cluster)}.creating`;
  for (const name of fs.readdirSync(parent).filter((name) => name.startsWith(unfinished))) {
    fs.rmSync(path.join(parent, name), { recursive: true, force: true });
  }
  const partial = path.join(parent, unfinished);
  const passwordFile = path.join(parent, `${unfinished}.password`);
  fs.mkdirSync(partial, { mode: 0o700 });
  own(account, partial);
  fs.writeFileSync(passwordFile, `${settings.password}\n`, { mode: 0o600 });
  own(account, passwordFile);
  // The built-in locale sorts alike on every machine; a system's own may be missing or change with its C library.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = ['--auth=scram-sha-256', `--username=${settings.user}`, `--pwfile=${passwordFile}`];
  try {
    await runInitdb(binaries.initdb, [`--pgdata=${partial}`, ...access, ...locale], parent, account);
  } finally {
    fs.rmSync(passwordFile, { force: true });
  }
  writeSettings(partial, settings, account);
  fs.renameSync(partial, cluster);
}
