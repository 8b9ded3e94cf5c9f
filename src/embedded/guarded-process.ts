import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { endProcess } from './processes.js';

export interface GuardedOptions {
  command: string;
  args: readonly string[];
  cwd: string;
  env?: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
  /** File descriptor that takes the output of the server. */
  output: number;
  /** The signal that asks the server to stop. */
  stopSignal: 'SIGINT' | 'SIGTERM';
}

export interface GuardedProcess {
  /** Process id of the server itself. */
  pid: number;
  /** Settles with the exit code when the server has ended (128 + signal number when a signal ended it). */
  exited: Promise<number>;
  hasExited(): boolean;
  /** Asks the server to stop, and kills it after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

/*
 * The server runs in a session of its own, so that Ctrl-C in the terminal reaches only us and we stop things in order.
 * The shell's second half waits for the end of file on descriptor 3, which comes however we die, kill -9 included.
 */
const GUARD = `
signal=$1; shift
"$@" 3<&- </dev/null & server=$!
echo "$server" >&3
( cat <&3 >/dev/null; kill -s "$signal" "$server" ) >/dev/null 2>&1 & guard=$!
wait "$server"; code=$?
kill "$guard" 2>/dev/null
exit "$code"`;

function readPid(channel: Duplex, child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    channel.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve(Number(text));
    });
    channel.on('error', () => undefined);
    child.once('error', reject);
    child.once('exit', () => reject(new Error('The server ended before it printed its process id.')));
  });
}

/** Starts a server that never outlives this process, whatever ends it. */
export async function startGuarded(options: GuardedOptions): Promise<GuardedProcess> {
  const { command, args, cwd, env = process.env, uid, gid, output, stopSignal } = options;
  const windows = process.platform === 'win32';
  const stdio: StdioOptions = ['ignore', output, output, 'pipe'];
  const child = windows
    ? spawn(command, [...args], { cwd, env, stdio: ['ignore', output, output], windowsHide: true })
    : spawn('/bin/sh', ['-c', GUARD, 'guard', stopSignal.slice(3), command, ...args], {
        cwd,
        env,
        uid,
        gid,
        stdio,
        detached: true,
      });
  let ended = false;
  const exited = new Promise<number>((resolve) => {
    const end = (code: number) => {
      ended = true;
      resolve(code);
    };
    child.once('error', () => end(127));
    child.once('exit', (code, signal) => end(code ?? (signal ? 128 : 1)));
  });
  const channel = child.stdio[3] as Duplex | undefined;
  const pid = windows || !channel ? (child.pid ?? 0) : await readPid(channel, child);
  void exited.then(() => channel?.destroy());
  return {
    pid,
    exited,
    hasExited: () => ended,
    async stop(graceMs) {
      if (!ended) {
        await endProcess(pid, [
          [stopSignal, graceMs],
          ['SIGKILL', 5_000],
        ]);
        await exited;
      }
      channel?.destroy();
    },
  };
}
