import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

export type Environment = Record<string, string | undefined>;

export interface CommandResult {
  /** True when the command ran and ended with 0. */
  ok: boolean;
  output: string;
  /** Why it is not ok: one line. */
  reason: string;
}

export interface CommandOptions {
  env: Environment;
  cwd?: string;
  /** Milliseconds after which the command is ended. */
  timeoutMs: number;
  /** Called about every second; a text returned ends the command with that reason. */
  watch?: () => string | undefined;
  /** Called with each whole line of output. */
  onLine?: (line: string) => void;
}

const lastLine = (text: string) => text.trim().split('\n').at(-1)?.trim().slice(0, 1_000) ?? '';

// Some faults of the system are thrown at once (ETXTBSY, E2BIG), others come as an event.
function start(command: string, args: readonly string[], env: Environment, cwd: string | undefined) {
  try {
    return spawn(command, [...args], { env: env as NodeJS.ProcessEnv, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    return error as Error;
  }
}

/** Runs a command to its end without a shell; never throws. */
export function runCommand(command: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const { env, cwd, timeoutMs, watch, onLine } = options;
  return new Promise((resolve) => {
    let output = '';
    let stopped = '';
    const child = start(command, args, env, cwd);
    if (child instanceof Error) return resolve({ ok: false, output, reason: child.message });
    const end = (reason: string) => {
      stopped ||= reason;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => end(`no result within ${Math.round(timeoutMs / 1000)} s`), timeoutMs);
    const watcher = setInterval(() => {
      const reason = watch?.();
      if (reason) end(reason);
    }, 1_000);
    const finish = (ok: boolean, reason: string) => {
      clearTimeout(timer);
      clearInterval(watcher);
      resolve({ ok, output, reason });
    };
    for (const stream of [child.stdout, child.stderr]) {
      let begun = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output = (output + chunk).slice(-20_000);
        if (!onLine) return;
        const lines = (begun + chunk).split('\n');
        begun = lines.pop() ?? '';
        for (const line of lines) onLine(line.trim());
      });
    }
    child.once('error', (error) => finish(false, error.message));
    child.once('close', (code) => finish(code === 0, stopped || lastLine(output) || `ended with ${code}`));
  });
}

/** Looks a program up in the folders of PATH. */
export function findOnPath(name: string, env: Environment): string | undefined {
  const names = process.platform === 'win32' ? [`${name}.exe`, `${name}.cmd`] : [name];
  for (const folder of (env['PATH'] ?? '').split(path.delimiter).filter(Boolean)) {
    for (const file of names.map((each) => path.join(folder, each))) {
      try {
        accessSync(file, constants.X_OK);
        if (statSync(file).isFile()) return file;
      } catch {
        continue;
      }
    }
  }
  return undefined;
}

/** Our folder below the user's cache folder (XDG_CACHE_HOME, else ~/.cache). */
export function cacheFolder(env: Environment, fallbackHome: string): string {
  return path.join(env['XDG_CACHE_HOME'] || path.join(env['HOME'] || fallbackHome, '.cache'), 'passrelay');
}
