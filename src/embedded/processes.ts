import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** Tells whether a process with this id exists, of any user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return !isZombie(pid);
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}

// In a container whose first process reaps nothing, a killed server stays a zombie for ever.
function isZombie(pid: number): boolean {
  return /\) Z /.test(readProc(pid, 'stat') ?? '');
}

function ps(pid: number, column: string): string | undefined {
  const result = spawnSync('ps', ['-ww', '-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8', timeout: 5_000 });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

/** The command line of a process (arguments separated by spaces), or undefined when it cannot be known. */
export function commandLine(pid: number): string | undefined {
  if (process.platform === 'linux') return readProc(pid, 'cmdline')?.replaceAll('\0', ' ').trim();
  return process.platform === 'win32' ? undefined : ps(pid, 'command');
}

/** A text that tells this process from a later one with the same id: its start time. */
export function startMark(pid: number): string | undefined {
  if (process.platform === 'linux') {
    // Field 22 counted behind the command name, which may itself hold spaces and parentheses.
    return readProc(pid, 'stat')
      ?.replace(/^.*\) /s, '')
      .split(' ')[19];
  }
  return process.platform === 'win32' ? undefined : ps(pid, 'lstart');
}

/** Waits until the process is gone; false when it is still there after `timeoutMs`. */
export async function waitUntilGone(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(pid)) {
    if (Date.now() > deadline) return false;
    await wait(50);
  }
  return true;
}

/** Sends the signals one after the other, each with its time to work, until the process is gone. */
export async function endProcess(pid: number, signals: readonly [NodeJS.Signals, number][]): Promise<boolean> {
  for (const [signal, timeoutMs] of signals) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true;
      throw error;
    }
    if (await waitUntilGone(pid, timeoutMs)) return true;
  }
  return !isAlive(pid);
}
