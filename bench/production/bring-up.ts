import { BUILDS, setCurrentBuild, WORKERS } from './builds.js';
import { PORTS } from './settings.js';
import type { Topology } from './topology.js';

/** Starts everything in the order of the guide. */
export async function bringUp(topology: Topology, say: (line: string) => void): Promise<void> {
  const { postgres, temporal } = topology;
  const parts: [string, () => Promise<unknown>][] = [
    [
      'PostgreSQL',
      async () => {
        await postgres.initialise();
        await postgres.start();
        await postgres.createDatabases();
      },
    ],
    [
      "Temporal's schema, server and namespace",
      async () => {
        await temporal.applySchema();
        await temporal.start();
        await temporal.createNamespace();
      },
    ],
    ['migrations', () => topology.migrate()],
    ['codec server', () => topology.startCodecServer()],
    [
      'workers',
      async () => {
        for (let slot = 0; slot < WORKERS; slot++) await topology.startWorker(slot, BUILDS.old);
        await setCurrentBuild(topology, BUILDS.old);
      },
    ],
    [
      'APIs behind the proxy',
      async () => {
        for (const index of PORTS.apis.keys()) await topology.startApi(index);
        await topology.startProxy();
        await topology.untilProxied();
      },
    ],
    ['Prometheus', () => topology.startPrometheus()],
  ];
  for (const [name, start] of parts) {
    const begun = performance.now();
    await start();
    say(`  ${name}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  }
}
