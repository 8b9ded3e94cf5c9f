import { readFileSync, statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { startProduct, type ProductProcess } from '../processes.js';

const READY_MS = 120_000;

/** One API or worker of the product, which ends and comes back during the drill. */
export interface Member {
  readonly name: string;
  /** Without a goodbye. */
  kill(): Promise<void>;
  /** In order, as an orchestrator would. */
  stop(): Promise<void>;
  /** Resolves when it works. */
  start(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

export interface MemberOptions {
  name: string;
  entry: 'src/start-api.ts' | 'src/start-worker.ts';
  env: Record<string, string>;
  folder: string;
}

/** What each writes into its log once it works. */
const WORKS = { 'src/start-api.ts': '"accepting requests"', 'src/start-worker.ts': '"working"' };

export function createMember({ name, entry, env, folder }: MemberOptions): Member {
  let running: ProductProcess | null = null;
  const signal = (which: NodeJS.Signals): void => {
    if (running) process.kill(running.pid, which);
  };

  return {
    name,
    async start() {
      const started = startProduct(entry, env, folder, name);
      running = started;
      const from = statSync(started.logFile).size;
      const deadline = Date.now() + READY_MS;
      while (!readFileSync(started.logFile).subarray(from).includes(WORKS[entry])) {
        if (Date.now() > deadline) throw new Error(`${name} does not work ${READY_MS / 1000} s after its start`);
        await pause(100);
      }
    },
    async kill() {
      await running?.kill();
      running = null;
    },
    async stop() {
      await running?.stop();
      running = null;
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
  };
}
