import { startApi } from '../api-process.js';
import type { ApiConfig, DemoConfig, TemporalConfig, WorkerConfig } from '../config.js';
import { migrate } from '../database/migrate.js';
import { freePort, isPortFree } from '../embedded/free-port.js';
import { startPostgres } from '../embedded/postgres.js';
import type { Log } from '../embedded/progress.js';
import { findTemporalCli } from '../embedded/temporal-cli.js';
import { startTemporal } from '../embedded/temporal.js';
import { createLogger } from '../logging.js';
import { startTracing } from '../tracing/start-tracing.js';
import { cachedWorkflowBundle } from '../worker/bundle-cache.js';
import { installTemporalRuntime, startWorkerProcess } from '../worker-process.js';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.js';
import { createApiCalls } from './api-calls.js';
import { createDemoFile, openDataFolder, openLogFile } from './data-folder.js';
import { demoKlaviyoKey, demoSecretKeys, prepareTenant } from './demo-data.js';
import type { JourneyContext } from './journey.js';
import { setUpKlaviyo } from './klaviyo-set-up.js';
import { registerMerchant } from './merchant-endpoint.js';
import type { Printer } from './printer.js';
import type { Shutdown } from './shutdown.js';
import { databaseAddress, reachDatabase, reachTemporal } from './reach-servers.js';
import { startSimulators } from './simulators.js';

const HOST = '127.0.0.1';
const DEFAULT_PORT = 8080;

async function choosePort(asked: number | null, print: Printer): Promise<number> {
  if (asked !== null && asked !== 0) {
    if (await isPortFree(asked)) return asked;
    throw new Error(`Port ${asked} is in use: stop what uses it, or set PORT to another one.`);
  }
  const port = await freePort(asked === null ? [DEFAULT_PORT] : []);
  if (asked === null && port !== DEFAULT_PORT) {
    print.line(
      `Port ${DEFAULT_PORT} is in use by another program; the API takes ${port} this time (PORT chooses one).`,
    );
  }
  return port;
}

/** PostgreSQL with the current schema: the one of the settings, or our own. */
async function startDatabase(config: DemoConfig, folder: string, print: Printer, shutdown: Shutdown): Promise<string> {
  const start = async (log: Log): Promise<string> => {
    if (config.databaseUrl !== null) {
      await reachDatabase(config.databaseUrl);
      return config.databaseUrl;
    }
    const postgres = await startPostgres({ dataDir: folder, log });
    shutdown.add('PostgreSQL', postgres.stop);
    return postgres.url;
  };
  const url = await print.step('PostgreSQL', start, databaseAddress);
  shutdown.signal.throwIfAborted();
  await print.step(
    'Migrations',
    () => migrate(url),
    ({ applied }) => (applied.length === 0 ? 'the schema is up to date' : `${applied.length} applied`),
  );
  return url;
}

/** Temporal: the cluster of the settings, or the development server with its state in the data folder. */
async function startEngine(
  config: DemoConfig,
  dbFilename: string,
  print: Printer,
  shutdown: Shutdown,
): Promise<{ temporal: TemporalConfig; uiUrl: string | null }> {
  const start = async (log: Log): Promise<{ temporal: TemporalConfig; uiUrl: string | null }> => {
    if (config.temporal) {
      await reachTemporal(config.temporal);
      return { temporal: config.temporal, uiUrl: config.temporalUiUrl };
    }
    const cli = await findTemporalCli({ log });
    const server = await startTemporal({ cliPath: cli.path, dbFilename, searchAttributes: SEARCH_ATTRIBUTES, log });
    shutdown.add('Temporal', server.stop);
    const { address, namespace } = server;
    return {
      temporal: { connectionOptions: { address }, namespace, taskQueue: config.taskQueue },
      uiUrl: config.temporalUiUrl ?? server.uiUrl ?? null,
    };
  };
  return print.step('Temporal', start, ({ temporal, uiUrl }) =>
    [temporal.connectionOptions.address, uiUrl && `Web UI ${uiUrl}`].filter(Boolean).join(', '),
  );
}

