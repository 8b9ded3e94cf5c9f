import { setTimeout as pause } from 'node:timers/promises';
import type { Topology } from './topology.js';

/** Worker Versioning: what the workers of the first start announce, and those of the upgrade. */
export const BUILDS = { old: 'build-1', new: 'build-2' } as const;
/** Workers of one build. */
export const WORKERS = 3;

/** Sends new runs to this build from now on, as the guide says. */
export async function setCurrentBuild({ temporal }: Topology, buildId: string): Promise<void> {
  const args = [
    'worker',
    'deployment',
    'set-current-version',
    '--deployment-name',
    'passrelay',
    '--build-id',
    buildId,
    '--yes',
  ];
  const deadline = Date.now() + 180_000;
  // Temporal knows a build some seconds after its first worker polled.
  for (;;) {
    try {
      await temporal.cli(args);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await pause(1_000);
    }
  }
}

/** Waits until no run is left on a build: its workers are needed until then. */
export async function untilDrained({ temporal }: Topology, buildId: string): Promise<void> {
  const query = `TemporalWorkerDeploymentVersion = 'passrelay:${buildId}' and ExecutionStatus = 'Running'`;
  const deadline = Date.now() + 120_000;
  for (;;) {
    const { count } = JSON.parse(await temporal.cli(['workflow', 'count', '--query', query, '--output', 'json'])) as {
      count?: string;
    };
    // A count of none is left out.
    if (Number(count ?? 0) === 0) return;
    if (Date.now() > deadline) throw new Error(`${count} runs are still on ${buildId}`);
    await pause(1_000);
  }
}
