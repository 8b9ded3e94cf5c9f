import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import {
  type ActivityInterceptorsFactory,
  bundleWorkflowCode,
  NativeConnection,
  Runtime,
  DefaultLogger,
} from '@temporalio/worker';
import { pino, type Logger } from 'pino';
import { createActivities } from '../../src/activities/index.js';
import type { ActivityDeps } from '../../src/activities/deps.js';
import { startDispatcher, type DispatcherOptions } from '../../src/dispatch/dispatcher.js';
import type { WorkerVersion } from '../../src/settings-reader.js';
import type { EngineTracing } from '../../src/tracing/start-tracing.js';
import { createWorker } from '../../src/worker/create-worker.js';
import { bundleOptions, tracedBundleOptions } from '../../src/worker/workflow-bundle.js';
import type { TestDatabase } from './database.js';
import { createTestDeps } from './deps.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The workflow bundle of these sources, made once for all test files and kept by the hash of what it is made from. */
export async function testBundle(traced = false): Promise<{ codePath: string }> {
  const hash = createHash('sha256');
  for (const file of ['package-lock.json', 'src/worker/workflow-bundle.ts'])
    hash.update(readFileSync(join(root, file)));
  for (const room of ['src/workflows', 'src/passes']) {
    for (const file of readdirSync(join(root, room)).sort())
      hash.update(file).update(readFileSync(join(root, room, file)));
  }
  const folder = join(tmpdir(), 'passrelay-test-bundles');
  const codePath = join(folder, `${hash.digest('hex').slice(0, 20)}${traced ? '-traced' : ''}.js`);
  if (!existsSync(codePath)) {
    mkdirSync(folder, { recursive: true });
    const { code } = await bundleWorkflowCode({
      ...bundleOptions,
      ...(traced && tracedBundleOptions()),
      workflowsPath: join(root, 'src/workflows/index.ts'),
    });
    const partial = `${codePath}.${process.pid}`;
    writeFileSync(partial, code);
    renameSync(partial, codePath);
  }
  return { codePath };
}

let runtimeInstalled = false;

/** Quiet native logs: a test's output is the test's. */
export function installRuntime(): void {
  if (runtimeInstalled) return;
  runtimeInstalled = true;
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
}

export interface TestEngine {
  client: Client;
  taskQueue: string;
  deps: ActivityDeps;
  stop(): Promise<void>;
}

export interface EngineOptions {
  deps?: Partial<ActivityDeps>;
  stepInterceptors?: ActivityInterceptorsFactory[];
  /** Another server than the shared one, e.g. the time-skipping server. */
  address?: string;
  taskQueue?: string;
  dispatch?: boolean;
  version?: WorkerVersion;
  burstShares?: DispatcherOptions['burstShares'];
  dataConverter?: DataConverter;
  /** With it the bundle is the traced one. */
  tracing?: EngineTracing;
  /** Instead of silence. */
  log?: Logger;
}

/** Worker and dispatcher on the real Temporal server, with a task queue of their own. */
export async function startEngine(test: TestDatabase, options: EngineOptions = {}): Promise<TestEngine> {
  installRuntime();
  const address = options.address ?? process.env['TEST_TEMPORAL_ADDRESS'];
  if (!address) throw new Error('TEST_TEMPORAL_ADDRESS is not set: start the tests with npm test');
  const connection = await NativeConnection.connect({ address });
  const { dataConverter } = options;
  const { tracing } = options;
  const client = new Client({
    connection,
    ...(dataConverter && { dataConverter }),
    ...(tracing && { interceptors: { workflow: tracing.clientInterceptors } }),
  });
  const log = options.log ?? pino({ level: process.env['TEST_LOG'] ?? 'silent' });
  const taskQueue = options.taskQueue ?? `test-${randomUUID()}`;
  const deps = createTestDeps(test, options.deps);
  const worker = await createWorker({
    connection,
    namespace: 'default',
    taskQueue,
    workflowBundle: await testBundle(tracing !== undefined),
    tracing: tracing ?? null,
    ...(dataConverter && { dataConverter }),
    activities: createActivities(deps),
    database: test.database,
    log,
    ...(options.version && { version: options.version }),
    ...(options.stepInterceptors && { stepInterceptors: options.stepInterceptors }),
  });
  const running = worker.run();
  const dispatcher =
    options.dispatch === false
      ? null
      : startDispatcher({
          database: test.database,
          client,
          log,
          taskQueue,
          eager: options.version === undefined,
          sweepMs: 50,
          ...(options.burstShares && { burstShares: options.burstShares }),
        });
  return {
    client,
    taskQueue,
    deps,
    async stop() {
      await dispatcher?.stop();
      worker.shutdown();
      await running;
      await connection.close();
    },
  };
}
