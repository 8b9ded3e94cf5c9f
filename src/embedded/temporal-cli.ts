import * as fs from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { claim } from './folder-lock.js';
import { startProgress, type Log } from './progress.js';
import { cacheFolder, findOnPath, runCommand, type Environment } from './run-command.js';
import { downloadBySdk } from './sdk-download.js';

/** Server 1.29.1; from 1.6 on, the CLI's go.mod holds a `replace`, which `go install` refuses. */
export const CLI_VERSION = '1.5.1';

const MODULE = `github.com/temporalio/cli/cmd/temporal@v${CLI_VERSION}`;
const GO_MINOR = 25;
const BUILD_MS = 30 * 60_000;

export interface TemporalCli {
  path: string;
  /** Where it was found: PATH, cache, download or build. */
  source: 'PATH' | 'cache' | 'download' | 'build';
  /** First line of `temporal --version`. */
  version: string;
}

export interface FindTemporalCliOptions {
  /** Folder of the cache; `passrelay` in the user's cache folder when not given. */
  cacheDir?: string;
  env?: Environment;
  log: Log;
}

interface Search {
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

const cached = ({ folder }: Search) => path.join(folder, process.platform === 'win32' ? 'temporal.exe' : 'temporal');

async function keep(search: Search, file: string, source: TemporalCli['source']): Promise<TemporalCli | undefined> {
  if (!fs.existsSync(file) || !(await versionOf(file, search.env))) return undefined;
  fs.chmodSync(file, 0o755);
  fs.renameSync(file, cached(search));
  return usable(cached(search), source, search.env);
}

async function download(search: Search, work: string): Promise<TemporalCli | undefined> {
  const progress = startProgress({ label: 'Downloading the Temporal CLI', log: search.log });
  const onBytes = (bytes: number) => progress.note(`${Math.round(bytes / 1e6)} MB`);
  const folder = path.join(work, 'download');
  const version = `v${CLI_VERSION}`;
  const result = await downloadBySdk({ kind: 'cli', version, folder, env: search.env, onBytes });
  const found = 'file' in result ? await keep(search, result.file, 'download') : undefined;
  progress.end(found && 'Downloaded the Temporal CLI');
  const reason = 'reason' in result ? result.reason : 'the downloaded file does not run';
  if (!found) search.tried.push(`the SDK's download: ${reason}`);
  return found;
}

async function build(search: Search, work: string): Promise<TemporalCli | undefined> {
  const go = findOnPath('go', search.env);
  const asked = go && (await runCommand(go, ['version'], { env: search.env, timeoutMs: 30_000 }));
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(asked ? asked.output : '') ?? [];
  if (!go || Number(major) !== 1 || Number(minor) < GO_MINOR) {
    const what = go ? `found Go ${major ?? '?'}.${minor ?? '?'}` : 'no go on PATH';
    search.tried.push(`go install: ${what}, needs Go 1.${GO_MINOR} or newer`);
    return undefined;
  }
  const bin = path.join(work, 'bin');
  search.log('Building the Temporal CLI with Go: once, about five minutes on two cores.');
  const progress = startProgress({ label: 'Building the Temporal CLI', log: search.log });
  const result = await runCommand(go, ['install', MODULE], {
    env: { ...search.env, GOBIN: bin, GOFLAGS: '' },
    timeoutMs: BUILD_MS,
    onLine: (line) => progress.note(line.slice(0, 80)),
  });
  const found = result.ok ? await keep(search, path.join(bin, path.basename(cached(search))), 'build') : undefined;
  progress.end(found && 'Built the Temporal CLI');
  if (!found) search.tried.push(`go install ${MODULE}: ${result.ok ? 'what it built does not run' : result.reason}`);
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
        if (!/is in use by process/.test((error as Error).message)) throw error;
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
    const meanwhile = await usable(cached(search), 'cache', search.env);
    if (meanwhile) return meanwhile;
    fs.rmSync(work, { recursive: true, force: true });
    return (await download(search, work)) ?? (await build(search, work));
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
    release();
  }
}

/**
 * Finds the Temporal CLI, which holds the development server: on PATH, in our cache, by the SDK's download, by
 * `go install`. The last two fill the cache; two processes never do so at once.
 *
 * @throws Error that names all that was tried with each reason, and what to install.
 */
export async function findTemporalCli(options: FindTemporalCliOptions): Promise<TemporalCli> {
  const { env = process.env, log } = options;
  const folder = path.join(options.cacheDir ?? cacheFolder(env, homedir()), 'temporal', CLI_VERSION);
  const search: Search = { env, folder, log, tried: [] };
  const onPath = findOnPath('temporal', env);
  const first = onPath && (await usable(onPath, 'PATH', env));
  if (first) return first;
  search.tried.push(onPath ? `${onPath} on PATH: it does not run` : 'temporal on PATH: not there');
  const second = await usable(cached(search), 'cache', env);
  if (second) return second;
  search.tried.push(`the cache ${cached(search)}: ${fs.existsSync(cached(search)) ? 'it does not run' : 'empty'}`);
  const fetched = await fetchCli(search);
  if (fetched) return fetched;
  throw new Error(
    `No Temporal server can be started. Tried:\n${search.tried.map((each) => `  - ${each}`).join('\n')}\n` +
      'Install the Temporal CLI (https://docs.temporal.io/cli), or Go 1.25 or newer, or set TEMPORAL_ADDRESS to a server.',
  );
}
