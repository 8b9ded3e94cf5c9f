import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Holder {
  ready: { url: string; address: string };
  /** kill -9 of the whole process group, as a terminal or a container run-time does it. */
  kill(): Promise<void>;
}

const SCRIPT = fileURLToPath(new URL('./hold-servers.ts', import.meta.url));

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    let errors = '';
    child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve(text);
    });
    child.once('exit', () => reject(new Error(`The process ended before it was ready: ${errors}`)));
  });
}

/** Runs the servers in a process of their own, in a process group of its own. */
export async function holdServers(...args: string[]): Promise<Holder> {
  const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ready = JSON.parse(await firstLine(child)) as Holder['ready'];
  return {
    ready,
    async kill() {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
      await gone;
    },
  };
}
