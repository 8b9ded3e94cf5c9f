import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ActivityDeps } from '../../src/activities/deps.js';
import type { TestDatabase } from './database.js';

/**
 * Where the work of a tenant is when its worker dies: around a step, at its third push, at a push that is retried, or where
 * a provider has taken what a step sent and the step does not know it yet.
 */
export interface CrashPlace {
  tenantId: string;
  when: 'before' | 'after' | 'inside' | 'second attempt' | 'unanswered';
  step: string;
}

/** Where the stand-ins of providers listen that a crashing worker is to use. */
export interface CrashProviders {
  google: { apiUrl: string; tokenUrl: string };
  klaviyo: { url: string };
}

const crashingWorker = fileURLToPath(new URL('./crashing-worker.ts', import.meta.url));

/** Where the pushes of all workers are counted, dead ones included. */
export async function createPushLog(test: TestDatabase): Promise<void> {
  await test.owner('create table test_pushes (tenant_id text, token text); grant all on test_pushes to passrelay_app');
}

/** Delivers and counts every push. */
export const loggedPushes = (test: TestDatabase): Pick<ActivityDeps, 'apple'> => ({
  apple: {
    async push({ tenantId, pushToken }) {
      await test.owner('insert into test_pushes (tenant_id, token) values ($1, $2)', [tenantId, pushToken]);
      return { kind: 'delivered', apnsId: 'second' };
    },
  },
});

/** Runs a worker until all work is at its place, and kills it; what its dispatcher had claimed is free again. */
export async function crash(
  test: TestDatabase,
  taskQueue: string,
  places: readonly CrashPlace[],
  providers: CrashProviders | null = null,
): Promise<void> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', crashingWorker, test.url, taskQueue, JSON.stringify(places), JSON.stringify(providers)],
    { stdio: 'inherit' },
  );
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  assert.equal(signal, 'SIGKILL', 'the first worker must have died at the chosen places');
  // The leases of the dead dispatcher must not hold the drill up; what they guard is tested elsewhere.
  await test.owner(`update operations set dispatch_after = now() where ended_at is null`);
  await test.owner('update bursts set lease_until = now() where lease_until is not null');
}
