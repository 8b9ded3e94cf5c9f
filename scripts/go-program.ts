import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { startProgress, type Log } from '../src/embedded/progress.js';
import { cacheFolder, findOnPath, runCommand } from '../src/embedded/run-command.js';

const BUILD_MS = 45 * 60_000;

/** A program that is a Go module, at the version that we tried. */
export interface GoProgram {
  /** Of the file that Go builds. */
  name: string;
  module: string;
  version: string;
  /** What the build takes on two cores, for whoever waits. */
  minutes: number;
}

/** A program that cannot be had here; the message says how to get it. */
export class MissingProgram extends Error {
  override name = 'MissingProgram';
}

/** Runs `go` away from any module of ours; throws `MissingProgram` without Go, and Go's own words where it fails. */
export async function runGo(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const go = findOnPath('go', process.env);
  if (!go) throw new MissingProgram('go is not on PATH: https://go.dev/dl');
  const result = await runCommand(go, args, { env: { ...process.env, ...env }, cwd: homedir(), timeoutMs: BUILD_MS });
  if (!result.ok) throw new MissingProgram(`go ${args.join(' ')}: ${result.reason}`);
  return result.output;
}

/** The program from our cache folder, built there at the first call. */
export async function findGoProgram({ name, module, version, minutes }: GoProgram, log: Log): Promise<string> {
  const folder = path.join(cacheFolder(process.env, homedir()), name, version);
  const file = path.join(folder, process.platform === 'win32' ? `${name}.exe` : name);
  if (existsSync(file)) return file;
  const progress = startProgress({ label: `Building ${name} ${version} with Go, once, about ${minutes} min`, log });
  try {
    await runGo(['install', `${module}@${version}`], { GOBIN: folder, GOFLAGS: '' });
    progress.end(`Built ${name}`);
    return file;
  } catch (error) {
    progress.end();
    throw error;
  }
}
