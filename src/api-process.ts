import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { createApp } from './api/app.js';
import { createClientAddress } from './api/access/client-address.js';
import { createCredentials } from './api/access/credentials.js';
import { isCampaignUpload, UPLOAD_MS } from './api/requests/campaign-csv.js';
import { createHttpServer } from './api/http-server.js';
import { createGoogleService } from './api/google-service.js';
import { createTokenVerifier } from './api/access/oauth-tokens.js';
import { createPassSigner } from './api/pass-file.js';
import { createRateLimiter } from './api/access/rate-limit.js';
import { createRefusalLog } from './api/refusals/refusal-log.js';
import type { PartHealth } from './api/route.js';
import { checkBeforeListening } from './check-at-start.js';
import type { ApiConfig } from './config.js';
import { registerDatabaseMetrics } from './database-metrics.js';
import { connectDatabase } from './database/connect.js';
import { createAcceptance } from './database/operations/accept-together.js';
import { createSecretBox } from './database/secret-box.js';
import { createTenantReaders } from './database/tenants/tenant-readers.js';
import { createAnnouncer } from './database/acceptance-channel.js';
import type { DemoEntry } from './pages/front-page.js';
import { startMetricsServer, type MetricsServer } from './metrics-server.js';

export interface RunningApi {
  port: number;
  /** Null: the settings ask for no metrics. */
  metricsPort: number | null;
  /** Is unready for the drain time, stops accepting, lets running requests finish (10 s at most), then closes all. */
  stop(): Promise<void>;
}

/** A delivery is small; a sender that takes longer holds a connection for nothing. */
const REQUEST_TIMEOUT_MS = 15_000;
/** Longer than the idle time-out of common load balancers (60 s), so that they never meet a connection being closed. */
const KEEP_ALIVE_MS = 65_000;
const FINISH_MS = 10_000;
/** Node looks for slow requests every 30 s otherwise. */
const TIMEOUT_CHECK_MS = 1_000;
const TEMPORAL_CHECK_MS = 1_000;
/** `TASK_QUEUE_TYPE_WORKFLOW` of Temporal's API. */
const WORKFLOW_TASKS = 1;

export interface ApiSurroundings {
  /** Absent: every address. */
  host?: string;
  demo?: DemoEntry;
}

/** Composes the HTTP process from its settings and listens. */
export async function startApi(config: ApiConfig, log: Logger, around: ApiSurroundings = {}): Promise<RunningApi> {
  const { host, demo } = around;
  const now = Date.now;
  const database = connectDatabase({
    url: config.databaseUrl,
    poolMax: config.databasePoolMax,
    applicationName: 'passrelay-api',
  });
  const tokens = config.oauth && createTokenVerifier(config.oauth, now);
  const credentials = createCredentials({ database, now, log, tokens });
  const rateLimiter = createRateLimiter({ database, now, log });
  const refusals = createRefusalLog({ database, now, log });
  // Lazy: the API accepts and starts without Temporal; only its health asks.
  const { address, apiKey, tls, metadata } = config.temporal.connectionOptions;
  const temporal = Connection.lazy({
    connectTimeout: TEMPORAL_CHECK_MS,
    ...(address !== undefined && { address }),
    ...(apiKey !== undefined && { apiKey }),
    ...(tls !== undefined && { tls }),
    ...(metadata !== undefined && { metadata: metadata as Record<string, string> }),
  });
  const { namespace, taskQueue } = config.temporal;
  /** Temporal remembers for some minutes who polled: an empty list means that no worker is polling. */
  const engineHealth = (): Promise<Record<string, PartHealth>> =>
    temporal
      .withDeadline(Date.now() + TEMPORAL_CHECK_MS, () =>
        temporal.workflowService.describeTaskQueue({
          namespace,
          taskQueue: { name: taskQueue },
          taskQueueType: WORKFLOW_TASKS,
        }),
      )
      .then(({ pollers }): Record<string, PartHealth> => {
        const nobody = !pollers || pollers.length === 0;
        const workers: PartHealth = nobody
          ? { state: 'degraded', detail: `No worker asks for tasks of the queue "${taskQueue}"` }
          : { state: 'ok' };
        return { temporal: { state: 'ok' }, workers };
      })
      .catch(() => ({
        temporal: { state: 'degraded', detail: 'Temporal does not answer; requests are accepted and wait' },
      }));

  async function closeParts(): Promise<void> {
    await Promise.all([credentials.close(), rateLimiter.close(), refusals.close(), metricsServer?.stop()]);
    await temporal.close();
    await database.close();
  }
  const metrics = config.metrics && new Registry();
  if (metrics) registerDatabaseMetrics(metrics, { database, now });
  let metricsServer: MetricsServer | null = null;
  const secretBox = createSecretBox({ keys: config.secretKeys });
  await checkBeforeListening(database, secretBox, log).catch(async (error: unknown) => {
    await closeParts();
    throw error;
  });
  let stopping = false;
  const app = createApp({
    installation: config.environment,
    database,
    log,
    now,
    publicUrl: config.publicUrl,
    tokenUrl: config.oauth?.tokenUrl ?? null,
    ...(demo && { demo }),
    temporalUi:
      config.temporalUiUrl === null ? null : { url: config.temporalUiUrl, namespace: config.temporal.namespace },
    credentials,
    rateLimiter,
    refusals,
    clientAddress: createClientAddress({ trustedProxies: config.trustedProxies, log }),
    secretBox,
    passSigner: createPassSigner({
      database,
      secretBox,
      readers: createTenantReaders(database, now),
      publicUrl: config.publicUrl,
      now,
    }),
    google: createGoogleService({
      database,
      secretBox,
      callbackKeysUrl: config.googleCallbackKeysUrl,
      saveUrl: config.googleSaveUrl,
      publicUrl: config.publicUrl,
      now,
    }),
    accept: createAcceptance(database),
    notifyAccepted: createAnnouncer(database),
    ...(metrics && { metrics }),
    isStopping: () => stopping,
    health: engineHealth,
  });
  const server = createHttpServer(app.callback(), config, {
    requestTimeout: REQUEST_TIMEOUT_MS,
    uploads: { are: isCampaignUpload, ms: UPLOAD_MS },
    headersTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    maxConnections: config.maxConnections,
    trustedProxies: config.trustedProxies,
  });

  async function stop(): Promise<void> {
    stopping = true;
    if (server.listening) await pause(config.drainSeconds * 1_000);
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    // Again and again: a connection whose request has just been answered is kept alive otherwise, and delays the stop.
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    const impatience = setTimeout(() => server.closeAllConnections(), FINISH_MS);
    await closed;
    clearInterval(idle);
    clearTimeout(impatience);
    await closeParts();
  }

  try {
    if (metrics && config.metrics) metricsServer = await startMetricsServer(metrics, config.metrics);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: config.port, ...(host !== undefined && { host }) }, () => resolve());
    });
  } catch (error) {
    await stop();
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(`Port ${config.port} is in use: stop what uses it, or set PORT to another one.`, { cause: error });
  }
  const { port } = server.address() as AddressInfo;
  const metricsPort = metricsServer?.port ?? null;
  log.info({ port, metricsPort, publicUrl: config.publicUrl }, 'accepting requests');
  return { port, metricsPort, stop };
}
