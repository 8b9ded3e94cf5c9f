import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, type WorkflowBundleOption } from '@temporalio/worker';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { createActivities } from './activities/index.js';
import { checkBeforeWorking } from './check-at-start.js';
import type { WorkerConfig } from './config.js';
import { registerDatabaseMetrics } from './database-metrics.js';
import { connectDatabase } from './database/connect.js';
import { findPayloadKey } from './database/payload-keys.js';
import { createSecretBox } from './database/secret-box.js';
import { openWebhookSecrets } from './database/merchants/webhook-endpoints.js';
import { createTenantReaders } from './database/tenants/tenant-readers.js';
import { listenForAccepted } from './database/acceptance-channel.js';
import { startDispatcher } from './dispatch/dispatcher.js';
import { startRetention } from './dispatch/retention-loop.js';
import { createMerchantSender } from './merchants/send.js';
import { startMetricsServer } from './metrics-server.js';
import type { Tracing } from './tracing/start-tracing.js';
import { createAppleNotifier } from './worker/apple-notifier.js';
import { connectionTuning } from './worker/connection-tuning.js';
import { createWorker, type WorkerPair } from './worker/create-worker.js';
import { encryptingDataConverter } from './worker/encrypting-codec.js';
import { createGoogleAccess } from './worker/google-access.js';
import { createKlaviyoConnections } from './worker/klaviyo-connections.js';
import { recoverEngine } from './worker/recover-engine.js';
import { countPushes, createStepMeter, measureSteps } from './worker/step-metrics.js';

export interface RunningWorker {
  /** Null: the settings ask for no metrics. */
  metricsPort: number | null;
  /** Settles when the worker has ended; rejects when it ended by a fault. */
  ended: Promise<void>;
  /** Starts no more workflows, lets running steps finish, then closes what they used. */
  stop(): Promise<void>;
}

const CONNECT_RETRY_MS = 2_000;

const LONGEST_REASON = 300;
const reasonOf = (error: unknown): string | undefined =>
  error instanceof Error ? error.message.slice(0, LONGEST_REASON) : undefined;

/** Sends the SDK's own log through ours, and keeps its signal handlers from stopping a worker behind our back. */
export function installTemporalRuntime(log: Logger): void {
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('WARN', ({ level, message, meta }) =>
      log[levels[level]](
        {
          temporal: {
            workflowId: meta?.['workflowId'],
            runId: meta?.['runId'],
            activityType: meta?.['activityType'],
            // Of a workflow that cannot go on this says why; it quotes ids and no data.
            reason: reasonOf(meta?.['error']),
          },
        },
        message,
      ),
    ),
    telemetryOptions: { logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } } },
  });
}

/** Connects, again and again while Temporal is away: what is accepted meanwhile waits in the database. */
async function connect(config: WorkerConfig, log: Logger, signal?: AbortSignal): Promise<NativeConnection> {
  for (;;) {
    try {
      return await NativeConnection.connect({ ...connectionTuning, ...config.temporal.connectionOptions });
    } catch (err) {
      signal?.throwIfAborted();
      log.warn({ err, address: config.temporal.connectionOptions.address }, 'Temporal does not answer; trying again');
      await pause(CONNECT_RETRY_MS, undefined, { ...(signal && { signal }) });
    }
  }
}

export interface WorkerSurroundings {
  /** Ends the wait for Temporal. */
  signal?: AbortSignal;
  /** Of the process; with it the bundle is the traced one. */
  tracing?: Tracing | null;
}

