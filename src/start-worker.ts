import { parseWorkerConfig } from './config.js';
import { createLogger } from './logging.js';
import { startTracing } from './tracing/start-tracing.js';
import { workflowBundle } from './worker/workflow-bundle.js';
import { installTemporalRuntime, startWorkerProcess } from './worker-process.js';

async function main(): Promise<void> {
  const config = parseWorkerConfig();
  const pretty = config.environment === 'development' && process.stdout.isTTY === true;
  const log = createLogger({ level: config.logLevel, pretty });
  installTemporalRuntime(log);
  const stopping = new AbortController();
  const told = new Promise<void>((resolve) => {
    const stop = (signal: NodeJS.Signals): void => {
      if (stopping.signal.aborted) return;
      log.info({ signal }, 'stopping: running steps finish first');
      stopping.abort();
      resolve();
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
  const tracing = await startTracing(config.tracing, 'passrelay-worker', log);
  const bundle = await workflowBundle(tracing !== null);
  const around = { signal: stopping.signal, tracing };
  const worker = await startWorkerProcess(config, log, bundle, around).catch((error: unknown) => {
    if (stopping.signal.aborted) return null;
    throw error;
  });
  if (worker === null) return;
  try {
    await Promise.race([told, worker.ended]);
  } finally {
    await worker.stop();
    await tracing?.stop();
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
