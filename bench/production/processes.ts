import { openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startGuarded, type GuardedProcess } from '../../src/embedded/guarded-process.js';
import type { ServerAccount } from '../../src/embedded/postgres-user.js';

export interface Started {
  readonly name: string;
  /** Settles with the exit code. */
  readonly ended: Promise<number>;
  stop(): Promise<void>;
}

export interface StartOptions {
  name: string;
  command: string;
  args: readonly string[];
  env?: Record<string, string>;
  account?: ServerAccount | undefined;
  /** PostgreSQL's fast stop is SIGINT. */
  stopSignal?: 'SIGINT' | 'SIGTERM';
}

const GRACE_MS = 60_000;
const READY_MS = 90_000;

/** Starts programs with a log file each, and nothing of this process's environment but PATH and HOME. */
export function createLauncher(folder: string) {
  const running = new Map<string, GuardedProcess>();
  const logOf = (name: string): string => path.join(folder, `${name}.log`);

  async function start({
    name,
    command,
    args,
    env = {},
    account,
    stopSignal = 'SIGTERM',
  }: StartOptions): Promise<Started> {
    const { PATH = '', HOME = '' } = process.env;
    const child = await startGuarded({
      command,
      args,
      cwd: account ? '/' : folder,
      env: { PATH, HOME, ...env },
      output: openSync(logOf(name), 'a'),
      stopSignal,
      ...account,
    });
    running.set(name, child);
    const stop = async (): Promise<void> => {
      running.delete(name);
      await child.stop(GRACE_MS);
    };
    return { name, stop, ended: child.exited };
  }

  /** Waits until the question is answered; throws with the end of the log where the process ends or never answers. */
  async function untilReady(name: string, ready: () => Promise<unknown>): Promise<void> {
    const deadline = Date.now() + READY_MS;
    for (;;) {
      const failure = await ready().then(
        () => null,
        (error: Error) => error,
      );
      if (failure === null) return;
      if (running.get(name)?.hasExited() || Date.now() > deadline) {
        throw new Error(
          `${name} is not ready (${failure.message}):\n${readFileSync(logOf(name), 'utf8').slice(-2_000)}`,
        );
      }
      await pause(100);
    }
  }

  return { start, untilReady, stopAll: () => Promise.all([...running.values()].map((one) => one.stop(GRACE_MS))) };
}

export type Launcher = ReturnType<typeof createLauncher>;

/** Throws unless the address answers 200. */
export async function answers(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`${url} answers ${response.status}`);
}