/** Starts everything, in the order in which one thing needs another, and says so in demo.json. */
export async function startEverything(config: DemoConfig, print: Printer, shutdown: Shutdown): Promise<JourneyContext> {
  const { signal } = shutdown;
  print.heading('Starting Passrelay');
  const data = openDataFolder(config.dataDir);
  shutdown.add(null, data.release);
  const port = await choosePort(config.port, print);
  const demoFile = createDemoFile(data);
  demoFile.remove();
  const logFile = openLogFile(data);
  const log = createLogger({ level: config.logLevel, pretty: false, destination: logFile });
  shutdown.add(null, logFile.close);
  installTemporalRuntime(log);
  const tracing = await startTracing(config.tracing, 'passrelay', log);
  if (tracing) shutdown.add(null, tracing.stop);

  const databaseUrl = await startDatabase(config, data.path('postgres'), print, shutdown);
  signal.throwIfAborted();
  const { temporal, uiUrl } = await startEngine(config, data.path('temporal/temporal.db'), print, shutdown);
  signal.throwIfAborted();

  const secretKeys = await demoSecretKeys(config, data.folder);
  const tenant = await print.step(
    'Demo tenant',
    () => prepareTenant(config, databaseUrl, secretKeys, data.folder),
    ({ tenantId, versions }) => `${tenantId}, pass types ${versions.map(({ name }) => name).join(' and ')}, one pass`,
  );
  const simulators = await print.step(
    'Simulators',
    async () => {
      const started = await startSimulators(config, tenant.certificates, data.path('google-simulator.json'));
      shutdown.add('Simulators', started.stop);
      return started;
    },
    (all) =>
      [all.klaviyo && 'Klaviyo', all.apns && 'APNs and an iPhone', all.google && 'Google Wallet', 'a merchant']
        .filter(Boolean)
        .join(', '),
  );
  signal.throwIfAborted();
  const { klaviyo, merchant } = simulators;
  const klaviyoApiKey = demoKlaviyoKey(config);
  if (klaviyoApiKey !== null) {
    const account = { apiUrl: simulators.settings.klaviyoApiUrl, apiKey: klaviyoApiKey };
    const setUp = (): Promise<string> =>
      setUpKlaviyo(databaseUrl, tenant.tenantId, account).catch((error: Error) => {
        if (klaviyo) throw error;
        // Profiles and events need no custom object: the demo goes on without.
        return `no custom object: ${error.message}`;
      });
    await print.step('Klaviyo set-up', setUp, (text) => text);
    signal.throwIfAborted();
  }

  const baseUrl = `http://${HOST}:${port}`;
  const common = {
    ...simulators.settings,
    environment: config.environment,
    logLevel: config.logLevel,
    databasePoolMax: config.databasePoolMax,
    encryptPayloads: config.encryptPayloads,
    // A free port for each: both run in this process.
    metrics: { host: HOST, port: 0 },
    tracing: config.tracing,
    databaseUrl,
    publicUrl: config.publicUrl ?? baseUrl,
    temporal,
    secretKeys,
  };
  const workerConfig: WorkerConfig = { ...common, workerVersion: null };
  const { maxConnections, trustedProxies, oauth } = config;
  const apiConfig: ApiConfig = {
    ...common,
    port,
    drainSeconds: 0,
    maxConnections,
    trustedProxies,
    temporalUiUrl: uiUrl,
    oauth,
  };
  const worker = await print.step(
    'Worker',
    async () => {
      const bundle = await cachedWorkflowBundle(data.path('workflow-bundles'), tracing !== null);
      const running = await startWorkerProcess(workerConfig, log, bundle, { signal, tracing });
      shutdown.add('Worker', running.stop);
      return running;
    },
    () => `task queue ${temporal.taskQueue}`,
  );
  worker.ended.catch((cause: unknown) => shutdown.request(new Error(`The worker ended: ${(cause as Error).message}`)));
  signal.throwIfAborted();
  const api = createApiCalls({ baseUrl, tenantId: tenant.tenantId, apiKeys: tenant.apiKeys, signal });
  await print.step(
    'API',
    async () => {
      const running = await startApi(apiConfig, log, {
        host: HOST,
        demo: { tenantId: tenant.tenantId, serialNumber: tenant.pass.serialNumber },
      });
      shutdown.add('API', running.stop);
      await api.untilReady();
    },
    () => baseUrl,
  );
  await print.step(
    'Merchant',
    () => registerMerchant(api, tenant.tenantId, merchant),
    (url) => `webhooks to ${url}`,
  );
  const file = demoFile.write({
    baseUrl,
    temporalAddress: temporal.connectionOptions.address ?? '',
    temporalUiUrl: uiUrl,
    databaseUrl,
    tenantId: tenant.tenantId,
    accountId: tenant.accountId,
    apiKeys: tenant.apiKeys,
    pass: {
      serialNumber: tenant.pass.serialNumber,
      passTypeIdentifier: tenant.pass.passTypeIdentifier,
      identifiers: tenant.pass.identifiers,
    },
    simulators: {
      klaviyo: klaviyo?.url ?? null,
      apns: simulators.apns?.url ?? null,
      apnsControl: simulators.apns?.controlUrl ?? null,
      google: simulators.google?.url ?? null,
      merchant: merchant.controlUrl,
    },
  });
  shutdown.add(null, demoFile.remove);
  print.line(print.dim(`Addresses and keys for scripts: ${file}. Log: ${logFile.file}`));
  return { print, api, tenant, simulators };
}
