import { readFileSync, rmSync } from 'node:fs';
import { startTemporal, type RunningTemporal } from '../../src/embedded/temporal.js';
import { SEARCH_ATTRIBUTES } from '../../src/workflows/search-attributes.js';

/** Temporal on one port for the whole drill, with its state in a file. */
export interface EngineServer {
  readonly address: string;
  readonly port: number;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Kills it, removes its state and starts it as a server that knows nothing of ours. */
  loseData(): Promise<void>;
  stop(): Promise<void>;
}

export async function startEngineServer(
  cliPath: string,
  dbFilename: string,
  log: (line: string) => void,
): Promise<EngineServer> {
  const options = { cliPath, dbFilename, headless: true, log };
  let running: RunningTemporal | null = await startTemporal({ ...options, searchAttributes: SEARCH_ATTRIBUTES });
  const { address } = running;
  const port = Number(address.split(':')[1]);
  const stop = async (): Promise<void> => {
    await running?.stop();
    running = null;
  };
  const kill = async (): Promise<void> => {
    const { pid } = JSON.parse(readFileSync(`${dbFilename}.server.json`, 'utf8')) as { pid: number };
    process.kill(pid, 'SIGKILL');
    await stop();
  };
  return {
    address,
    port,
    kill,
    async start() {
      running = await startTemporal({ ...options, port });
    },
    async loseData() {
      await kill();
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${dbFilename}${suffix}`, { force: true });
      running = await startTemporal({ ...options, port });
    },
    stop,
  };
}
