import { startCodecServer } from './codec-server.js';
import { parseCodecServerConfig } from './config.js';
import { createLogger } from './logging.js';

async function main(): Promise<void> {
  const config = parseCodecServerConfig();
  const server = await startCodecServer(config, createLogger({ level: config.logLevel, pretty: false }));
  await new Promise<void>((resolve) => {
    process.on('SIGTERM', resolve);
    process.on('SIGINT', resolve);
  });
  await server.stop();
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
