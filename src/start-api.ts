import { startApi } from './api-process.js';
import { parseApiConfig } from './config.js';
import { createLogger } from './logging.js';
import { startTracing } from './tracing/start-tracing.js';

async function main(): Promise<void> {
  const config = parseApiConfig();
  const pretty = config.environment === 'development' && process.stdout.isTTY === true;
  const log = createLogger({ level: config.logLevel, pretty });
  const tracing = await startTracing(config.tracing, 'passrelay-api', log);
  const api = await startApi(config, log);
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping: running requests finish first');
    const stopped = api.stop().finally(() => tracing?.stop());
    stopped.then(
      () => process.exit(0),
      (err: unknown) => {
        log.error({ err }, 'did not stop in order');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