/** Composes a worker with its dispatcher from the settings and runs it. */
export async function startWorkerProcess(
  config: WorkerConfig,
  log: Logger,
  workflowBundle: WorkflowBundleOption,
  { signal, tracing }: WorkerSurroundings = {},
): Promise<RunningWorker> {
  const now = Date.now;
  const { namespace, taskQueue } = config.temporal;
  const caPem = config.apnsCaFile === null ? undefined : await readFile(config.apnsCaFile, 'utf8');
  const database = connectDatabase({
    url: config.databaseUrl,
    poolMax: config.databasePoolMax,
    applicationName: 'passrelay-worker',
  });
  const secretBox = createSecretBox({ keys: config.secretKeys });
  let worker: WorkerPair | undefined;
  const metrics = config.metrics && new Registry();
  if (metrics) registerDatabaseMetrics(metrics, { database, now });
  // Before anything is waited for: a probe then hears "not working" instead of a refused connection.
  const isWorking = (): boolean => worker?.isRunning() === true;
  const listening = metrics && config.metrics && startMetricsServer(metrics, config.metrics, isWorking);
  const metricsServer = await Promise.resolve(listening).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  const connection = await checkBeforeWorking(database, secretBox, log, signal)
    .then(() => connect(config, log, signal))
    .catch(async (error: unknown) => {
      await metricsServer?.stop();
      await database.close();
      throw error;
    });
  const dataConverter = encryptingDataConverter({
    keys: config.secretKeys,
    encrypt: config.encryptPayloads,
    findKept: (keyId) => findPayloadKey(database.system, keyId, secretBox),
  });
  const apple = createAppleNotifier({
    database,
    secretBox,
    apnsUrl: config.apnsUrl,
    ...(caPem !== undefined && { caPem }),
    now,
    log,
  });
  const readers = createTenantReaders(database, now);
  const google = createGoogleAccess({
    database,
    secretBox,
    tenantSettings: readers.tenantSettings,
    apiUrl: config.googleWalletApiUrl,
    tokenUrl: config.googleTokenUrl,
    publicUrl: config.publicUrl,
    now,
  });
  const klaviyo = createKlaviyoConnections({
    database,
    secretBox,
    tenantSettings: readers.tenantSettings,
    apiUrl: config.klaviyoApiUrl,
    publicUrl: config.publicUrl,
    log,
    now,
  });
  const merchants = { merchants: createMerchantSender(), webhookSecrets: openWebhookSecrets(secretBox) };
  const stopping = new AbortController();
  const close = async (): Promise<void> => {
    await metricsServer?.stop();
    await apple.close();
    await connection.close();
    await database.close();
  };
  try {
    const counted = { apple: metrics ? countPushes(metrics, apple) : apple };
    const measureStep = metrics && createStepMeter(metrics);
    await recoverEngine(connection, namespace, database.system, log);
    const started = await createWorker({
      connection,
      namespace,
      taskQueue,
      workflowBundle,
      dataConverter,
      version: config.workerVersion,
      activities: createActivities({
        installation: config.environment,
        database,
        ...readers,
        ...counted,
        google,
        klaviyo,
        ...merchants,
        ...(measureStep && { measureStep }),
        now,
        stopping: stopping.signal,
      }),
      database,
      log,
      tracing: tracing?.engine ?? null,
      ...(metrics && measureStep && { stepInterceptors: [measureSteps(metrics, measureStep)] }),
    });
    worker = started;
    // The dispatcher shares the worker's connection: only so can a workflow's first task come straight back.
    const client = new Client({
      ...{ connection, namespace, dataConverter },
      ...(tracing && { interceptors: { workflow: tracing.engine.clientInterceptors } }),
    });
    const dispatcher = startDispatcher({
      database,
      client,
      log,
      taskQueue,
      // An eager start lands on this worker's own build, whichever is current.
      eager: config.workerVersion === null,
      repair: () => recoverEngine(connection, namespace, database.system, log),
    });
    const channel = listenForAccepted(config.databaseUrl, () => dispatcher.nudge(), log);
    const retention = startRetention({ database, log });
    const ended = started.run();
    // Its failure is reported to whoever awaits it; until then it must not end the process.
    ended.catch(() => undefined);
    const metricsPort = metricsServer?.port ?? null;
    log.info({ taskQueue, namespace, metricsPort }, 'working');
    return {
      metricsPort,
      ended,
      async stop() {
        stopping.abort();
        await channel.stop();
        await dispatcher.stop();
        await retention.stop();
        started.shutdown();
        // `ended` reports its failure; the rest is closed all the same.
        await ended.catch(() => undefined);
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
